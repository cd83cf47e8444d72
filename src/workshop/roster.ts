import { LIMITS } from "../limits.ts";

/** A call that is going on. */
export interface LiveCall {
  readonly callId: string;
  readonly sessionToken: string;
  readonly sinceMs: number;
}

/** A call that never said it ended is taken off the roster after this: longer than any call and its last retry. */
const STALE_MS = LIMITS.callMaxMs + 5 * 60_000;

export const isStale = (call: LiveCall, nowMs: number): boolean => nowMs - call.sinceMs > STALE_MS;

/** Whether one more call fits beside those that are live. A call that asks again is already in. */
export function mayEnter(
  live: readonly LiveCall[],
  call: Pick<LiveCall, "callId" | "sessionToken">,
  callsPerWorkshop: number,
): boolean {
  if (live.some(({ callId }) => callId === call.callId)) return true;
  if (live.length >= callsPerWorkshop) return false;
  const ofStudent = live.filter(({ sessionToken }) => sessionToken === call.sessionToken);
  return ofStudent.length < LIMITS.callsPerStudent;
}
