import { NO_USAGE, type ToolCallRecord, type TurnTimings, type Usage } from "../protocol/call-record.ts";
import { heardText, type Playback } from "./playback.ts";
import type { Shown } from "./voice-guess.ts";

/** OpenAI counts the agent's sound as one token for 50 ms (pricing page, 2026-11-22). */
const MS_PER_AUDIO_TOKEN = 50;
/** What a model has made that a broken line has swallowed. */
const SWALLOWED_MS = 500;
/** Rather too many tokens than too few: a guess at a bill errs high. */
const CHARACTERS_PER_TOKEN = 3;

/** A tool call as the model wrote it. */
type ToolCallWords = Pick<ToolCallRecord, "toolCallId" | "name" | "arguments">;

/** One response of the model while it is made and heard: the agent's turn, unless it only calls tools. */
export class VoiceAnswer {
  /** When the caller's turn was over that this answers; `undefined`: it answers none, as a greeting. */
  readonly turnEndedAtMs: number | undefined;
  readonly startedAtMs: number;
  /** Its row in the ledger. */
  readonly charge: number;
  /** Its place in the transcript, from its first word or sound on. */
  seq: number | undefined;
  /** The caller has spoken over it: nothing of it is sent or shown any more. */
  isCut = false;
  /** The model has finished with it, one way or another. */
  isDone = false;
  hasSound = false;
  /** The first tool it called. */
  #firstToolCallId: string | undefined;
  #toolCharacters = 0;
  readonly #texts = new Map<string, string>();
  #ttftMs: number | null = null;
  #ttfbMs: number | null = null;
  #turnLatencyMs: number | null = null;
  #heardLatencyMs: number | null = null;

  constructor(turnEndedAtMs: number | undefined, startedAtMs: number, charge: number) {
    this.turnEndedAtMs = turnEndedAtMs;
    this.startedAtMs = startedAtMs;
    this.charge = charge;
  }

  /** What it says, all items of it. */
  get text(): string {
    return [...this.#texts.values()].filter((text) => text !== "").join(" ");
  }

  get firstToolCallId(): string | undefined {
    return this.#firstToolCallId;
  }

  called({ toolCallId, name, arguments: args }: ToolCallWords): void {
    this.#firstToolCallId ??= toolCallId;
    this.#toolCharacters += name.length + args.length;
  }

  get itemIds(): readonly string[] {
    return [...this.#texts.keys()];
  }

  addText(itemId: string, delta: string, nowMs: number): void {
    this.#ttftMs ??= this.#since(nowMs);
    this.#texts.set(itemId, (this.#texts.get(itemId) ?? "") + delta);
  }

  /** The whole words of an item, in place of its deltas. */
  setText(itemId: string, text: string): void {
    this.#texts.set(itemId, text);
  }

  soundStarted(itemId: string, nowMs: number): void {
    this.hasSound = true;
    this.#ttfbMs ??= this.#since(nowMs);
    if (!this.#texts.has(itemId)) this.#texts.set(itemId, "");
  }

  /** Frame path: a piece of its sound has left us. */
  soundSent(nowMs: () => number): void {
    if (this.#turnLatencyMs === null && this.turnEndedAtMs !== undefined)
      this.#turnLatencyMs = nowMs() - this.turnEndedAtMs;
  }

  /** The caller has heard `heardMs` of it by now; returns whether that was news for the timings. */
  heard(heardMs: number, nowMs: number): boolean {
    if (this.#heardLatencyMs !== null || heardMs <= 0 || this.turnEndedAtMs === undefined) return false;
    this.#heardLatencyMs = Math.max(this.#turnLatencyMs ?? 0, nowMs - this.turnEndedAtMs - heardMs);
    return true;
  }

  /** The words that fit what was heard of each item. */
  heardTextBy(playback: Playback): string {
    return [...this.#texts]
      .map(([itemId, text]) => heardText(text, playback.heardMs(itemId), playback.sentMsOf(itemId)))
      .filter((text) => text !== "")
      .join(" ");
  }

  timings(nowMs: number): TurnTimings | null {
    if (this.turnEndedAtMs === undefined) return null;
    return {
      ttftMs: this.#ttftMs,
      ttfbMs: this.#ttfbMs,
      turnLatencyMs: this.#turnLatencyMs,
      heardLatencyMs: this.#heardLatencyMs,
      turnMs: nowMs - this.turnEndedAtMs,
    };
  }

  /** Its usage when OpenAI does not tell: counted from what came, and marked as estimated. `isLost`: more was on its way. */
  estimatedUsage(playback: Playback, shown: Shown, isLost: boolean): Usage {
    const sentMs = this.itemIds.reduce((sum, itemId) => sum + playback.sentMsOf(itemId), 0);
    const soundMs = sentMs + (isLost ? SWALLOWED_MS : 0);
    const outputAudioTokens = Math.ceil(soundMs / MS_PER_AUDIO_TOKEN);
    return {
      ...NO_USAGE,
      responses: 1,
      ...shown,
      outputTokens: outputAudioTokens + Math.ceil((this.text.length + this.#toolCharacters) / CHARACTERS_PER_TOKEN),
      outputAudioTokens,
      estimated: true,
    };
  }

  #since(nowMs: number): number | null {
    return this.turnEndedAtMs === undefined ? null : nowMs - this.turnEndedAtMs;
  }
}
