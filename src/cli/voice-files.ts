import { basename } from "node:path";
import { floatToPcm16, levelOf } from "../web/pcm.ts";
import { resampleAll } from "../web/resampler.ts";
import { CallTrouble } from "./call-rest.ts";
import { readWav, WavTrouble } from "./wav.ts";

/** Where sound is read and written, by paths as they were typed. */
export interface SoundFiles {
  read(path: string): Promise<Uint8Array>;
  write(path: string, bytes: Uint8Array): Promise<void>;
}

/** Something to say, from a file. */
export interface Recorded {
  readonly name: string;
  /** PCM16, 24 kHz, one channel. */
  readonly pcm16: Int16Array;
}

/** Below this nobody hears a voice, and neither does the agent. */
const SILENCE_DBFS = -60;

/** @throws CallTrouble when there is no such file, or no sound in it. */
export async function readRecorded(files: SoundFiles, path: string): Promise<Recorded> {
  const bytes = await files.read(path).catch((thrown: unknown) => {
    throw new CallTrouble(`${path} cannot be read${WHY[codeOf(thrown)] ?? ""}.`);
  });
  try {
    const { samples, rateHz } = readWav(bytes);
    if (samples.length === 0) throw new WavTrouble("holds no sound.");
    const resampled = resampleAll(samples, rateHz);
    const pcm16 = new Int16Array(resampled.length);
    floatToPcm16(resampled, pcm16);
    if (levelOf(pcm16).peakDbfs < SILENCE_DBFS) throw new WavTrouble("holds nothing but silence.");
    return { name: basename(path), pcm16 };
  } catch (thrown) {
    if (!(thrown instanceof WavTrouble)) throw thrown;
    throw new CallTrouble(`${path} ${thrown.message}`);
  }
}

/** @throws CallTrouble */
export async function writeHeard(files: SoundFiles, path: string, bytes: Uint8Array): Promise<void> {
  await files.write(path, bytes).catch((thrown: unknown) => {
    throw new CallTrouble(`${path} cannot be written${WHY[codeOf(thrown)] ?? ""}.`);
  });
}

const WHY: Readonly<Record<string, string>> = {
  ENOENT: ": there is no such file or folder",
  EISDIR: ": it is a folder",
  ENOTDIR: ": a part of its path is no folder",
  EACCES: ": it may not be opened",
  EPERM: ": it may not be opened",
  EROFS: ": its disk can only be read",
  ENOSPC: ": its disk is full",
};

const codeOf = (thrown: unknown): string =>
  thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : "";
