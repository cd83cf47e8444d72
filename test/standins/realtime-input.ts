import { decodeMulaw } from "./mulaw.ts";
import { tokensOf } from "./openai-prompt.ts";
import type { Json } from "./openai-validate.ts";
import { refuse, stringOf } from "./openai-validate.ts";
import { type AudioConfig, soundFormatOf, vadSettingsOf } from "./realtime-audio.ts";
import type { SessionContext } from "./realtime-context.ts";
import type { Item, Part } from "./realtime-conversation.ts";
import { badAudio, bufferTooSmall } from "./realtime-errors.ts";
import { transcriptionUsage } from "./realtime-usage.ts";
import { EnergyVad } from "./realtime-vad.ts";
import { BYTES_PER_MS } from "./speech.ts";

/** 15 MiB of sound in one event, as base64. */
const LONGEST_AUDIO = 20 * 1024 * 1024;
const SHORTEST_COMMIT_MS = 100;

/** What the turns of the caller bring about elsewhere in the session. */
export interface TurnListener {
  onSpeechStart(): void;
  /** The caller's turn is in the conversation. */
  onTurnEnd(): void;
}

/** The input audio buffer: finds the caller's turns in it, puts them into the conversation and has them transcribed. */
export class InputBuffer {
  readonly #context: SessionContext;
  readonly #listener: TurnListener;
  #vad: EnergyVad | undefined;
  /** Sound since the session began. */
  #totalMs = 0;
  /** Where the sound begins that is in no item yet. */
  #openMs = 0;
  #speech: { readonly itemId: string; readonly startMs: number } | undefined;
  #turns = 0;

  constructor(context: SessionContext, listener: TurnListener) {
    this.#context = context;
    this.#listener = listener;
    this.configure(undefined, context.config().audio.input);
  }

  get totalMs(): number {
    return this.#totalMs;
  }

  /** After an update. A detector whose settings stay goes on, also in mid-speech. */
  configure(before: AudioConfig["input"] | undefined, now: AudioConfig["input"]): void {
    const { format, turn_detection: detection } = now;
    const isSame = JSON.stringify([before?.format, before?.turn_detection]) === JSON.stringify([format, detection]);
    if (isSame) return;
    this.#speech = undefined;
    const rateHz = format.type === "audio/pcm" ? 24_000 : 8_000;
    this.#vad = detection === null ? undefined : new EnergyVad(vadSettingsOf(detection), rateHz, this.#totalMs);
  }

  /** Takes sound; there is no answer to it. Throws `Refused` for what is none. */
  append(event: Json): void {
    const bytes = decodeBase64(stringOf(event.audio, "audio", LONGEST_AUDIO));
    const { config, record, clock } = this.#context;
    const format = soundFormatOf(config().audio.input.format);
    if (format === "pcm16-24k" && bytes.length % 2 === 1) refuse(badAudio("the last sample is cut in two"));
    const ms = bytes.length / BYTES_PER_MS[format];
    this.#totalMs += ms;
    record.audioIn.bytes += bytes.length;
    record.audioIn.ms += ms;
    record.audioIn.firstAtMs ??= clock.now();
    this.#context.onAudioIn?.(record.sessionId, bytes);
    if (this.#vad !== undefined)
      this.#listen(this.#vad, format === "pcm16-24k" ? samplesOf(bytes) : decodeMulaw(bytes));
    this.#context.changed();
  }

  #listen(vad: EnergyVad, samples: Int16Array): void {
    const { wire, makeId, record, clock } = this.#context;
    for (const event of vad.push(samples)) {
      if (event.type === "speech-start") {
        this.#speech = { itemId: makeId("item"), startMs: event.startMs };
        record.speechStartsAtMs.push(clock.now());
        const { itemId, startMs } = this.#speech;
        wire.event("input_audio_buffer.speech_started", { audio_start_ms: Math.round(startMs), item_id: itemId });
        this.#listener.onSpeechStart();
      } else if (this.#speech !== undefined) {
        const { itemId, startMs } = this.#speech;
        wire.event("input_audio_buffer.speech_stopped", { audio_end_ms: Math.round(event.endMs), item_id: itemId });
        this.#commit(itemId, event.endMs - startMs, this.#heard(), event.endMs);
        this.#listener.onTurnEnd();
      }
    }
  }

  /** The client's own commit: of all that is in no item yet. */
  commit(): void {
    const ms = this.#totalMs - this.#openMs;
    if (ms < SHORTEST_COMMIT_MS) refuse(bufferTooSmall(ms));
    const itemId = this.#speech?.itemId ?? this.#context.makeId("item");
    this.#vad?.reset(this.#totalMs);
    this.#commit(itemId, ms, this.#heard(), this.#totalMs);
  }

  clear(): void {
    this.#speech = undefined;
    this.#openMs = this.#totalMs;
    this.#vad?.reset(this.#totalMs);
    this.#context.wire.event("input_audio_buffer.cleared", {});
  }

  /** The caller has been silent for as long as `idle_timeout_ms` says: the silence becomes an item. */
  timeOut(idleMs: number): void {
    const { wire, makeId } = this.#context;
    const itemId = makeId("item");
    const startMs = Math.max(this.#openMs, this.#totalMs - idleMs);
    wire.event("input_audio_buffer.timeout_triggered", {
      audio_start_ms: Math.round(startMs),
      audio_end_ms: Math.round(this.#totalMs),
      item_id: itemId,
    });
    this.#commit(itemId, this.#totalMs - startMs, "", this.#totalMs);
  }

  #heard(): string {
    const heard = this.#context.transcripts.take(this.#context.record.key, this.#turns);
    this.#turns += 1;
    return heard;
  }

  #commit(itemId: string, ms: number, heard: string, endMs: number): void {
    const { wire, conversation } = this.#context;
    this.#speech = undefined;
    this.#openMs = endMs;
    const part: Extract<Part, { type: "input_audio" }> = {
      type: "input_audio",
      heard,
      ms: Math.round(ms),
      transcript: null,
    };
    const item: Item = { id: itemId, body: { type: "message", role: "user", content: [part] }, status: "completed" };
    wire.event("input_audio_buffer.committed", { item_id: itemId, previous_item_id: conversation.lastId });
    this.#context.items.add(item, "server");
    this.#transcribe(itemId, part);
  }

  /** Runs beside the answer and may end after it. */
  #transcribe(itemId: string, part: Extract<Part, { type: "input_audio" }>): void {
    const { config, takeFault, pace, timers } = this.#context;
    const { transcription } = config().audio.input;
    if (transcription === null) return;
    const afterMs = takeFault("transcription-delay")?.ms ?? pace.transcriptionMs;
    const isFailed = takeFault("transcription-failed") !== undefined;
    timers.start(() => this.#tell(itemId, part, transcription.model, isFailed), afterMs);
  }

  #tell(itemId: string, part: Extract<Part, { type: "input_audio" }>, model: string, isFailed: boolean): void {
    const { wire, record, changed, takeFault } = this.#context;
    const at = { item_id: itemId, content_index: 0 };
    const name = "conversation.item.input_audio_transcription";
    record.transcripts.push({ itemId, model, text: isFailed ? "" : part.heard, isFailed });
    if (isFailed) {
      const error = {
        type: "transcription_error",
        code: "audio_unintelligible",
        message: "The audio could not be transcribed.",
        param: null,
      };
      wire.event(`${name}.failed`, { ...at, error });
    } else {
      part.transcript = part.heard;
      // The oldest model listens to the end before it writes; the others stream.
      const deltas = model === "whisper-1" ? [part.heard] : tokensOf(part.heard);
      for (const delta of deltas) wire.event(`${name}.delta`, { ...at, delta, logprobs: null });
      const usage = transcriptionUsage(model, part.ms, part.heard);
      const languages = model === "gpt-transcribe" ? { languages: [{ code: "en" }] } : {};
      const completed = { ...at, transcript: part.heard, usage, logprobs: null, ...languages };
      const odd = takeFault("transcription-usage");
      const times = takeFault("transcription-twice") === undefined ? 1 : 2;
      for (let time = 0; time < times; time += 1) {
        if (odd) wire.strange(`${name}.completed`, { ...completed, usage: odd.usage });
        else wire.event(`${name}.completed`, completed);
      }
    }
    changed();
  }
}

/** Node's decoder skips what is no base64: then fewer bytes come out than the text promises. */
function decodeBase64(text: string): Buffer {
  const bytes = Buffer.from(text, "base64");
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const isWhole = text.length % 4 === 0 && bytes.length === (text.length / 4) * 3 - padding;
  return isWhole ? bytes : refuse(badAudio("got an invalid value"));
}

/** Copied: the bytes may begin at an odd address of Node's pool. */
function samplesOf(bytes: Buffer): Int16Array {
  const samples = new Int16Array(bytes.length / 2);
  new Uint8Array(samples.buffer).set(bytes);
  return samples;
}
