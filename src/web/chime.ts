import { SOUND_HZ } from "../protocol/call-messages.ts";
import { toneLevels } from "./tone.ts";

/**
 * The sound that says "the call begins", and the check that listens for it: a microphone that hears it back hears the agent
 * too, who would then be talked over by itself.
 */

/** A fifth, one note after the other. Both fit a frame of 40 ms in whole waves, so that a frame tells them from all else. */
export const CHIME_HZ = [800, 1_200] as const;
const NOTE_MS = 160;
export const CHIME_MS = NOTE_MS * CHIME_HZ.length;
/** Peak, 20 dB below full scale: heard, and startles nobody. */
const PEAK = 0.1;
const FADE_MS = 12;

/** The chime, mono, 24 kHz. */
export function chimeSamples(): Float32Array<ArrayBuffer> {
  const noteSamples = (NOTE_MS * SOUND_HZ) / 1_000;
  return Float32Array.from({ length: noteSamples * CHIME_HZ.length }, (_, at) => {
    const note = Math.min(CHIME_HZ.length - 1, Math.floor(at / noteSamples));
    const inNoteMs = ((at % noteSamples) * 1_000) / SOUND_HZ;
    const fade = Math.min(1, inNoteMs / FADE_MS, (NOTE_MS - inNoteMs) / FADE_MS);
    const wave = Math.sin((2 * Math.PI * (CHIME_HZ[note] ?? 0) * at) / SOUND_HZ);
    return PEAK * fade * (1 - inNoteMs / (2 * NOTE_MS)) * wave;
  });
}

/** A frame is the chime's when so much of its energy is: speech and noise are spread wider. */
const SHARE = 0.5;
/** Quieter than this it does not matter: the browser's echo cancellation, or headphones, have taken care of it. */
const LOUD_DBFS = -45;
/** What a browser without echo cancellation leaves is heard by the agent as it is. */
const LOUD_UNCANCELLED_DBFS = -55;
/** Frames of 40 ms; fewer are an accident. */
const FRAMES = 3;

/** Whether the microphone heard the chime. `frames`: PCM16 at 24 kHz, 40 ms each, from the moment it was played. */
export function isChimeHeard(frames: readonly Int16Array[], hasEchoCancellation: boolean): boolean {
  const loudDbfs = hasEchoCancellation ? LOUD_DBFS : LOUD_UNCANCELLED_DBFS;
  const heard = frames.filter((frame) => {
    const { share, dbfs } = toneLevels(frame, CHIME_HZ);
    return share >= SHARE && dbfs >= loudDbfs;
  });
  return heard.length >= FRAMES;
}
