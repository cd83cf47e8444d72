import type { Context } from "hono";
import type { Settings } from "../env.ts";
import type { CallId, SessionToken, WorkshopId } from "../protocol/ids.ts";
import type { Database } from "../store/database.ts";
import type { Student } from "../store/students.ts";
import type { MasterKeys } from "../vault/master-keys.ts";

/** Everything the REST side needs from outside itself, made per request. */
export interface ApiDeps {
  readonly settings: Settings;
  readonly database: Database;
  readonly masterKeys: () => Promise<MasterKeys>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly fetch: typeof fetch;
  readonly calls: CallDirectory;
  /** Keeps the Worker alive for work that the reply does not wait for. */
  readonly waitUntil: (work: Promise<unknown>) => void;
}

/** The live calls, as far as REST touches them. A workshop of `null`: the student belongs to none. */
export interface CallDirectory {
  /** Tells every live call of a student; resolves when each of them has been told. */
  tell(workshopId: WorkshopId | null, sessionToken: SessionToken, notice: CallNotice): Promise<void>;
  /**
   * Makes a call with sound wait for its caller, who has `LIMITS.ticketMs` to come. Asking again is the same call.
   *
   * @returns `over` when this call has ended already.
   * @throws Failure `workshop_closed`, `no_key` or `key_unreadable`; `wrong_call` when the call is another student's.
   */
  prepare(student: Student, call: SoundCall): Promise<"prepared" | "over">;
  /** The carrier lost the socket of a phone call that goes on: may the phone come back to the call? Counts the tries. */
  resume(callId: CallId, session: CarrierSession): Promise<ResumeVerdict>;
  /** The carrier says that the phone call is over for us. A call that has ended or never was takes no notice. */
  over(callId: CallId, session: CarrierSession): Promise<void>;
  /** Counts one key check of a student against `LIMITS.keyChecksPerMinute`. */
  keyCheckAllowed(workshopId: WorkshopId | null, sessionToken: SessionToken): Promise<boolean>;
  /** Counts one join from an address against the rate that `wrangler.toml` sets: enough for a class behind one router. */
  joinAllowed(from: string): Promise<boolean>;
}

/** A call with sound that is to come. */
export interface SoundCall {
  readonly wayIn: "browser" | "media-streams";
  readonly callId: CallId;
  /** Twilio's CallSid; null for a browser. */
  readonly phoneCallId: string | null;
  /** Our own public host. */
  readonly ownHost: string;
}

/** `over`: the call has ended. `too-often`: it has not, but was lost too often. `handed-over`: it was left to somebody else. */
export type ResumeVerdict = "resume" | "over" | "too-often" | "handed-over";

export type CallNotice = "key-changed" | "revoked";

/** How the carrier's session ended, read from its `action` post. */
export interface CarrierSession {
  readonly sessionToken: SessionToken;
  readonly phoneCallId: string;
  readonly status: "completed" | "ended" | "failed" | "unknown";
  /** Twilio's number of the error, digits only. */
  readonly errorCode: string | null;
}

export type ApiEnv = { Bindings: ApiDeps; Variables: { requestId: string; route: string } };
export type ApiContext = Context<ApiEnv>;
