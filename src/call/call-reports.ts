import { LIMITS } from "../limits.ts";
import type { StartTimer } from "../model/responses.ts";
import { type CallReport, type CallStatus, NOBODY, type Watch } from "../workshop/call-report.ts";
import type { Call } from "./call.ts";
import { WatchedView } from "./watched-call.ts";

/** A workshop that does not answer is left alone for so long. */
const RETRY_MS = 2_000;

/** What reports reach the world by. */
export interface ReportPorts {
  readonly nowMs: () => number;
  readonly startTimer: StartTimer;
  readonly status: () => CallStatus;
  /** Tells the workshop, which says who watches. */
  readonly send: (report: CallReport) => Promise<Watch>;
  /** A call that sleeps must know on waking who watches it. */
  readonly keepWatch: (watch: Watch) => void;
}

/**
 * Tells the workshop how a call goes, for as long as somebody watches: one report on its way at most, and so much time
 * between two. What cannot be told is told with the next one. While nobody watches it costs a comparison for each event.
 */
export class CallReports {
  readonly #call: Call;
  readonly #ports: ReportPorts;
  #watch: Watch;
  /** What pages have seen that were there before. */
  #view = new WatchedView();
  #status = "";
  #nextAtMs = Number.NEGATIVE_INFINITY;
  #cancelTimer: (() => void) | undefined;
  #sending: Promise<void> | undefined;
  #hasChanged = false;

  /** `watch`: as it was kept. What was kept of the call was shown before the call fell asleep. */
  constructor(call: Call, ports: ReportPorts, watch: Watch = NOBODY) {
    this.#call = call;
    this.#ports = ports;
    this.#watch = watch;
    this.#view.skip(call);
  }

  /** Something has happened to the call. */
  changed(): void {
    if (!this.#watch.wall && !this.#watch.page) return;
    this.#hasChanged = true;
    this.#sendSoon();
  }

  /** The workshop says who watches. */
  watch(watch: Watch): void {
    // What nobody followed is in the snapshot, and is not told a second time.
    if (watch.page && watch.snapshot && !this.#watch.page) this.#view.skip(this.#call);
    const isOther = watch.wall !== this.#watch.wall || watch.page !== this.#watch.page;
    if (watch.wall && !this.#watch.wall) this.#status = "";
    this.#watch = watch;
    if (isOther) this.#ports.keepWatch({ ...watch, snapshot: false });
    if (isOther || watch.snapshot) this.changed();
  }

  /** The last report, of a call that has ended: in its order after those before. */
  async last(): Promise<CallReport> {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    await this.#sending;
    return this.#watch.page ? this.#forPages() : { messages: [] };
  }

  #sendSoon(): void {
    const { progress, voice } = this.#call;
    // One with sound is no call before its caller has come; of one that has ended only the last report is due.
    if (this.#cancelTimer || this.#sending || progress.endedAtMs !== null || (voice && progress.legs === 0)) return;
    const waitMs = Math.max(0, this.#nextAtMs - this.#ports.nowMs());
    this.#cancelTimer = this.#ports.startTimer(() => this.#send(), waitMs);
  }

  #send(): void {
    this.#cancelTimer = undefined;
    this.#hasChanged = false;
    const report = { ...this.#forWall(), ...(this.#watch.page ? this.#forPages() : { messages: [] }) };
    if (!report.status && !report.snapshot && report.messages.length === 0) return;
    this.#nextAtMs = this.#ports.nowMs() + (this.#watch.page ? LIMITS.pagePaceMs : LIMITS.wallPaceMs);
    this.#sending = this.#ports.send(report).then(
      (watch) => this.#sent(watch),
      () => this.#sent(undefined),
    );
  }

  #sent(watch: Watch | undefined): void {
    this.#sending = undefined;
    if (watch) {
      this.watch(watch);
    } else {
      this.#view = new WatchedView();
      this.#status = "";
      this.#nextAtMs = this.#ports.nowMs() + RETRY_MS;
    }
    if (this.#hasChanged) this.changed();
  }

  #forWall(): { readonly status?: CallStatus } {
    if (!this.#watch.wall) return {};
    const status = this.#ports.status();
    const text = JSON.stringify(status);
    if (text === this.#status) return {};
    this.#status = text;
    return { status };
  }

  #forPages(): CallReport {
    const messages = this.#view.look(this.#call);
    if (!this.#watch.snapshot) return { messages };
    this.#watch = { ...this.#watch, snapshot: false };
    return { messages, snapshot: new WatchedView().look(this.#call) };
  }
}
