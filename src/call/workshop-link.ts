import type { Reason } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import type { StartTimer } from "../model/responses.ts";
import type { CallLeave, Entered, Watch } from "../workshop/call-report.ts";
import type { WorkshopObject } from "../workshop/workshop-object.ts";
import type { Call } from "./call.ts";
import { CallReports } from "./call-reports.ts";
import type { CallStart } from "./call-start.ts";
import { entryOf, statusOf, summaryOf } from "./call-tally.ts";

/** What a call's workshop is reached by, and what the call keeps of it. */
export interface LinkPorts {
  readonly nowMs: () => number;
  readonly startTimer: StartTimer;
  /** A new one each time: one that has met a dead object stays broken. */
  readonly workshop: () => Pick<DurableObjectStub<WorkshopObject>, "enter" | "report" | "leave">;
  readonly start: () => CallStart;
  readonly watch: Watch;
  readonly keepWatch: (watch: Watch) => void;
  readonly hasLeft: boolean;
  readonly keepLeft: () => void;
  /** Asked so, the workshop did not answer, or not in time. */
  readonly onSilence?: (asked: "enter" | "leave") => void;
}

/** The line from a call to its workshop: may it begin, how it goes for whoever watches, and that it is over. */
export class WorkshopLink {
  readonly #call: Call;
  readonly #ports: LinkPorts;
  readonly #reports: CallReports;
  #hasLeft: boolean;
  #leaving: Promise<boolean> | undefined;

  constructor(call: Call, ports: LinkPorts) {
    this.#call = call;
    this.#ports = ports;
    this.#hasLeft = ports.hasLeft;
    this.#reports = new CallReports(
      call,
      {
        nowMs: ports.nowMs,
        startTimer: ports.startTimer,
        status: () => statusOf(call, ports.start()),
        send: (report) => ports.workshop().report(call.callId, report),
        keepWatch: ports.keepWatch,
      },
      ports.watch,
    );
  }

  /** Asks for room; a reason refuses it. A workshop that does not answer keeps nobody from their own key. */
  async enter(): Promise<Reason | undefined> {
    const start = this.#ports.start();
    const entering = this.#enter(start).catch(() => "unanswered" as const);
    const patience = Promise.withResolvers<"unanswered">();
    const cancel = this.#ports.startTimer(() => patience.resolve("unanswered"), LIMITS.workshopMs);
    const reason = await Promise.race([entering, patience.promise]);
    cancel();
    if (reason !== "unanswered") return reason;
    this.#ports.onSilence?.("enter");
    return start.keySource === "student" ? undefined : "too_many_calls";
  }

  /** Something has happened to the call. */
  changed(): void {
    this.#reports.changed();
  }

  /** The workshop says who watches the call. */
  watch(watch: Watch): void {
    this.#reports.watch(watch);
  }

  /** Says that the call is over, once; false when that could not be said. */
  leave(): Promise<boolean> {
    this.#leaving ??= this.#leave().finally(() => {
      this.#leaving = undefined;
    });
    return this.#leaving;
  }

  async #enter(start: CallStart): Promise<Reason | undefined> {
    const entered: Entered = await this.#ports.workshop().enter(entryOf(start));
    if (!entered.admitted) return entered.reason;
    this.#reports.watch(entered.watch);
    return undefined;
  }

  async #leave(): Promise<boolean> {
    if (this.#hasLeft) return true;
    const start = this.#ports.start();
    const report = await this.#reports.last();
    const last: CallLeave = { entry: entryOf(start), summary: summaryOf(this.#call, start), report };
    try {
      await this.#ports.workshop().leave(last);
    } catch {
      this.#ports.onSilence?.("leave");
      return false;
    }
    this.#hasLeft = true;
    this.#ports.keepLeft();
    return true;
  }
}
