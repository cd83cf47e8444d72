import { LIMITS } from "../limits.ts";
import type { CallProgress } from "./call-events.ts";

/** Long times of a call. They are derived from what is kept, so they survive a sleep and a crash. */
export type Deadline = "closing" | "call-cap" | "no-setup" | "leg-lost" | "check-in" | "silence" | "hand-over";

export interface DeadlineFacts {
  readonly startedAtMs: number;
  readonly callMaxMs: number;
  readonly progress: CallProgress;
  /** Since when nobody has said anything; `null` while the agent is busy with an answer. */
  readonly quietSinceMs: number | null;
  /** When the caller's leg must have begun. */
  readonly firstLegAtMs: number;
  /** When the session with the model must be exchanged; `null`: there is none. */
  readonly handOverAtMs: number | null;
}

/** The next thing that happens by itself, or `undefined` when the call has ended. */
export function nextDeadline(facts: DeadlineFacts): { deadline: Deadline; atMs: number } | undefined {
  const { progress, startedAtMs, callMaxMs, quietSinceMs, firstLegAtMs, handOverAtMs } = facts;
  if (progress.endedAtMs !== null) return undefined;
  if (progress.closing) return { deadline: "closing", atMs: progress.closing.atMs };
  const due: { deadline: Deadline; atMs: number }[] = [{ deadline: "call-cap", atMs: startedAtMs + callMaxMs }];
  if (progress.legs === 0) {
    due.push({ deadline: "no-setup", atMs: firstLegAtMs });
  } else if (progress.legLostAtMs !== null) {
    due.push({ deadline: "leg-lost", atMs: progress.legLostAtMs + LIMITS.resumeWindowMs });
  } else {
    if (handOverAtMs !== null) due.push({ deadline: "hand-over", atMs: handOverAtMs });
    if (quietSinceMs !== null && progress.checkedInAtMs === null) {
      due.push({ deadline: "check-in", atMs: quietSinceMs + LIMITS.silenceCheckInMs });
    } else if (quietSinceMs !== null) {
      due.push({ deadline: "silence", atMs: quietSinceMs + LIMITS.silenceEndMs });
    }
  }
  return due.reduce((first, other) => (other.atMs < first.atMs ? other : first));
}

const CHARACTERS_PER_SECOND = 15;

/** How long a voice needs for a text, for when the carrier does not tell (about 15 characters a second). */
export const spokenMs = (text: string): number => Math.ceil((text.length * 1_000) / CHARACTERS_PER_SECOND);
