/** When a workshop that has not begun is asked for again: when it opens, and every now and then in case that has moved. */

const ASK_EVERY_MS = 30_000;
/** Everybody waits for the same moment. */
const SPREAD_MS = 3_000;

/** Milliseconds until the next question. `chance` is in [0, 1). */
export function nextAskMs(opensAtMs: number | null, nowMs: number, chance: number): number {
  const spreadMs = Math.round(chance * SPREAD_MS);
  const untilMs = opensAtMs === null ? ASK_EVERY_MS : opensAtMs - nowMs;
  return (untilMs > 0 ? Math.min(untilMs, ASK_EVERY_MS) : ASK_EVERY_MS) + spreadMs;
}

/** The code that a link or a QR code brought, as `#MAPLE-7F`; nothing for what nobody can read. */
export function codeIn(hash: string): string {
  try {
    return decodeURIComponent(hash.slice(1)).trim().slice(0, 32).toUpperCase();
  } catch {
    return "";
  }
}
