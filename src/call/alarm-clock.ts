/**
 * The one alarm of an object, for all that happens by itself. It is only ever moved to an earlier time, because each
 * move is a written row: when it rings too early, it is set again.
 */
export class AlarmClock {
  readonly #ctx: DurableObjectState;
  #armedAtMs: number | undefined;

  /** Reads what an earlier life of the object has set; until then no event is handled. */
  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx;
    void ctx.blockConcurrencyWhile(async () => {
      this.#armedAtMs = (await ctx.storage.getAlarm()) ?? undefined;
    });
  }

  /** Rings at `atMs` (milliseconds since 1970) at the latest; `undefined` asks for nothing. */
  arm(atMs: number | undefined): void {
    if (atMs === undefined || (this.#armedAtMs !== undefined && this.#armedAtMs <= atMs)) return;
    this.#armedAtMs = atMs;
    this.#ctx.waitUntil(this.#ctx.storage.setAlarm(atMs));
  }

  /** It has rung, or what it was set for is over. */
  forget(): void {
    this.#armedAtMs = undefined;
  }
}
