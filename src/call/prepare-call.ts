import type { CallDirectory, SoundCall } from "../api/deps.ts";
import type { Settings } from "../env.ts";
import { Failure, reasonOf } from "../failure.ts";
import { log } from "../log.ts";
import type { Database } from "../store/database.ts";
import type { Student } from "../store/students.ts";
import { openApiKey } from "./call-secrets.ts";
import type { CallStart } from "./call-start.ts";
import { prepareStart } from "./prepare-start.ts";

/** What preparing a call needs from outside. */
export interface Preparation {
  readonly settings: Settings;
  readonly database: Database;
  readonly nowMs: number;
  /** Asks the call's object to wait for its caller. `refused`: the call is another student's. */
  readonly prepare: (start: CallStart) => Promise<"prepared" | "over" | "refused">;
}

/** Prepares a call with sound; see {@link CallDirectory.prepare}. Its key is opened once, so that a bad one is told now. */
export async function prepareCall(
  { settings, database, nowMs, prepare }: Preparation,
  student: Student,
  { wayIn, callId, phoneCallId, ownHost, fromPage = false }: SoundCall,
): Promise<Awaited<ReturnType<CallDirectory["prepare"]>>> {
  // A lost browser has a ticket of the call's own, a lost phone its CallSid.
  const way = { wayIn, callId, phoneCallId, ownHost, resumable: true, carrierGreets: false, fromPage };
  const start = await prepareStart(database, settings, student, way, nowMs);
  // A stale seal is for the call to renew: here it would be done at every ring.
  await openApiKey(settings, start, () => {}).catch((thrown: unknown) => {
    if (reasonOf(thrown) === "key_unreadable") log({ event: "key-unreadable", callId });
    throw thrown;
  });
  const outcome = await prepare(start);
  if (outcome === "refused") throw new Failure("wrong_call");
  return outcome;
}
