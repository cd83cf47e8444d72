import type { Reason } from "../failure.ts";
import type { CallState } from "../protocol/call-messages.ts";
import { addUsage, NO_USAGE, type TurnRecord, type Usage } from "../protocol/call-record.ts";
import type { UsageSource } from "../protocol/charge.ts";
import type { CallFacts } from "./call-facts.ts";
import type { ChargeStart, Ledger } from "./ledger.ts";
import { type CutItem, Playback } from "./playback.ts";
import type { Transcript } from "./transcript.ts";
import { VoiceAnswer } from "./voice-answer.ts";
import { type Shown, shownNow } from "./voice-guess.ts";

/** Half a minute at 20 tokens a second. */
const GUESSED_AUDIO_TOKENS = 600;

/**
 * The model's responses, from their first word to the last sound of them that was played: their places in the
 * transcript, what of them the caller has heard, and that nothing of one is sent any more once it was cut.
 */
export class VoiceAnswers {
  readonly playback = new Playback();
  readonly #facts: CallFacts;
  readonly #transcript: Transcript;
  readonly #ledger: Ledger;
  readonly #keepTurn: (turn: TurnRecord) => void;
  readonly #byResponse = new Map<string, VoiceAnswer>();
  /** Those with sound that may not have been played yet, by item. */
  readonly #byItem = new Map<string, VoiceAnswer>();
  #current: VoiceAnswer | undefined;

  constructor(facts: CallFacts, transcript: Transcript, ledger: Ledger, keepTurn: (turn: TurnRecord) => void) {
    this.#facts = facts;
    this.#transcript = transcript;
    this.#ledger = ledger;
    this.#keepTurn = keepTurn;
  }

  /** The response that the model is making now. */
  get current(): VoiceAnswer | undefined {
    return this.#current?.isDone ? undefined : this.#current;
  }

  begin(responseId: string, turnEndedAtMs: number | undefined, nowMs: number): void {
    const charge = this.#ledger.begin(this.#billed, this.#guess(nowMs), nowMs);
    this.#current = new VoiceAnswer(turnEndedAtMs, nowMs, charge);
    this.#byResponse.set(responseId, this.#current);
  }

  of(responseId: string): VoiceAnswer | undefined {
    return this.#byResponse.get(responseId);
  }

  /** Frame path: the answer that sound of this response is for; `undefined`: nobody is to hear it. */
  audible(responseId: string): VoiceAnswer | undefined {
    const answer = this.#byResponse.get(responseId);
    return answer?.isCut ? undefined : answer;
  }

  /** Frame path: so much sound of an item has left us. */
  soundSent(answer: VoiceAnswer, itemId: string, ms: number, nowMs: () => number): void {
    this.playback.sent(itemId, ms);
    answer.soundSent(nowMs);
  }

  soundStarted(answer: VoiceAnswer, itemId: string, nowMs: number): void {
    answer.soundStarted(itemId, nowMs);
    this.#byItem.set(itemId, answer);
    this.place(answer);
  }

  /** Gives an answer its place in the transcript: when it begins, so that turns are in the order of speech. */
  place(answer: VoiceAnswer): number {
    answer.seq ??= this.#transcript.add({ speaker: "agent", startedAtMs: answer.startedAtMs, text: "" }).seq;
    return answer.seq;
  }

  /** The model is through with it. What it used goes to its turn, or to the tool call that is all it was. */
  end(
    responseId: string,
    answer: VoiceAnswer,
    { usage, source }: { readonly usage: Usage | null; readonly source?: UsageSource | undefined },
    failure: Reason | null,
    nowMs: number,
  ): void {
    answer.isDone = true;
    this.#ledger.settle(answer.charge, usage, source);
    this.#byResponse.delete(responseId);
    if (this.#current === answer) this.#current = undefined;
    const toolTurn = answer.seq === undefined ? this.#transcript.toolTurn(answer.firstToolCallId ?? "") : undefined;
    if (toolTurn) {
      this.#change(toolTurn.seq, { usage });
    } else if (usage || failure || answer.seq !== undefined) {
      const stray = this.#transcript.turnOf(this.place(answer))?.usage;
      this.keep(answer, { usage: stray && usage ? addUsage(stray, usage) : (stray ?? usage), failure }, nowMs);
    }
  }

  /** What a response used that nobody heard: it goes to the agent's last turn, or to one without words. */
  addStray(usage: Usage, source: UsageSource | undefined, nowMs: number): void {
    if (!this.#ledger.add(this.#billed, usage, source, nowMs)) return;
    const last =
      this.#transcript.lastOf("agent") ?? this.#transcript.add({ speaker: "agent", startedAtMs: nowMs, text: "" });
    this.#change(last.seq, { usage: last.usage ? addUsage(last.usage, usage) : usage });
  }

  /** Keeps an answer as it is by now. */
  keep(answer: VoiceAnswer, fields: Partial<TurnRecord>, nowMs: number): void {
    if (answer.seq === undefined) return;
    const timings = answer.timings(nowMs);
    // A turn is as long as it was when the model was through, whatever becomes known of it later.
    const turnMs = this.#transcript.turnOf(answer.seq)?.timings?.turnMs;
    const isLonger = timings && (turnMs === undefined || fields.usage !== undefined);
    this.#change(answer.seq, {
      text: answer.text,
      timings: timings && !isLonger && turnMs !== undefined ? { ...timings, turnMs } : timings,
      ...fields,
    });
  }

  /** The caller has heard all sound up to there. */
  played(positionMs: number, nowMs: number): void {
    this.playback.played(positionMs);
    for (const answer of new Set(this.#byItem.values())) {
      const heardMs = answer.itemIds.reduce((sum, itemId) => sum + this.playback.heardMs(itemId), 0);
      if (answer.heard(heardMs, nowMs) && answer.isDone) this.keep(answer, {}, nowMs);
    }
    if (this.playback.isPlayedOut && !this.current) this.#byItem.clear();
  }

  /** What was not played is void, and late sound is dropped. Returns what was heard of each item that was cut. */
  cut(nowMs: number): { readonly cuts: readonly CutItem[]; readonly wasSpeaking: boolean } {
    const wasSpeaking = this.current !== undefined || !this.playback.isPlayedOut;
    const affected = new Set<VoiceAnswer>();
    const cuts = this.playback.clear().filter(({ itemId }) => this.#byItem.has(itemId));
    for (const { itemId } of cuts) {
      const answer = this.#byItem.get(itemId);
      if (answer) affected.add(answer);
    }
    if (this.current) affected.add(this.current);
    for (const answer of affected) {
      if (answer.isCut) continue;
      answer.isCut = true;
      this.keep(answer, { heardText: answer.heardTextBy(this.playback) }, nowMs);
    }
    this.#byItem.clear();
    return { cuts, wasSpeaking };
  }

  /** What an answer has come to that nobody counts. `isLost`: it may have been more than what came. */
  estimated(answer: VoiceAnswer, isLost: boolean): Usage {
    return answer.estimatedUsage(this.playback, this.#shown(answer.startedAtMs), isLost);
  }

  /** The session is gone in mid-answer. What left us of it is being heard, and is what was said. */
  lose(nowMs: number): VoiceAnswer | undefined {
    const answer = this.current;
    this.#byResponse.clear();
    this.#current = undefined;
    if (!answer) return undefined;
    answer.isDone = true;
    this.place(answer);
    const usage = this.estimated(answer, true);
    this.#ledger.settle(answer.charge, usage);
    const heard = answer.isCut || answer.hasSound ? {} : { heardText: "" };
    this.keep(answer, { usage, failure: "upstream_lost", ...heard }, nowMs);
    return answer;
  }

  /** The call is over before the model was through. What came of its answer was paid for, and is counted by us. */
  abandon(nowMs: number): void {
    const [responseId, answer] = [...this.#byResponse].find(([, one]) => one === this.current) ?? [];
    if (responseId === undefined || answer === undefined) return;
    const hasBegun = answer.seq !== undefined || answer.firstToolCallId !== undefined;
    const usage = hasBegun ? this.estimated(answer, true) : null;
    this.end(responseId, answer, { usage }, null, nowMs);
  }

  get #billed(): ChargeStart {
    const { model, payer } = this.#facts;
    return { kind: "response", model, payer };
  }

  #shown(nowMs: number): Shown {
    return shownNow(this.#facts, this.#transcript, this.#ledger, nowMs);
  }

  /** What an answer comes to of which no more is ever heard: half a minute of sound. */
  #guess(nowMs: number): Usage {
    return {
      ...NO_USAGE,
      responses: 1,
      ...this.#shown(nowMs),
      outputTokens: GUESSED_AUDIO_TOKENS,
      outputAudioTokens: GUESSED_AUDIO_TOKENS,
    };
  }

  #change(seq: number, fields: Partial<Omit<TurnRecord, "seq" | "revision">>): void {
    const changed = this.#transcript.change(seq, fields);
    if (changed) this.#keepTurn(changed);
  }
}

/** What a screen shows while the agent has an answer of this kind in hand. */
export const stateOf = (answer: VoiceAnswer | undefined, isPlayedOut: boolean, isDue: boolean): CallState => {
  if (!isPlayedOut || answer?.hasSound) return "speaking";
  return answer || isDue ? "thinking" : "listening";
};
