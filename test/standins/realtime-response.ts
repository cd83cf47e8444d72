import { type Answer, tokensOf } from "./openai-prompt.ts";
import { soundFormatOf } from "./realtime-audio.ts";
import type { SessionContext } from "./realtime-context.ts";
import { TROUBLES, type Trouble } from "./realtime-faults.ts";
import type { ResponseRecord, Writable } from "./realtime-journal.ts";
import type { ResponseRequest } from "./realtime-response-request.ts";
import { type Outcome, ResponseWriter } from "./realtime-response-writer.ts";
import { strike } from "./realtime-trouble.ts";
import { agentAudioTokens, type InputTokens, type RealtimeUsage, textTokens, usageOf } from "./realtime-usage.ts";
import { BYTES_PER_MS, sentencesOf } from "./speech.ts";

/** A response while it runs: says its answer at the session's pace, until it is through, cut or cancelled. */
export class RunningResponse {
  readonly #context: SessionContext;
  readonly #request: ResponseRequest;
  readonly #answer: Answer;
  readonly #writer: ResponseWriter;
  readonly #input: InputTokens;
  readonly #onDone: (audioMs: number) => void;
  readonly #record: Writable<ResponseRecord>;
  readonly #trouble: Trouble | undefined;
  readonly #startedMs: number;
  #deltas = 0;
  #characters = 0;
  #isOver = false;
  #isCreated = false;
  #wake: () => void = () => {};

  constructor(
    context: SessionContext,
    request: ResponseRequest,
    answer: Answer,
    input: InputTokens,
    onDone: (audioMs: number) => void,
  ) {
    this.#context = context;
    this.#request = request;
    this.#answer = answer;
    this.#input = input;
    this.#onDone = onDone;
    this.#startedMs = context.clock.now();
    this.#writer = new ResponseWriter(context, request);
    this.#trouble = context.takeFault(...TROUBLES);
    this.#record = {
      responseId: this.#writer.responseId,
      createdAtMs: this.#startedMs,
      firstAudioAtMs: null,
      doneAtMs: null,
      status: "in_progress",
      reason: null,
      isOutOfBand: request.isOutOfBand,
      instructions: request.ownInstructions ?? null,
      audioMs: 0,
      usage: null,
      used: null,
    };
    context.record.responses.push(this.#record);
  }

  get id(): string {
    return this.#writer.responseId;
  }

  async run(): Promise<void> {
    const { pace, takeFault } = this.#context;
    const late = takeFault("created-delay")?.ms;
    if (late !== undefined) await this.#until(this.#startedMs + late);
    if (this.#isOver) return;
    this.#writer.created();
    this.#isCreated = true;
    this.#strikeAfter(0);
    await this.#until(this.#startedMs + (takeFault("slow-first-audio")?.ms ?? pace.ttfbMs));
    const { text, toolCalls, duplicated } = this.#answer;
    const isTwice = takeFault("duplicate-calls") !== undefined || duplicated === true;
    if (this.#isOver) return;
    // An empty answer is still a message, as it is at OpenAI.
    if (text !== "" || toolCalls.length === 0) await this.#say(text);
    for (const call of toolCalls) {
      if (this.#isOver) return;
      this.#characters += call.name.length + call.arguments.length;
      this.#record.used = this.#used;
      this.#writer.toolCall(call.name, call.arguments, isTwice);
    }
    this.#end({ status: "completed" });
  }

  /** Ends the response where it is. */
  cancel(reason: "turn_detected" | "client_cancelled"): void {
    if (!this.#isCreated) this.#writer.created();
    this.#end({ status: "cancelled", reason });
  }

  /** The session is over: nothing more is written. */
  abandon(): void {
    this.#isOver = true;
    this.#wake();
  }

  async #say(text: string): Promise<void> {
    const modality = this.#request.config.output_modalities[0];
    this.#writer.openMessage(modality);
    await (modality === "text" ? this.#writeWords(text) : this.#speak(text));
    if (!this.#isOver) this.#writer.closeMessage("completed");
  }

  async #writeWords(text: string): Promise<void> {
    const { tokensPerSecond } = this.#context.pace;
    const firstMs = this.#context.clock.now();
    const tokenMs = tokensPerSecond === 0 ? 0 : 1_000 / tokensPerSecond;
    for (const [index, token] of (this.#answer.tokens ?? tokensOf(text)).entries()) {
      await this.#until(firstMs + index * tokenMs);
      if (this.#isOver || !this.#fits(token, 0)) return;
      this.#writer.textDelta(token);
      this.#sent(token, 0);
    }
  }

  async #speak(text: string): Promise<void> {
    const { clock, pace, speaker } = this.#context;
    const { format, voice, speed } = this.#request.output;
    const manner = { format: soundFormatOf(format), voice: typeof voice === "string" ? voice : voice.id, speed };
    const deltaBytes = pace.deltaMs * BYTES_PER_MS[manner.format];
    // All are made at once, and a failure waits until its sentence is due.
    const sentences = sentencesOf(text).map((sentence) => ({
      words: tokensOf(sentence),
      sound: speaker.speak(sentence, manner).catch(() => undefined),
    }));
    let firstMs: number | undefined;
    for (const { words, sound } of sentences) {
      const bytes = await sound;
      if (this.#isOver) return;
      if (bytes === undefined) {
        this.#end({ status: "failed", error: { type: "server_error", code: "server_error", message: "No voice." } });
        return;
      }
      firstMs ??= clock.now();
      const count = Math.ceil(bytes.length / deltaBytes);
      for (let index = 0; index < count; index += 1) {
        if (pace.speed > 0) await this.#until(firstMs + this.#record.audioMs / pace.speed);
        const part = bytes.subarray(index * deltaBytes, (index + 1) * deltaBytes);
        const share = (place: number): number => Math.ceil((words.length * place) / count);
        const spoken = words.slice(share(index), share(index + 1)).join("");
        const ms = part.length / BYTES_PER_MS[manner.format];
        if (this.#isOver || !this.#fits(spoken, ms)) return;
        this.#record.firstAudioAtMs ??= clock.now();
        this.#writer.audioDelta(spoken, part, ms);
        this.#sent(spoken, ms);
      }
    }
  }

  /** Whether the next delta stays within `max_output_tokens`; if not, the response has ended. */
  #fits(words: string, ms: number): boolean {
    const maximum = this.#request.config.max_output_tokens;
    const tokens = textTokens(this.#characters + words.length) + agentAudioTokens(this.#record.audioMs + ms);
    if (maximum === "inf" || tokens <= maximum) return true;
    this.#end({ status: "incomplete", reason: "max_output_tokens" });
    return false;
  }

  #sent(words: string, ms: number): void {
    this.#characters += words.length;
    this.#record.audioMs += ms;
    this.#deltas += 1;
    this.#record.used = this.#used;
    if (ms > 0 && !this.#request.isOutOfBand) this.#context.hasSpoken();
    this.#strikeAfter(this.#deltas);
    this.#context.changed();
  }

  #strikeAfter(deltas: number): void {
    if (this.#trouble?.afterDeltas !== deltas) return;
    const aftermath = strike(this.#trouble, this.#context);
    if (aftermath === "silent") this.abandon();
    else if (aftermath !== "goes-on") this.#end(aftermath);
  }

  #end(outcome: Outcome): void {
    if (this.#isOver) return;
    const { clock, timers, takeFault, changed } = this.#context;
    this.abandon();
    this.#writer.closeMessage("incomplete");
    // What ended before it began has no bill.
    const isUnused = outcome.status !== "completed" && this.#characters === 0 && this.#record.audioMs === 0;
    const usage = isUnused ? null : this.#used;
    this.#record.usage = usage;
    this.#record.used = usage;
    this.#record.status = outcome.status;
    this.#record.reason = outcome.reason ?? outcome.error?.code ?? null;
    this.#record.doneAtMs = clock.now();
    const odd = takeFault("no-usage", "usage");
    const told = odd && { usage: odd.kind === "usage" ? odd.usage : undefined };
    const times = takeFault("told-twice") === undefined ? 1 : 2;
    const tell = (): void => {
      for (let time = 0; time < times; time += 1) this.#writer.done(outcome, usage, told);
    };
    const lateMs = takeFault("done-delay")?.ms;
    if (lateMs === undefined) tell();
    else timers.start(tell, lateMs);
    this.#onDone(this.#record.audioMs);
    changed();
  }

  get #used(): RealtimeUsage {
    return usageOf(this.#input, {
      text: textTokens(this.#characters),
      audio: agentAudioTokens(this.#record.audioMs),
    });
  }

  /** Resolves when the clock says so, or when the response is over. */
  async #until(dueMs: number): Promise<void> {
    const { clock, timers } = this.#context;
    while (!this.#isOver && clock.now() < dueMs) {
      const waitMs = Math.max(1, Math.ceil(dueMs - clock.now()));
      await new Promise<void>((resolve) => {
        const cancel = timers.start(resolve, waitMs);
        this.#wake = () => {
          cancel();
          resolve();
        };
      });
    }
  }
}
