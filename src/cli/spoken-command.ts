import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeMulaw } from "../../test/standins/mulaw.ts";
import { resample } from "../../test/standins/resample.ts";
import type { Manner, Speaker } from "../../test/standins/speech.ts";
import { FAILURES, type FailureFacts } from "../failure.ts";
import { spokenPath } from "../protocol/spoken-name.ts";
import { RECORDING_RATE_HZ, toRecording } from "./recording.ts";

export interface SpokenDependencies {
  /** What is served as it is: `src/web/public`. */
  readonly publicFolder: string;
  readonly speaker: Speaker;
  readonly print: (line: string) => void;
}

/** A line of `manifest.json`, for whoever wonders what a file says. Nothing reads it. */
interface ManifestEntry {
  readonly file: string;
  readonly durationMs: number;
  readonly sentence: string;
}

/**
 * Flite's rms, a little faster than it speaks by itself. In the band of a phone a recogniser (pocketsphinx) mistakes one of
 * its words in ten, of awb's one in five, of slt's every second one.
 */
const MANNER = { format: "pcm16-24k", voice: "cedar", speed: 1.1 } as const satisfies Manner;

/** Each sentence once, in the order of `FAILURES`. */
export function spokenSentences(failures: Readonly<Record<string, FailureFacts>> = FAILURES): string[] {
  return [...new Set(Object.values(failures).flatMap(({ spoken }) => spoken ?? []))];
}

/**
 * Makes the sound of every sentence that a failure has for its caller, and removes recordings of sentences that are gone.
 * All are made before the first is written: when one cannot be made, the folder stays as it was.
 *
 * @returns the exit code: 0 when the folder is up to date, 1 when a sentence could not be made
 */
export async function spokenCommand({ publicFolder, speaker, print }: SpokenDependencies): Promise<number> {
  const files = new Map<string, Uint8Array>();
  const manifest: ManifestEntry[] = [];
  for (const sentence of spokenSentences()) {
    try {
      const recording = toRecording(await speechOf(sentence, speaker));
      const path = spokenPath(sentence);
      files.set(path, recording);
      const durationMs = Math.round((recording.length * 1_000) / RECORDING_RATE_HZ);
      manifest.push({ file: path, durationMs, sentence });
      print(`${path}  ${String(durationMs).padStart(5)} ms  ${levelOf(recording)}  ${sentence}`);
    } catch (thrown) {
      print(`Nothing was written: "${sentence}" could not be made: ${thrown instanceof Error ? thrown.message : ""}`);
      return 1;
    }
  }
  files.set("/spoken/manifest.json", new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`));
  const changes = bringUpToDate(publicFolder, files);
  const kilobytes = Math.round([...files.values()].reduce((sum, bytes) => sum + bytes.length, 0) / 1_000);
  print(`${manifest.length} sentences, ${kilobytes} KB: ${changes} in ${join(publicFolder, "spoken")}`);
  return 0;
}

async function speechOf(sentence: string, speaker: Speaker): Promise<Int16Array> {
  const pcm = await speaker.speak(pronounced(sentence), MANNER);
  const view = new DataView(pcm.buffer, pcm.byteOffset, pcm.byteLength);
  const samples = Int16Array.from({ length: pcm.byteLength >> 1 }, (_, index) => view.getInt16(2 * index, true));
  return resample(samples, 24_000, RECORDING_RATE_HZ);
}

/** Flite reads "OpenAI" as "open eye". */
const pronounced = (sentence: string): string => sentence.replaceAll("OpenAI", "Open A I");

/** Mean level of all of it, pauses included. */
function levelOf(recording: Uint8Array): string {
  const power = decodeMulaw(recording).reduce((sum, sample) => sum + sample * sample, 0) / recording.length;
  return `${(10 * Math.log10(power) - 20 * Math.log10(32_768)).toFixed(1)} dBFS`;
}

/** Writes what is new or different, so that a server that watches the folder restarts for a change only. */
function bringUpToDate(publicFolder: string, files: ReadonlyMap<string, Uint8Array>): string {
  mkdirSync(join(publicFolder, "spoken"), { recursive: true });
  const there = readdirSync(join(publicFolder, "spoken")).map((name) => `/spoken/${name}`);
  const gone = there.filter((path) => path.endsWith(".ulaw") && !files.has(path));
  for (const path of gone) rmSync(join(publicFolder, path));
  const changed = [...files].filter(
    ([path, bytes]) => !there.includes(path) || !readFileSync(join(publicFolder, path)).equals(bytes),
  );
  for (const [path, bytes] of changed) writeFileSync(join(publicFolder, path), bytes);
  return `${changed.length} files written, ${gone.length} removed`;
}
