import { encodeMulaw } from "../../test/standins/mulaw.ts";

/** Mu-law at 8 kHz, mono. */
export const RECORDING_RATE_HZ = 8_000;
const samplesOf = (ms: number): number => (ms * RECORDING_RATE_HZ) / 1_000;

/** -3 dBFS: loud beside the agent's voice, with room for what a phone network does to peaks. */
const PEAK = 32_768 * 10 ** (-3 / 20);
/** What lies 45 dB below the loudest sample is silence. */
const AUDIBLE = 10 ** (-45 / 20);
/** Kept of the silence, so that soft beginnings and ends of words stay; faded, so that no cut is heard. */
const LEAD_MS = 20;
const TAIL_MS = 60;
/** Between the last word and whatever comes next: the end of the call, or the agent. */
const PAUSE_MS = 150;

/**
 * Speech as it is kept: silence trimmed, the loudest sample at -3 dBFS, 150 ms of silence behind it.
 *
 * @throws Error when there is nothing to be heard
 */
export function toRecording(speech: Int16Array): Uint8Array<ArrayBuffer> {
  const loudest = speech.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0);
  const isAudible = (sample: number): boolean => Math.abs(sample) > loudest * AUDIBLE;
  const first = speech.findIndex(isAudible);
  if (first < 0) throw new Error("there is nothing to be heard");
  const kept = speech.subarray(
    Math.max(0, first - samplesOf(LEAD_MS)),
    speech.findLastIndex(isAudible) + 1 + samplesOf(TAIL_MS),
  );
  const [lead, tail] = [samplesOf(LEAD_MS), samplesOf(TAIL_MS)];
  const recording = new Int16Array(kept.length + samplesOf(PAUSE_MS));
  for (const [index, sample] of kept.entries()) {
    const fade = Math.min(1, index / lead, (kept.length - 1 - index) / tail);
    recording[index] = Math.round(((sample * PEAK) / loudest) * fade);
  }
  return encodeMulaw(recording);
}
