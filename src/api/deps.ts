import type { Context } from "hono";
import type { Settings } from "../env.ts";
import type { Lending } from "../protocol/bill.ts";
import type { CallId, SessionToken, StudentId, WorkshopId } from "../protocol/ids.ts";
import type { ShownKeyStatus } from "../protocol/rest.ts";
import type { Database } from "../store/database.ts";
import type { Student } from "../store/students.ts";
import type { MasterKeys } from "../vault/master-keys.ts";
import type { FundsReply, FundsRequest } from "../workshop/funds.ts";
import type { LoginEvent, LoginVerdict } from "../workshop/login-throttle.ts";

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
  readonly workshops: WorkshopDirectory;
  readonly logins: LoginDirectory;
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
   * @throws Failure `workshop_not_open`, `workshop_closed`, `workshop_paused`, `no_key`, `key_unreadable`,
   * `too_many_requests` or, when the workshop does not answer for a call on the instructor's key, `too_many_calls`;
   * `wrong_call` when the call is another student's.
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
  /** Count what a student tries out against the rates that `wrangler.toml` sets, per minute. */
  toolRunAllowed(studentId: StudentId): Promise<boolean>;
  voiceSampleAllowed(studentId: StudentId): Promise<boolean>;
}

/**
 * The live side of a workshop, as far as REST touches it: one object per workshop. What it shows on walls and pages is
 * best effort; what it forbids is not. A workshop of `null`: that of the students who belong to none.
 */
export interface WorkshopDirectory {
  /** Stops every live call and lets none begin; or lets them begin again. Returns how many calls were stopped. */
  setPaused(workshopId: WorkshopId, paused: boolean): Promise<number>;
  /** Whether the instructor has stopped all calls: then nothing else that costs money begins either. */
  isPaused(workshopId: WorkshopId | null): Promise<boolean>;
  /** Settles what a key was used for, and reserves what comes next, for whoever is no call. */
  funds(workshopId: WorkshopId | null, request: FundsRequest): Promise<FundsReply>;
  /** What the instructor lends is another than before. Rejects when the workshop's object does not know it. */
  lendingChanged(workshopId: WorkshopId, lending: Lending): Promise<void>;
  /** A student's cap on their own key, in micro-dollars; `null`: none any more. */
  ownCapChanged(workshopId: WorkshopId | null, sessionToken: SessionToken, microUsd: number | null): Promise<void>;
  /** Words for everybody, on every open page of the workshop; `null` takes them away. */
  announce(workshopId: WorkshopId, text: string | null): Promise<void>;
  /** Ends one live call; `false` when it is not one of this workshop. */
  endCall(workshopId: WorkshopId, callId: CallId): Promise<boolean>;
  /** Something of `GET /api/me` changed, of one student or, with `null`, of all: their open pages ask again. */
  meChanged(
    workshopId: WorkshopId | null,
    sessionToken: SessionToken | null,
    by: "student" | "instructor",
  ): Promise<void>;
  /** A student is new, or has another name or key than before: the wall shows it. */
  studentChanged(workshopId: WorkshopId | null, student: WallFacts): Promise<void>;
  /** Keys of a whole workshop were forgotten: every live call must know, the wall and open pages will. */
  keysForgotten(workshopId: WorkshopId, students: readonly WallFacts[]): Promise<void>;
  /** A student was erased: live calls end, the wall forgets them, their pages are told. */
  studentGone(workshopId: WorkshopId | null, sessionToken: SessionToken): Promise<void>;
  /**
   * The workshop was closed, opened again or deleted, or its dates are others: its object asks the row and does what is due.
   * What could not be done it tries again by itself.
   *
   * @throws Failure `internal` when a live call could not be told; `database_unavailable`.
   */
  closingChanged(workshopId: WorkshopId): Promise<void>;
}

/** Who tried the instructor's token, and how often it was wrong. */
export interface LoginDirectory {
  /** One try from an address, after the token was compared: what it comes to. */
  attempt(address: string, event: LoginEvent): Promise<LoginVerdict>;
}

/** What the wall says of a student that does not come from calls. */
export interface WallFacts {
  readonly sessionToken: SessionToken;
  readonly studentId: StudentId;
  readonly name: string | null;
  readonly keyStatus: ShownKeyStatus | null;
}

/** A call with sound that is to come. */
export interface SoundCall {
  readonly wayIn: "browser" | "media-streams";
  readonly callId: CallId;
  /** Twilio's CallSid; null for a browser. */
  readonly phoneCallId: string | null;
  /** Our own public host. */
  readonly ownHost: string;
  /** Asked for by a page of ours, which shows it by itself: with one page open there is nobody else to tell of it. */
  readonly fromPage?: boolean;
}

/** `over`: the call has ended. `too-often`: it has not, but was lost too often. `handed-over`: it was left to somebody else. */
export type ResumeVerdict = "resume" | "over" | "too-often" | "handed-over";

/**
 * `paused`: the instructor stopped all calls. `closed`: for good, and no key is kept. `revoked`: this one was ended, or its
 * student is gone.
 */
export type CallNotice = "key-changed" | "revoked" | "paused" | "closed";

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
