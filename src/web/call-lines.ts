import type { TurnMessage } from "../protocol/call-messages.ts";
import type { ToolCallRecord, TurnTimings } from "../protocol/call-record.ts";

/** A line of the transcript. Lines that did not change stay the same object, so that only changed ones are drawn. */
export type Line = TurnLine | ToolLine | GapLine;

export interface TurnLine {
  readonly kind: "turn";
  readonly seq: number;
  readonly speaker: "caller" | "agent";
  /** Final words; of an agent's turn those that were heard. Empty: they are still to come. */
  readonly text: string;
  /** Words after `text` that may still change. */
  readonly interim: string;
  /** Words of the agent that never came to be heard, because the caller spoke over them. */
  readonly notHeard: string;
  readonly isFinal: boolean;
  readonly timings: TurnTimings | null;
  readonly failure: string | null;
}

export interface ToolLine {
  readonly kind: "tool";
  readonly seq: number;
  readonly name: string;
  readonly outcome: ToolCallRecord["outcome"];
  /** JSON text as the model wrote it. */
  readonly arguments: string;
  /** JSON text given to the model. */
  readonly output: string | null;
  readonly durationMs: number | null;
}

/** Something was away for a while, after the turn `seq`: the connection, or the microphone's sound. */
export interface GapLine {
  readonly kind: "gap";
  readonly seq: number;
  readonly cause: "connection" | "microphone";
  readonly lostMs: number;
}

/** With that turn in its place, which is the order of `seq`. A line of `shown` that is the same is used again. */
export function withTurn(lines: readonly Line[], turn: TurnMessage, shown: readonly Line[]): readonly Line[] {
  const line = lineOf(turn);
  const same = shown.find((other) => JSON.stringify(other) === JSON.stringify(line));
  return inserted(lines, same ?? line);
}

/** With more words of a turn that is not final. */
export function withCaption(
  lines: readonly Line[],
  seq: number,
  speaker: "caller" | "agent",
  delta: string,
): readonly Line[] {
  const line = lines.find((other) => other.kind === "turn" && other.seq === seq);
  if (line?.kind === "turn") return inserted(lines, { ...line, interim: line.interim + delta, isFinal: false });
  const fresh = { kind: "turn", seq, speaker, text: "", notHeard: "", interim: delta } as const;
  return inserted(lines, { ...fresh, isFinal: false, timings: null, failure: null });
}

/** With a gap behind all that was said. */
export function withGap(lines: readonly Line[], cause: GapLine["cause"], lostMs: number): readonly Line[] {
  const seq = Math.max(0, ...lines.map((line) => line.seq));
  return [...lines, { kind: "gap", seq, cause, lostMs }];
}

/** What is not a turn stands after the turn whose number it has. */
function inserted(lines: readonly Line[], line: Line): readonly Line[] {
  const at = lines.findIndex((other) => other.seq >= line.seq);
  if (at < 0) return [...lines, line];
  const replaces = lines[at]?.seq === line.seq && lines[at]?.kind !== "gap";
  return lines.toSpliced(at, replaces ? 1 : 0, line);
}

function lineOf({ seq, speaker, text, heardText, toolCall, timings, failure }: TurnMessage): Line {
  if (speaker === "tool") {
    const { name = "tool", outcome = "pending", output = null, durationMs = null } = toolCall ?? {};
    return { kind: "tool", seq, name, outcome, arguments: toolCall?.arguments ?? "", output, durationMs };
  }
  const [heard, notHeard] = heardText === null ? [text, ""] : partOf(text, heardText);
  return { kind: "turn", seq, speaker, text: heard, notHeard, interim: "", isFinal: text !== "", timings, failure };
}

/** The heard text is the beginning of the text, but for spaces around it. */
function partOf(text: string, heardText: string): readonly [heard: string, notHeard: string] {
  const heard = heardText.trimEnd();
  return text.startsWith(heard) ? [heard, text.slice(heard.length)] : [heard, text];
}
