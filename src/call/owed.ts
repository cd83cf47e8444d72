import { factsOf } from "../failure.ts";
import type { TurnRecord } from "../protocol/call-record.ts";

/** `rest`: the end of the turn `seq`, of which the caller has heard the beginning. */
export type Owed =
  | { readonly what: "nothing" | "greeting" | "answer" }
  | { readonly what: "rest"; readonly seq: number };

/**
 * What the agent has not told a caller who is back, by the turns of a call with sound. What nobody has heard of a turn
 * does not count as said, and the sentence for a lost session is no answer: one was promised by it.
 */
export function owedBy(turns: readonly TurnRecord[]): Owed {
  for (const turn of turns.toReversed()) {
    // A tool has given back, or will, and was not spoken about.
    if (turn.speaker !== "agent") return { what: "answer" };
    const isOfLoss = turn.failure === "upstream_lost";
    if ((turn.heardText ?? turn.text) === "" || (isOfLoss && turn.text === factsOf("upstream_lost").spoken)) continue;
    return turn.heardText !== null || isOfLoss ? { what: "rest", seq: turn.seq } : { what: "nothing" };
  }
  return { what: "greeting" };
}
