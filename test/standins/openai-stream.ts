import type { ServerResponse } from "node:http";
import type { Clock } from "./clock.ts";
import type { ErrorBody } from "./openai-errors.ts";
import type { Faults, Trouble } from "./openai-faults.ts";
import type { Plan } from "./openai-prompt.ts";
import type { StandinUsage } from "./openai-usage.ts";

/** Writes one answer in an endpoint's own words. Called in the order of the stream: events are numbered. */
export interface AnswerWriter {
  /** OpenAI's name of the answer. */
  readonly id: string;
  /** What comes at once, before the first token. */
  begin(): string;
  /** A token of a part; opens the part when it is its first, and closes the one before. */
  token(part: number, token: string): string;
  /** The end: complete, or incomplete when the plan was cut at its cap. */
  complete(usage: StandinUsage): string;
  incomplete(reason: "max_output_tokens" | "content_filter", usage: StandinUsage): string;
  failed(error: Pick<ErrorBody, "code" | "message">): string;
  errorEvent(error: ErrorBody, shape: "nested" | "flat"): string;
  /** Event types nobody has heard of. */
  strange(): string;
  /** A data line that is no JSON. */
  malformed(): string;
  oversized(bytes: number): string;
  deep(depth: number): string;
  /** The answer as one JSON body, for requests without `stream`. */
  whole(usage: StandinUsage): object;
}

export interface Pace {
  /** From the request to the first token. */
  readonly ttftMs: number;
  /** 0: all at once. */
  readonly tokensPerSecond: number;
}

interface Chunk {
  /** Since the request arrived. */
  readonly dueMs: number;
  readonly text: string;
  /** Tokens sent with and before this chunk. */
  readonly tokens: number;
}

/** An answer as it will leave, worked out beforehand: what, when, and how it ends. */
export interface Script {
  readonly chunks: readonly Chunk[];
  readonly ending: "end" | "stall" | "reset";
}

export function writeScript(
  plan: Plan,
  writer: AnswerWriter,
  pace: Pace,
  faults: Faults,
  usageAt: (tokens: number) => StandinUsage,
): Script {
  const { trouble } = faults;
  const chunks: Chunk[] = [{ dueMs: 0, text: writer.begin(), tokens: 0 }];
  const firstMs = faults.firstTokenMs ?? pace.ttftMs;
  const tokenMs = pace.tokensPerSecond === 0 ? 0 : 1_000 / pace.tokensPerSecond;
  const dueMs = (tokens: number): number => firstMs + Math.max(0, tokens - 1) * tokenMs;
  const all = plan.parts.flatMap((part, index) => part.tokens.map((token) => ({ index, token })));
  const troubledAt = trouble && "afterTokens" in trouble ? Math.min(trouble.afterTokens, all.length) : undefined;
  let tokens = 0;
  const emit = (text: string): void => {
    if (text !== "") chunks.push({ dueMs: dueMs(tokens), text, tokens });
  };
  /** Plays the trouble when its token has come; returns how the answer ends, if it does. */
  const strike = (): Script["ending"] | undefined => {
    if (trouble === undefined || troubledAt !== tokens) return undefined;
    const stroke = strokeOf(trouble, writer, usageAt(tokens));
    emit(stroke.text);
    return stroke.ending;
  };

  if (trouble?.kind === "unknown-events") emit(writer.strange());
  let ending = strike();
  for (const { index, token } of all) {
    if (ending !== undefined) return { chunks, ending };
    tokens += 1;
    emit(writer.token(index, token));
    ending = strike();
  }
  if (ending !== undefined) return { chunks, ending };
  const whole = writer.complete(usageAt(tokens));
  emit(faults.isToldTwice ? whole + whole : whole);
  return { chunks, ending: "end" };
}

/** What a fault puts into the stream, and whether the stream is over with it. */
function strokeOf(
  trouble: Trouble,
  writer: AnswerWriter,
  usage: StandinUsage,
): { readonly text: string; readonly ending?: Script["ending"] } {
  switch (trouble.kind) {
    case "stall":
      return { text: "", ending: "stall" };
    case "reset":
      return { text: "", ending: "reset" };
    case "malformed-event":
      return { text: writer.malformed() };
    case "unknown-events":
      return { text: writer.strange() };
    case "oversized-event":
      return { text: writer.oversized(trouble.bytes) };
    case "deep-event":
      return { text: writer.deep(trouble.depth) };
    case "error-event": {
      const { code, type, message, shape } = trouble;
      return { text: writer.errorEvent({ code, type, message, param: null }, shape), ending: "end" };
    }
    case "failed":
      return { text: writer.failed({ code: trouble.code, message: trouble.message }), ending: "end" };
    case "incomplete":
      return { text: writer.incomplete(trouble.reason, usage), ending: "end" };
    case "no-terminal":
      return { text: "", ending: "end" };
    case "hang":
    case "status":
      // Played before there is a stream.
      return { text: "" };
  }
}

export interface Playing {
  readonly script: Script;
  readonly clock: Clock;
  readonly arrivedMs: number;
  readonly split: Faults["split"];
  /** Told after every write: tokens sent so far, and whether the answer has been sent to its end. */
  readonly onSent: (tokens: number, isWhole: boolean) => void;
}

/** Sends a script when it is due; what is due together leaves in one write. Stops, with its timer, when the client goes. */
export function play(response: ServerResponse, playing: Playing): void {
  const { script, clock, arrivedMs, split } = playing;
  let next = 0;
  let cancel = (): void => {};
  const step = (): void => {
    let due = "";
    let tokens = 0;
    const nowMs = clock.now() - arrivedMs;
    for (; next < script.chunks.length; next += 1) {
      const chunk = script.chunks[next];
      if (chunk === undefined || chunk.dueMs > nowMs) break;
      due += chunk.text;
      tokens = chunk.tokens;
    }
    const isLast = next >= script.chunks.length;
    const isWhole = isLast && script.ending === "end";
    // The end leaves with the last bytes: who has read the terminal event may go, and has not gone too early.
    const send = (bytes: string | Buffer): void => {
      if (isWhole) response.end(bytes);
      else if (bytes.length > 0) response.write(bytes);
      if (due !== "") playing.onSent(tokens, isWhole);
      if (!isLast) cancel = clock.startTimer(step, Math.max(1, Math.ceil((script.chunks[next]?.dueMs ?? 0) - nowMs)));
      // An empty write is called back after all before it have left: what was promised arrives before the reset.
      else if (script.ending === "reset") response.write("", () => response.socket?.destroy());
    };
    if (split === undefined) send(due);
    else sendPieces(response, splitBytes(due, split), send);
  };
  response.on("close", () => cancel());
  step();
}

/** Sends each piece in a round of the event loop of its own: written together they would be read together. */
function sendPieces(
  response: ServerResponse,
  pieces: readonly Buffer[],
  sendLast: (piece: Buffer) => void,
  at = 0,
): void {
  const piece = pieces[at] ?? Buffer.alloc(0);
  if (response.destroyed) return;
  if (at >= pieces.length - 1) sendLast(piece);
  else response.write(piece, () => setImmediate(sendPieces, response, pieces, sendLast, at + 1));
}

/** The same stream, badly packed: CRLF, comment lines between events, and pieces that end in mid-character. */
function splitBytes(text: string, split: NonNullable<Faults["split"]>): Buffer[] {
  let sse = split.comments ? text.replace(/\n\n(?=.)/g, "\n\n: a comment, with an umbrella \u2602\n") : text;
  if (split.crlf) sse = sse.replaceAll("\n", "\r\n");
  const bytes = Buffer.from(sse);
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += split.everyBytes) pieces.push(bytes.subarray(at, at + split.everyBytes));
  return pieces;
}
