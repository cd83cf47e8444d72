/**
 * Time stamps that travel inside the agent's words. The upstream writes when a request reached it and when it let a
 * token go; the client reads both at the other end, whatever a server in between did to the framing. All processes of
 * one machine share the monotonic clock, so the difference of two stamps is a duration.
 */

/** Six base-36 digits of microseconds: they repeat after 36 minutes, far longer than a turn. */
const DIGITS = 6;
const CYCLE_MICROS = 36 ** DIGITS;

/** Milliseconds of the machine's monotonic clock: the same in every process. */
export const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;

export type StampKind = "arrived" | "emitted";

/** No word begins with a digit, so none is taken for a stamp. */
const MARKS = { arrived: "0", emitted: "1" } as const;

/** One token, about as long as a real one. */
export function stampToken(kind: StampKind, atMs: number): string {
  const micros = Math.floor(atMs * 1_000) % CYCLE_MICROS;
  return `${MARKS[kind]}${micros.toString(36).padStart(DIGITS, "0")} `;
}

export interface Stamp {
  readonly kind: StampKind;
  readonly atMs: number;
}

/** All stamps in a piece of text, in order. `nowAtMs` settles which cycle they belong to. */
export function readStamps(text: string, nowAtMs: number): Stamp[] {
  const stamps: Stamp[] = [];
  for (const [, mark, digits] of text.matchAll(/\b([01])([0-9a-z]{6})\b/g)) {
    const micros = Number.parseInt(digits ?? "", 36);
    const nowMicros = Math.floor(nowAtMs * 1_000);
    const cycleStart = nowMicros - (nowMicros % CYCLE_MICROS);
    const atMicros = cycleStart + micros > nowMicros ? cycleStart + micros - CYCLE_MICROS : cycleStart + micros;
    stamps.push({ kind: mark === MARKS.arrived ? "arrived" : "emitted", atMs: atMicros / 1_000 });
  }
  return stamps;
}
