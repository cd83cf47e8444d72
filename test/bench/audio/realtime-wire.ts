/**
 * Just enough of OpenAI's Realtime wire to send sound up and to take it from the deltas that come down, by cutting text
 * instead of parsing it: what the bare pass-throughs, the direct client and the upstream share, and the least that any
 * server must do. Runs in Node and in workerd.
 */
import type { SoundFormat } from "./frames.ts";

export const REALTIME_PATH = "/realtime?model=gpt-realtime-2.1-mini";

const FORMATS = { "mulaw-8k": { type: "audio/pcmu" }, "pcm16-24k": { type: "audio/pcm", rate: 24_000 } } as const;

/** What a server sends first. */
export function sessionUpdate(format: SoundFormat): string {
  const form = FORMATS[format];
  return JSON.stringify({
    type: "session.update",
    session: {
      type: "realtime",
      output_modalities: ["audio"],
      instructions: "You are a friendly agent on the telephone.",
      audio: { input: { format: form, turn_detection: { type: "server_vad" } }, output: { format: form } },
    },
  });
}

/** A piece of the caller's sound, in base64. */
export const append = (audio: string): string => `{"type":"input_audio_buffer.append","audio":"${audio}"}`;

/** The sound of a delta, in base64; `undefined` for every other event. */
export function soundOf(event: string): string | undefined {
  // The type is near the beginning: a long event of another kind is not searched to its end.
  return event.slice(0, 100).includes('"response.output_audio.delta"') ? cut(event, '"delta":"') : undefined;
}

/** Whether the caller has begun to speak over the agent. */
export const isSpeechStart = (event: string): boolean =>
  event.slice(0, 100).includes('"input_audio_buffer.speech_started"');

/** The text of a field whose value has no escapes, as base64 and ids have none. */
export function cut(message: string, opening: string): string | undefined {
  const from = message.indexOf(opening);
  if (from < 0) return undefined;
  const start = from + opening.length;
  return message.slice(start, message.indexOf('"', start));
}
