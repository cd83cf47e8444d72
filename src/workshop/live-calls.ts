import type { CallNotice } from "../api/deps.ts";
import { errorName, log } from "../log.ts";
import type { CallId } from "../protocol/ids.ts";
import type { Watch } from "./call-report.ts";
import type { LiveCall } from "./seat.ts";

/** The way from a workshop to the objects of its calls. */
export class LiveCalls {
  readonly #env: Cloudflare.Env;
  readonly #background: (work: Promise<unknown>) => void;

  constructor(env: Cloudflare.Env, background: (work: Promise<unknown>) => void) {
    this.#env = env;
    this.#background = background;
  }

  /** Returns how many could not be told. */
  async notify(calls: readonly LiveCall[], notice: CallNotice): Promise<number> {
    const told = await Promise.allSettled(calls.map(({ callId }) => this.#stub(callId).notice(notice)));
    const failed = told.filter((outcome) => outcome.status === "rejected");
    for (const { reason } of failed) log({ event: "uncaught", where: "workshop", name: errorName(reason) });
    return failed.length;
  }

  /** Says who watches a call now. One that cannot be told finds out by its next report. */
  watch({ callId }: LiveCall, watch: Watch): void {
    this.#background(
      this.#stub(callId)
        .watch(watch)
        .catch(() => {}),
    );
  }

  /** Asks a call that waits for its caller to make room. False: they have come, or nobody knows. */
  async givesWay({ callId }: LiveCall): Promise<boolean> {
    try {
      return await this.#stub(callId).giveWay();
    } catch (thrown) {
      log({ event: "uncaught", where: "workshop", name: errorName(thrown) });
      return false;
    }
  }

  #stub(callId: CallId) {
    return this.#env.CALL.get(this.#env.CALL.idFromName(callId));
  }
}
