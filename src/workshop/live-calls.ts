import type { CallNotice } from "../api/deps.ts";
import { errorName, log } from "../log.ts";
import type { CallId } from "../protocol/ids.ts";
import type { Watch } from "./call-report.ts";
import type { LiveCall } from "./seat.ts";

/** The way from a workshop to the objects of its calls. */
export class LiveCalls {
  readonly #env: Cloudflare.Env;
  readonly #background: (work: Promise<unknown>) => void;
  /** Calls that know that they are to end, until they have. */
  readonly #ending = new Set<CallId>();

  constructor(env: Cloudflare.Env, background: (work: Promise<unknown>) => void) {
    this.#env = env;
    this.#background = background;
  }

  /** Returns how many could not be told. */
  async notify(calls: readonly Pick<LiveCall, "callId">[], notice: CallNotice): Promise<number> {
    const told = await Promise.all(calls.map((call) => this.#tell(call, notice)));
    return told.filter((isTold) => !isTold).length;
  }

  /** As {@link notify}, for what must not be told twice: a call that heard of it is not told again. */
  async notifyOnce(calls: readonly LiveCall[], notice: "closed" | "revoked"): Promise<number> {
    for (const callId of this.#ending) if (!calls.some((call) => call.callId === callId)) this.#ending.delete(callId);
    const told = await Promise.all(
      calls.map(async (call) => {
        const isTold = this.#ending.has(call.callId) || (await this.#tell(call, notice));
        if (isTold) this.#ending.add(call.callId);
        return isTold;
      }),
    );
    return told.filter((isTold) => !isTold).length;
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
      log({ event: "uncaught", where: "workshop", callId, name: errorName(thrown) });
      return false;
    }
  }

  async #tell({ callId }: Pick<LiveCall, "callId">, notice: CallNotice): Promise<boolean> {
    try {
      await this.#stub(callId).notice(notice);
      return true;
    } catch (thrown) {
      log({ event: "uncaught", where: "workshop", callId, name: errorName(thrown) });
      return false;
    }
  }

  #stub(callId: CallId) {
    return this.#env.CALL.get(this.#env.CALL.idFromName(callId));
  }
}
