import { Worker } from "node:worker_threads";
import { encodeMulaw } from "./mulaw.ts";
import type { SpeechOrder, SpeechReply } from "./speech-worker.ts";

/** Sound as it is on a wire of ours: signed 16 bits little-endian at 24 kHz, or G.711 mu-law at 8 kHz; both mono. */
export type SoundFormat = "pcm16-24k" | "mulaw-8k";

export const BYTES_PER_MS: Readonly<Record<SoundFormat, number>> = { "pcm16-24k": 48, "mulaw-8k": 8 };

export interface Manner {
  readonly format: SoundFormat;
  /** One of OpenAI's; an unknown one sounds like `marin`. */
  readonly voice?: string;
  /** 1 unless told otherwise; 1.5 is half as fast again. */
  readonly speed?: number;
}

/** Turns a sentence into sound. Rejects when that cannot be done. */
export interface Speaker {
  speak(sentence: string, manner: Manner): Promise<Uint8Array>;
  /** Somebody is about to be spoken to. */
  warmUp?(): void;
}

type Sound = Readonly<Record<SoundFormat, Uint8Array>>;

/** Flite's own voices (slt female, awb and rms male) at other heights, of which rms has but one: all ten can be told apart. */
const VOICES: Readonly<Record<string, readonly [name: string, height: number]>> = {
  marin: ["slt", 1],
  coral: ["slt", 1.12],
  sage: ["slt", 0.92],
  shimmer: ["slt", 1.25],
  alloy: ["slt", 0.84],
  cedar: ["rms", 1],
  ash: ["awb", 0.85],
  echo: ["awb", 1.3],
  ballad: ["awb", 1],
  verse: ["awb", 1.15],
};

/** A second of speech is 56 KB in both formats: a demo says the same things again and again. */
const SENTENCES_KEPT = 128;

/**
 * Real speech without a network: flite (Carnegie Mellon University, BSD-like licence) compiled to WebAssembly, on a thread of
 * its own, so that making a sentence holds up nobody. The same sentence is the same bytes every time.
 */
class FliteSpeaker implements Speaker {
  readonly #kept = new Map<string, Promise<Sound>>();
  readonly #waiting = new Map<number, (reply: SpeechReply) => void>();
  #worker: Worker | undefined;
  #orders = 0;

  async speak(sentence: string, { format, voice = "marin", speed = 1 }: Manner): Promise<Uint8Array> {
    const [name, height] = VOICES[voice] ?? ["slt", 1];
    const flags = ["-voice", name, "--setf", `f0_shift=${height}`, "--setf", `duration_stretch=${1 / speed}`];
    const text = plain(sentence);
    const key = JSON.stringify([flags, text]);
    const sound = this.#kept.get(key) ?? this.#make(text, flags);
    // Taken out and put back: the Map's order is then the order of use.
    this.#kept.delete(key);
    this.#kept.set(key, sound);
    const oldest = this.#kept.keys().next().value;
    if (this.#kept.size > SENTENCES_KEPT && oldest !== undefined) this.#kept.delete(oldest);
    try {
      return (await sound)[format];
    } catch (thrown) {
      this.#kept.delete(key);
      throw thrown;
    }
  }

  /** The first sentence would wait 300 ms for the thread and the module. */
  warmUp(): void {
    // Whoever speaks then is told what is wrong.
    if (this.#worker === undefined) this.speak("Hm.", { format: "mulaw-8k" }).catch(() => {});
  }

  #make(text: string, flags: readonly string[]): Promise<Sound> {
    if (!/[\p{L}\p{N}]/u.test(text)) return Promise.resolve(silence(300));
    this.#orders += 1;
    const order: SpeechOrder = { id: this.#orders, text, flags };
    this.#worker ??= this.#start();
    // The thread keeps a process alive only while a sentence is under way.
    this.#worker.ref();
    this.#worker.postMessage(order);
    return new Promise((resolve, reject) => {
      this.#waiting.set(order.id, (reply) => {
        if ("problem" in reply) reject(new Error(`no speech: ${reply.problem}`));
        else resolve({ "pcm16-24k": reply.pcm16, "mulaw-8k": reply.mulaw });
      });
    });
  }

  #start(): Worker {
    // Node calls its WASI experimental, in a line that would stand in the middle of what `npm run dev` prints.
    const execArgv = ["--disable-warning=ExperimentalWarning"];
    const worker = new Worker(new URL("./speech-worker.ts", import.meta.url), { execArgv });
    worker.on("message", (reply: SpeechReply) => this.#settle(reply));
    worker.on("error", (thrown: unknown) => {
      this.#worker = undefined;
      for (const id of this.#waiting.keys()) this.#settle({ id, problem: String(thrown) });
    });
    return worker;
  }

  #settle(reply: SpeechReply): void {
    const settle = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (this.#waiting.size === 0) this.#worker?.unref();
    settle?.(reply);
  }
}

/** One for the process: the compiled module and the sentences are shared by all stand-ins. */
export const fliteSpeaker: Speaker = new FliteSpeaker();

/** A tone of 60 ms a character: for tests and benches that count sound and need none. Loud enough for any VAD. */
export const toneSpeaker: Speaker = {
  speak: (sentence, { format, speed = 1 }) => Promise.resolve(tone(Math.round((sentence.length * 60) / speed))[format]),
};

function tone(ms: number): Sound {
  const at = (rateHz: number): Int16Array =>
    Int16Array.from({ length: (ms * rateHz) / 1_000 }, (_, index) =>
      Math.round(8_000 * Math.sin((2 * Math.PI * 220 * index) / rateHz)),
    );
  return { "pcm16-24k": new Uint8Array(at(24_000).buffer), "mulaw-8k": encodeMulaw(at(8_000)) };
}

export const silence = (ms: number): Sound => ({
  "pcm16-24k": new Uint8Array(ms * BYTES_PER_MS["pcm16-24k"]),
  "mulaw-8k": new Uint8Array(ms * BYTES_PER_MS["mulaw-8k"]).fill(0xff),
});

/** Flite reads ASCII: what stands for a pause becomes a comma, accents fall off, the rest is left out. */
const plain = (sentence: string): string =>
  sentence
    .replace(/[\u2018\u2019]/g, "'")
    .replace(/[\u2013\u2014\u2026]/g, ", ")
    .normalize("NFKD")
    .replace(/[^\x20-\x7e]/g, "")
    .trim();

/** Sound starts with the first piece: long sentences are parted at commas. */
const LONG_SENTENCE = 90;

/** Text in pieces that are spoken one by one; joined they are the text. */
export function sentencesOf(text: string): string[] {
  return (text.match(/.+?(?:[.!?]+(?:\s+|$)|$)/gs) ?? []).flatMap((sentence) => {
    if (sentence.length <= LONG_SENTENCE) return [sentence];
    const pieces: string[] = [];
    for (const clause of sentence.match(/.+?(?:[,;:]+(?:\s+|$)|$)/gs) ?? []) {
      const last = pieces.at(-1);
      if (last !== undefined && last.length + clause.length <= LONG_SENTENCE) pieces[pieces.length - 1] = last + clause;
      else pieces.push(clause);
    }
    return pieces;
  });
}
