import { useEffect, useState } from "preact/hooks";
import type { Answer } from "../rest-client.ts";
import { getCall } from "./call-client.ts";
import type { ArchivedCall } from "./call-record-view.ts";

/** The archive follows a call's end within a second or two; a database that is away catches up later, and nobody waits for it. */
const TRY_AFTER_MS = [400, 1_000, 2_000, 4_000, 8_000, 16_000] as const;

/**
 * Asks until the archive has the whole of a call: its end and its bill.
 *
 * @param pause resolves to false when nobody waits any more
 * @returns null: it did not come
 */
export async function untilArchived(
  ask: () => Promise<Answer<ArchivedCall>>,
  pause: (ms: number) => Promise<boolean>,
): Promise<ArchivedCall | null> {
  for (const ms of TRY_AFTER_MS) {
    if (!(await pause(ms))) return null;
    const answer = await ask();
    if (answer.ok && answer.value.call.endedAt !== null && answer.value.bill !== null) return answer.value;
  }
  return null;
}

/** A call that has just ended as the archive has it, once it does. `callId` null: nobody asks. */
export function useArchived(callId: string | null): ArchivedCall | null {
  const [archived, setArchived] = useState<ArchivedCall | null>(null);
  useEffect(() => {
    setArchived(null);
    if (callId === null) return;
    const gone = new AbortController();
    const pause = (ms: number): Promise<boolean> =>
      new Promise((resolve) => {
        const timer = setTimeout(() => resolve(true), ms);
        gone.signal.addEventListener("abort", () => {
          clearTimeout(timer);
          resolve(false);
        });
      });
    void untilArchived(() => getCall(callId), pause).then((found) => {
      if (!gone.signal.aborted) setArchived(found);
    });
    return () => gone.abort();
  }, [callId]);
  return archived;
}
