import type { BudgetStage } from "../../protocol/bill.ts";
import type { WallStudent } from "../../protocol/live-messages.ts";
import type { ShownKeyStatus } from "../../protocol/rest.ts";
import { allowanceOf } from "./lent.ts";

/** Who needs the instructor, from most to least. */
export const NEEDS = ["stuck", "used-up", "near-limit", "fallback", "in-call", "quiet", "fine"] as const;
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
  /** Of what they may have of the instructor's key; `ok` also for whoever does not need it. */
  readonly stage: BudgetStage;
}

/** What the wall's messages do not say of a student. */
export interface NeedWorld {
  /** The server's clock. */
  readonly nowMs: number;
  /** `null`: not known. */
  readonly joinedAtMs: number | null;
  /** A student without a key may call on the instructor's. */
  readonly hasFallback: boolean;
  /** What one student may have of it; `null`: no limit. */
  readonly studentMicroUsd: number | null;
}

/** One call may fail for any reason; the second one is a pattern. */
const FAILURES_STUCK = 2;
/** Long enough to have found the button. */
const NO_CALL_MS = 10 * 60_000;
const QUIET_MS = 10 * 60_000;
/** Calls that ended for them are no failure of the student's: the limit itself is what is told, as long as it is reached. */
const LENT_OUT: readonly string[] = ["allowance_used", "pool_used", "call_budget_used"];

/** What this student needs now. Who is away needs nothing that could be given them. */
export function needOf(student: WallStudent, world: NeedWorld): Need {
  const reason = stuckReasonOf(student, world);
  const isOnFallback = paysInstructor(student, world.hasFallback);
  const isInCall = student.calls.length > 0;
  const stage = stageOf(student, world);
  return { kind: kindOf(student, world, { reason, isOnFallback, stage }), reason, isInCall, isOnFallback, stage };
}

function kindOf(
  student: WallStudent,
  world: NeedWorld,
  { reason, isOnFallback, stage }: Pick<Need, "reason" | "isOnFallback" | "stage">,
): NeedKind {
  const isActive = isRecent(student, world);
  if (reason && (student.online || isActive)) return "stuck";
  if (stage === "spent" && (student.online || isActive)) return "used-up";
  if (!isActive) return "quiet";
  if (stage === "low") return "near-limit";
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
  if (failuresInARow >= FAILURES_STUCK && !LENT_OUT.includes(lastCall?.failure ?? "")) {
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

/** Whoever has a key of their own does not need more, once the call on the instructor's is over. */
function stageOf(student: WallStudent, { hasFallback, studentMicroUsd }: NeedWorld): BudgetStage {
  const isInCall = student.calls.some(({ keySource }) => keySource === "instructor");
  const isNext = hasFallback && student.keyStatus === null;
  return isInCall || isNext ? allowanceOf(student, studentMicroUsd).stage : "ok";
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
  one.stage === other.stage &&
  JSON.stringify(one.reason) === JSON.stringify(other.reason);

/** Chips above the wall: a student can be behind several of them. */
export const FILTERS = ["all", "stuck", "limit", "in-call", "fallback", "quiet"] as const;
export type Filter = (typeof FILTERS)[number];

export function isBehind(filter: Filter, need: Need): boolean {
  switch (filter) {
    case "all":
      return true;
    case "limit":
      return need.stage !== "ok";
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
