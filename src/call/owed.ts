import { factsOf } from "../failure.ts";
import type { TurnRecord } from "../protocol/call-record.ts";

/** `rest`: the end of the turn `seq`, of which the caller has heard the beginning. */
export type Owed =
  | { readonly what: "nothing" | "greeting" | "answer" }
  | { readonly what: "rest"; readonly seq: number };

/**
 * What the agent has not told a caller who is back, by the turns of a call with sound. What nobody has heard of a turn
 * does not count as said, nor does what was said while a tool was at work. The sentence for a lost session is no answer:
 * one was promised by it; nor is the warning about money.
 */
export function owedBy(turns: readonly TurnRecord[]): Owed {
  for (const turn of turns.toReversed()) {
    // A tool has given back, or will, and was not spoken about.
    if (turn.speaker !== "agent") return { what: "answer" };
    const isOfLoss = turn.failure === "upstream_lost";
    const isBesides =
      (isOfLoss && turn.text === factsOf("upstream_lost").spoken) ||
      turn.failure === "budget_low" ||
      isFiller(turn, turns);
    if (isBesides || (turn.heardText ?? turn.text) === "") continue;
    return turn.heardText !== null || isOfLoss ? { what: "rest", seq: turn.seq } : { what: "nothing" };
  }
  return { what: "greeting" };
}

/** It began while a tool of the same turn was at work: "One moment, please." */
function isFiller(turn: TurnRecord, turns: readonly TurnRecord[]): boolean {
  const before = turns.filter(({ seq }) => seq < turn.seq);
  const ofTurn = before.slice(before.findLastIndex(({ speaker }) => speaker === "caller") + 1);
  return ofTurn.some(
    ({ toolCall, startedAtMs }) =>
      toolCall !== null &&
      (toolCall.outcome === "pending" || startedAtMs + (toolCall.durationMs ?? 0) > turn.startedAtMs),
  );
}
