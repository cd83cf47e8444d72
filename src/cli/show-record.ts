import type { CallRest, ShownCall } from "./call-rest.ts";
import type { CallPrinter } from "./print-call.ts";

/** The record is written after the call: how often and how long it is asked for. */
const RECORD_POLL_MS = 250;
const RECORD_WAIT_MS = 5_000;

/** What is known of a call afterwards; `find` picks it from the student's calls. */
export interface RecordToShow {
  readonly token: string;
  readonly find: (calls: readonly ShownCall[]) => ShownCall | undefined;
  /** Tools that were printed while they ran are left out. */
  readonly withTools: boolean;
}

/** Tools, whose key, tokens and duration, from the call's record, once that says that the call has ended. */
export async function showRecord(
  rest: CallRest,
  { token, find, withTools }: RecordToShow,
  printer: CallPrinter,
  sleep: (ms: number) => Promise<void>,
): Promise<void> {
  for (let waitedMs = 0; waitedMs <= RECORD_WAIT_MS; waitedMs += RECORD_POLL_MS) {
    if (waitedMs > 0) await sleep(RECORD_POLL_MS);
    const found = find(await rest.calls(token));
    if (!found || found.endedAt === null) continue;
    const { call, bill, toolCalls } = await rest.call(token, found.id);
    if (withTools) for (const toolCall of toolCalls) printer.toolCall(toolCall);
    printer.summary(call, bill);
    return;
  }
  printer.note("The record of this call is not written yet; it will be in the call history.");
}

export const newestOf = (calls: readonly ShownCall[]): ShownCall | undefined =>
  calls.reduce<ShownCall | undefined>(
    (newest, call) => (newest && newest.startedAt >= call.startedAt ? newest : call),
    undefined,
  );
