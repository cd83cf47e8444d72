import { invalidValue, missingParameter, notPlayed, unknownParameter } from "./openai-errors.ts";
import {
  type Json,
  oneOf,
  onlyKeys,
  optionalFlag,
  optionalInteger,
  optionalString,
  recordOf,
  refuse,
} from "./openai-validate.ts";
import { aboveMaximum, invalid } from "./realtime-errors.ts";
import type { VadSettings } from "./realtime-vad.ts";
import type { SoundFormat } from "./speech.ts";

/** The audio half of a session, in the very form in which the API takes and shows it. */
export interface AudioConfig {
  readonly input: {
    readonly format: AudioFormat;
    readonly transcription: Transcription | null;
    readonly noise_reduction: NoiseReduction | null;
    readonly turn_detection: TurnDetection | null;
  };
  readonly output: {
    readonly format: AudioFormat;
    readonly voice: string | { readonly id: string };
    readonly speed: number;
  };
}

export type AudioFormat = { readonly type: "audio/pcm"; readonly rate: 24_000 } | { readonly type: "audio/pcmu" };

export interface Transcription {
  readonly model: string;
  readonly [option: string]: unknown;
}

interface NoiseReduction {
  readonly type: "near_field" | "far_field";
  readonly strength?: number;
}

interface Answering {
  readonly create_response: boolean;
  readonly interrupt_response: boolean;
}

export type TurnDetection = Answering &
  (
    | {
        readonly type: "server_vad";
        readonly threshold: number;
        readonly prefix_padding_ms: number;
        readonly silence_duration_ms: number;
        readonly idle_timeout_ms: number | null;
      }
    | { readonly type: "semantic_vad"; readonly eagerness: "low" | "medium" | "high" | "auto" }
  );

const PCM: AudioFormat = { type: "audio/pcm", rate: 24_000 };
const SERVER_VAD: Extract<TurnDetection, { type: "server_vad" }> = {
  type: "server_vad",
  threshold: 0.5,
  prefix_padding_ms: 300,
  silence_duration_ms: 500,
  idle_timeout_ms: null,
  create_response: true,
  interrupt_response: true,
};

export const DEFAULT_AUDIO: AudioConfig = {
  input: { format: PCM, transcription: null, noise_reduction: null, turn_detection: SERVER_VAD },
  output: { format: PCM, voice: "alloy", speed: 1 },
};

export const soundFormatOf = (format: AudioFormat): SoundFormat =>
  format.type === "audio/pcm" ? "pcm16-24k" : "mulaw-8k";

/** How long a pause ends a turn. What the sentence means is not looked at: eagerness only picks the pause. */
const PAUSE_MS = { low: 1_200, medium: 700, auto: 700, high: 400 } as const;

export const vadSettingsOf = (detection: TurnDetection): VadSettings =>
  detection.type === "server_vad"
    ? {
        threshold: detection.threshold,
        prefixPaddingMs: detection.prefix_padding_ms,
        silenceMs: detection.silence_duration_ms,
      }
    : { threshold: 0.5, prefixPaddingMs: 300, silenceMs: PAUSE_MS[detection.eagerness] };

export const keys = (...names: string[]): ReadonlySet<string> => new Set(names);

export function only(record: Json, path: string, names: ReadonlySet<string>): void {
  onlyKeys(record, names, (name) => unknownParameter(`${path}.${name}`));
}

/** The audio half after an update, which is found valid as a whole or refused. */
export function readAudio(value: unknown, path: string, now: AudioConfig): AudioConfig {
  const audio = recordOf(value, path);
  only(audio, path, keys("input", "output"));
  return {
    input: audio.input === undefined ? now.input : readInput(audio.input, `${path}.input`, now.input),
    output: audio.output === undefined ? now.output : readOutput(audio.output, `${path}.output`, now.output),
  };
}

function readInput(value: unknown, path: string, now: AudioConfig["input"]): AudioConfig["input"] {
  const input = recordOf(value, path);
  only(input, path, keys("format", "transcription", "noise_reduction", "turn_detection"));
  const { format, transcription, noise_reduction: noise, turn_detection: turns } = input;
  return {
    format: format === undefined ? now.format : readFormat(format, `${path}.format`),
    transcription: kept(transcription, now.transcription, (one) =>
      readTranscription(one, `${path}.transcription`, now),
    ),
    noise_reduction: kept(noise, now.noise_reduction, (one) => readNoise(one, `${path}.noise_reduction`)),
    turn_detection: kept(turns, now.turn_detection, (one) => readTurns(one, `${path}.turn_detection`, now)),
  };
}

/** Absent leaves it, null turns it off. */
const kept = <Value>(value: unknown, now: Value | null, read: (value: unknown) => Value): Value | null =>
  value === undefined ? now : value === null ? null : read(value);

function readOutput(value: unknown, path: string, now: AudioConfig["output"]): AudioConfig["output"] {
  const output = recordOf(value, path);
  only(output, path, keys("format", "voice", "speed"));
  return {
    format: output.format === undefined ? now.format : readFormat(output.format, `${path}.format`),
    voice: output.voice === undefined ? now.voice : readVoice(output.voice, `${path}.voice`),
    speed: numberIn(output.speed, `${path}.speed`, 0.25, 1.5) ?? now.speed,
  };
}

export function readFormat(value: unknown, path: string): AudioFormat {
  const format = recordOf(value, path);
  const type = oneOf(format.type, `${path}.type`, ["audio/pcm", "audio/pcmu", "audio/pcma"]);
  if (type === "audio/pcma") return refuse(notPlayed(path));
  if (type === "audio/pcmu") {
    if (format.rate !== undefined)
      refuse(invalid(`${path}.rate`, "G.711 audio has one rate, 8 kHz, which is not given."));
    only(format, path, keys("type"));
    return { type };
  }
  only(format, path, keys("type", "rate"));
  const rate = optionalInteger(format.rate, `${path}.rate`, 24_000) ?? 24_000;
  return rate > 24_000 ? refuse(aboveMaximum(`${path}.rate`, 24_000, rate)) : PCM;
}

const VOICES = ["alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar"] as const;

export function readVoice(value: unknown, path: string): AudioConfig["output"]["voice"] {
  if (typeof value !== "object" || value === null) return oneOf(value, path, VOICES);
  const voice = recordOf(value, path);
  only(voice, path, keys("id"));
  return { id: optionalString(voice.id, `${path}.id`) ?? refuse(missingParameter(`${path}.id`)) };
}

const TRANSCRIBERS = [
  "whisper-1",
  "gpt-transcribe",
  "gpt-live-transcribe",
  "gpt-4o-mini-transcribe",
  "gpt-4o-mini-transcribe-2025-12-15",
  "gpt-4o-transcribe",
  "gpt-4o-transcribe-diarize",
  "gpt-realtime-whisper",
];
/** As the real one lists them when it refuses another. */
const LANGUAGES = (
  "af ar az be bg bs ca cs cy da de el en es et fa fi fr gl he hi hr hu hy id is it ja kk kn ko lt lv mi mk mr ms ne " +
  "nl no pl pt ro ru sk sl sr sv sw ta th tl tr uk ur vi zh"
).split(" ");
const TRANSCRIPTION_OPTIONS = keys("model", "language", "languages", "prompt", "keywords", "delay");

function readTranscription(value: unknown, path: string, now: AudioConfig["input"]): Transcription {
  const change = recordOf(value, path);
  only(change, path, TRANSCRIPTION_OPTIONS);
  const model = optionalString(change.model, `${path}.model`) ?? now.transcription?.model;
  if (model === undefined) return refuse(missingParameter(`${path}.model`));
  if (!TRANSCRIBERS.includes(model)) return refuse(invalidValue(`${path}.model`, model, TRANSCRIBERS));
  if (change.language !== undefined) oneOf(change.language, `${path}.language`, LANGUAGES);
  optionalString(change.prompt, `${path}.prompt`);
  return { ...now.transcription, ...change, model };
}

function readNoise(value: unknown, path: string): NoiseReduction {
  const noise = recordOf(value, path);
  only(noise, path, keys("type", "strength"));
  const type = oneOf(noise.type, `${path}.type`, ["near_field", "far_field"]);
  const strength = numberIn(noise.strength, `${path}.strength`, 0, 1);
  return strength === undefined ? { type } : { type, strength };
}

const SERVER_KEYS = keys(
  "type",
  "create_response",
  "interrupt_response",
  "threshold",
  "prefix_padding_ms",
  "silence_duration_ms",
  "idle_timeout_ms",
);
const SEMANTIC_KEYS = keys("type", "create_response", "interrupt_response", "eagerness");

function readTurns(value: unknown, path: string, { turn_detection: now }: AudioConfig["input"]): TurnDetection {
  const change = recordOf(value, path);
  const type = oneOf(change.type, `${path}.type`, ["server_vad", "semantic_vad"]);
  only(change, path, type === "server_vad" ? SERVER_KEYS : SEMANTIC_KEYS);
  const answering: Answering = {
    create_response: optionalFlag(change.create_response, `${path}.create_response`) ?? now?.create_response ?? true,
    interrupt_response:
      optionalFlag(change.interrupt_response, `${path}.interrupt_response`) ?? now?.interrupt_response ?? true,
  };
  if (type === "semantic_vad") {
    const eagerness = change.eagerness ?? (now?.type === type ? now.eagerness : "auto");
    return { type, eagerness: oneOf(eagerness, `${path}.eagerness`, ["low", "medium", "high", "auto"]), ...answering };
  }
  const before = now?.type === type ? now : SERVER_VAD;
  const idle = change.idle_timeout_ms;
  return {
    type,
    threshold: numberIn(change.threshold, `${path}.threshold`, 0, 1) ?? before.threshold,
    prefix_padding_ms:
      optionalInteger(change.prefix_padding_ms, `${path}.prefix_padding_ms`, 0) ?? before.prefix_padding_ms,
    silence_duration_ms:
      optionalInteger(change.silence_duration_ms, `${path}.silence_duration_ms`, 0) ?? before.silence_duration_ms,
    idle_timeout_ms: kept(idle, before.idle_timeout_ms, (one) => idleTimeout(one, `${path}.idle_timeout_ms`)),
    ...answering,
  };
}

function idleTimeout(value: unknown, path: string): number {
  const ms = optionalInteger(value, path, 5_000) ?? 5_000;
  return ms > 30_000 ? refuse(aboveMaximum(path, 30_000, ms)) : ms;
}

export function numberIn(value: unknown, path: string, minimum: number, maximum: number): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "number" && value >= minimum && value <= maximum) return value;
  return refuse(invalid(path, `expected a number between ${minimum} and ${maximum}.`));
}
