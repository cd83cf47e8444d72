import type { ShownBill, ShownCall, ShownToolCall } from "./call-rest.ts";
import type { Terminal } from "./progress.ts";
import type { RelayTurn } from "./relay-client.ts";

/** How a call looks in a terminal: who speaks stands in a column of its own, figures are dim. */

const COLUMN = 8;
const INDENT = " ".repeat(COLUMN);
/** Arguments and outputs of tools are shown this far. */
const SHOWN_CHARACTERS = 120;

/** The line somebody types on: out of the way while something is printed, shown again when it is their turn. */
export interface TypingLine {
  hide(): void;
  show(): void;
}

export class CallPrinter {
  typingLine: TypingLine | undefined;

  readonly #out: Terminal;
  readonly #isColored: boolean;
  /** The line of the agent's words is open. */
  #isInWords = false;

  constructor(out: Terminal, isColored: boolean) {
    this.#out = out;
    this.#isColored = isColored;
  }

  /** What stands before the caller's words. */
  get callerLabel(): string {
    return this.#label("You", "36");
  }

  line(label: string, text: string, figures = ""): void {
    this.endLine();
    const dim = figures && `  ${this.#paint(printable(figures), "2")}`;
    this.#out.write(`${this.#label(label, "1")}${indented(text)}${dim}\n`);
  }

  note(text: string): void {
    this.endLine();
    this.#out.write(`${INDENT}${this.#paint(printable(text), "2")}\n`);
  }

  caller(text: string): void {
    this.endLine();
    this.#out.write(`${this.callerLabel}${indented(text)}\n`);
  }

  words(text: string): void {
    if (!this.#isInWords) {
      this.typingLine?.hide();
      this.#out.write(this.#label("Agent", "32"));
    }
    this.#isInWords = true;
    this.#out.write(indented(text));
  }

  turn({ firstWordMs, cut }: RelayTurn): void {
    if (cut) this.endLine();
    else if (firstWordMs !== undefined) this.note(`${firstWordMs} ms to the first word`);
    if (!cut) this.typingLine?.show();
  }

  /** Ends the line of the agent's words, so that something else can be written. */
  endLine(): void {
    if (this.#isInWords) this.#out.write("\n");
    else this.typingLine?.hide();
    this.#isInWords = false;
  }

  toolCall({ name, arguments: given, output, outcome, durationMs }: ShownToolCall): void {
    const took = durationMs === null ? "" : `, ${durationMs} ms`;
    this.line("Tool", `${name}(${short(given)}) → ${short(output ?? "nothing")}`, outcome + took);
  }

  summary(
    { id, startedAt, endedAt, endReason, keySource, model, usage, costMicroUsd }: ShownCall,
    bill: ShownBill,
  ): void {
    const duration = endedAt === null ? "not ended" : inSeconds(endedAt - startedAt);
    const { inputTokens, inputAudioTokens, cachedInputTokens } = usage;
    const { outputTokens, outputAudioTokens, responses, estimated } = usage;
    const sound = (tokens: number): string => (tokens === 0 ? "" : `${tokens} of sound`);
    const ofInput = [`${cachedInputTokens} cached`, sound(inputAudioTokens)].filter(Boolean).join(", ");
    const ofOutput = outputAudioTokens === 0 ? "" : ` (${sound(outputAudioTokens)})`;
    const facts = [duration, endReason && (END_REASONS[endReason] ?? endReason), model].filter(Boolean);
    this.line("Call", facts.join(", "), id);
    this.line("Key", keySource === "student" ? "the student's OpenAI key" : "the instructor's OpenAI key (fallback)");
    this.line(
      "Tokens",
      `${inputTokens} in (${ofInput}), ${outputTokens} out${ofOutput}, ${responses} response${responses === 1 ? "" : "s"}` +
        (estimated ? ", partly estimated" : ""),
    );
    const phone = bill?.phoneMicroUsd ? `, and ${dollars(bill.phoneMicroUsd)} on the instructor's Twilio bill` : "";
    const cost = costMicroUsd === null ? "unpriced: no price is known for this model" : dollars(costMicroUsd);
    this.line("Cost", `${cost} on that key${phone}`);
  }

  /** Somebody pressed Enter: the terminal has ended the line by itself. */
  entered(): void {
    this.#isInWords = false;
  }

  #label(text: string, style: string): string {
    return this.#paint(text, style) + " ".repeat(Math.max(1, COLUMN - text.length));
  }

  #paint(text: string, style: string): string {
    return this.#isColored ? `\x1b[${style}m${text}\x1b[0m` : text;
  }
}

/** Our words for the end reasons of a call's record. */
const END_REASONS: Readonly<Record<string, string>> = {
  "caller-left": "you hung up",
  "agent-ended": "ended by the agent",
  "handed-over": "handed over",
  silence: "nothing was said",
  "call-cap": "longest time reached",
  "key-failed": "the key failed",
  revoked: "ended by the workshop",
  paused: "all calls were paused",
  lost: "the connection was lost",
  refused: "not let in",
  policy: "ended for breaking a rule",
  budget: "nothing more may be spent",
  "upstream-failed": "the connection to OpenAI failed",
};

/** What an agent that left has said about it: `handoffData` is JSON of ours, when it is ours. */
export function handoffSentence(handoff: Readonly<Record<string, string>>): string {
  const note = handoff.note ? `: ${handoff.note}` : ".";
  switch (handoff.reason) {
    case "hand-over":
      return `The agent hands you over to a person${note}`;
    case "agent-ended":
      return `The agent has ended the call${note}`;
    default:
      return "The call was ended at the other side.";
  }
}

/** Text from outside, without what would drive the terminal: control characters except line breaks and tabs. */
export const printable = (text: string): string => text.replace(/(?![\n\t])\p{Cc}/gu, "");

const indented = (text: string): string => printable(text).replaceAll("\n", `\n${INDENT}`);

function short(text: string): string {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line;
}

/** To the millionth, which is what the ledger counts in. */
const dollars = (microUsd: number): string => `$${(microUsd / 1_000_000).toFixed(6)}`;

const inSeconds = (ms: number): string => {
  const seconds = Math.round(ms / 1_000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
};
