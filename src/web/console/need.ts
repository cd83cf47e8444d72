import type { WallStudent } from "../../protocol/live-messages.ts";
import type { ShownKeyStatus } from "../../protocol/rest.ts";

/** Who needs the instructor, from most to least. */
export const NEEDS = ["stuck", "fallback", "in-call", "quiet", "fine"] as const;
export type NeedKind = (typeof NEEDS)[number];

/** Why a student does not get on by themselves. */
export type StuckReason =
  | { readonly why: "key"; readonly status: BadKeyStatus }
  /** `failure`: a code of the server's for the last of them. */
  | { readonly why: "failures"; readonly count: number; readonly failure: string | null }
  | { readonly why: "no-payer" }
  /** In whole minutes, so that it stays the same between them. */
  | { readonly why: "no-call"; readonly waitedMs: number };

type BadKeyStatus = Exclude<ShownKeyStatus, "connected" | "unverified">;

export interface Need {
  readonly kind: NeedKind;
  /** Why they are stuck, or were when they went away. */
  readonly reason: StuckReason | null;
  readonly isInCall: boolean;
  /** The instructor pays: for the call that goes on, or for the last one and so for the next. */
  readonly isOnFallback: boolean;
}

/** What the wall's messages do not say of a student. */
export interface NeedWorld {
  /** The server's clock. */
  readonly nowMs: number;
  /** `null`: not known. */
  readonly joinedAtMs: number | null;
  /** A student without a key may call on the instructor's. */
  readonly hasFallback: boolean;
}

/** One call may fail for any reason; the second one is a pattern. */
const FAILURES_STUCK = 2;
/** Long enough to have found the button. */
const NO_CALL_MS = 10 * 60_000;
const QUIET_MS = 10 * 60_000;

/** What this student needs now. Who is away needs nothing that could be given them. */
export function needOf(student: WallStudent, world: NeedWorld): Need {
  const reason = stuckReasonOf(student, world);
  const isOnFallback = paysInstructor(student, world.hasFallback);
  const isInCall = student.calls.length > 0;
  return { kind: kindOf(student, world, reason, isOnFallback), reason, isInCall, isOnFallback };
}

function kindOf(student: WallStudent, world: NeedWorld, reason: StuckReason | null, isOnFallback: boolean): NeedKind {
  const isActive = isRecent(student, world);
  if (reason && (student.online || isActive)) return "stuck";
  if (!isActive) return "quiet";
  if (isOnFallback) return "fallback";
  return student.calls.length > 0 ? "in-call" : "fine";
}

function stuckReasonOf(student: WallStudent, { nowMs, joinedAtMs, hasFallback }: NeedWorld): StuckReason | null {
  // Whoever talks with their agent right now is not stuck, whatever went wrong before.
  if (student.calls.some(({ state }) => state !== "connecting")) return null;
  const { keyStatus, failuresInARow, lastCall } = student;
  if (keyStatus !== null && keyStatus !== "connected" && keyStatus !== "unverified") {
    return { why: "key", status: keyStatus };
  }
  if (failuresInARow >= FAILURES_STUCK) {
    return { why: "failures", count: failuresInARow, failure: lastCall?.failure ?? null };
  }
  if (keyStatus === null && !hasFallback) return { why: "no-payer" };
  const isWaiting = student.online && lastCall === null && student.calls.length === 0;
  const waitedMs = isWaiting && joinedAtMs !== null ? nowMs - joinedAtMs : 0;
  return waitedMs >= NO_CALL_MS ? { why: "no-call", waitedMs: waitedMs - (waitedMs % 60_000) } : null;
}

function paysInstructor({ calls, keyStatus, lastCall }: WallStudent, hasFallback: boolean): boolean {
  if (calls.length > 0) return calls.some(({ keySource }) => keySource === "instructor");
  return hasFallback && keyStatus === null && lastCall?.keySource === "instructor";
}

/** In a call, or something was heard of them a short while ago. */
function isRecent(student: WallStudent, { nowMs, joinedAtMs }: NeedWorld): boolean {
  const lastMs = Math.max(student.lastSeenAtMs ?? 0, student.lastCall?.endedAtMs ?? 0, joinedAtMs ?? 0);
  return student.calls.length > 0 || nowMs - lastMs < QUIET_MS;
}

export const isSameNeed = (one: Need, other: Need): boolean =>
  one.kind === other.kind &&
  one.isInCall === other.isInCall &&
  one.isOnFallback === other.isOnFallback &&
  JSON.stringify(one.reason) === JSON.stringify(other.reason);

/** Chips above the wall: a student can be behind several of them. */
export const FILTERS = ["all", "stuck", "in-call", "fallback", "quiet"] as const;
export type Filter = (typeof FILTERS)[number];

export function isBehind(filter: Filter, need: Need): boolean {
  switch (filter) {
    case "all":
      return true;
    case "in-call":
      return need.isInCall;
    case "fallback":
      return need.isOnFallback;
    case "stuck":
    case "quiet":
      return need.kind === filter;
  }
}

export type StepName = "joined" | "called" | "key";

/** How far the student has come; each step shows itself from facts. */
export function stepsOf({ calls, lastCall, keyStatus }: WallStudent): Readonly<Record<StepName, boolean>> {
  return { joined: true, called: calls.length > 0 || lastCall !== null, key: keyStatus === "connected" };
}
