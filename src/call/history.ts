import type { HistoryItem } from "../model/model-leg.ts";
import type { TurnRecord } from "../protocol/call-record.ts";

/** What the model gets for a tool whose result is not there: it is told so, and invents nothing. */
const UNFINISHED = JSON.stringify({ error: "not finished" });

/**
 * The conversation as the caller knows it: of the agent's words only those that were heard. Trimmed from the oldest,
 * by whole exchanges, so that it begins with the caller and no tool output loses its call.
 */
export function historyOf(turns: readonly TurnRecord[], limits: { items: number; characters: number }): HistoryItem[] {
  const exchanges: HistoryItem[][] = [];
  for (const turn of turns) {
    if (turn.speaker === "caller" || exchanges.length === 0) exchanges.push([]);
    exchanges.at(-1)?.push(...itemsOf(turn));
  }
  const kept: HistoryItem[][] = [];
  let items = 0;
  let characters = 0;
  for (const exchange of exchanges.toReversed()) {
    items += exchange.length;
    characters += JSON.stringify(exchange).length;
    if (kept.length > 0 && (items > limits.items || characters > limits.characters)) break;
    kept.unshift(exchange);
  }
  return kept.flat();
}

function itemsOf(turn: TurnRecord): HistoryItem[] {
  switch (turn.speaker) {
    case "caller":
      // Spoken words that nobody could write down.
      return turn.text === "" ? [] : [{ kind: "caller", text: turn.text }];
    case "agent": {
      const text = turn.heardText ?? turn.text;
      return text === "" ? [] : [{ kind: "agent", text }];
    }
    case "tool": {
      if (!turn.toolCall) return [];
      const { toolCallId, name, arguments: args, output } = turn.toolCall;
      return [
        { kind: "tool-call", toolCallId, name, arguments: args },
        { kind: "tool-output", toolCallId, output: output ?? UNFINISHED },
      ];
    }
  }
}
