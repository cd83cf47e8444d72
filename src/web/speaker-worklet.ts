import { LevelMeter } from "./pcm.ts";
import { PlayQueue } from "./play-queue.ts";

/** To the worklet: sound (PCM16, 24 kHz, its buffer transferred), or what to do. */
export type SpeakerOrder =
  | { readonly type: "sound"; readonly pcm16: ArrayBuffer }
  /** Silence, now; what waits is void. */
  | { readonly type: "clear" }
  /** Another socket has opened: positions begin at 0 again, what waits plays on. */
  | { readonly type: "reset-position" };

/** From the worklet. */
export interface SpeakerReport {
  /** `began`: after silence. `playing`: another 100 ms. `dry`: nothing is left. `cleared`: the answer to each `clear`. */
  readonly type: "began" | "playing" | "dry" | "cleared";
  /** As the call is told it (`played` in call-messages.ts); of `cleared`, where the sound was cut. */
  readonly positionMs: number;
  /** Loudness of what was played since the report before: decibels below full scale, silence is -Infinity. */
  readonly levelDbfs: number;
}

const REPORT_EVERY_SAMPLES = 2_400;
/** A render quantum. Sound that is cut fades out over one: a hard edge is heard as a click. */
const QUANTUM_SAMPLES = 128;

class SpeakerProcessor extends AudioWorkletProcessor {
  readonly #queue = new PlayQueue();
  #meter = new LevelMeter();
  /** Last quantum of sound that was cut, to be played before anything else, and the report that is due when it was. */
  #tail: { readonly sound: Float32Array; readonly report: SpeakerReport } | undefined;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<SpeakerOrder>) => this.#obey(data);
  }

  #obey(order: SpeakerOrder): void {
    if (order.type === "sound") this.#queue.push(new Int16Array(order.pcm16));
    else if (order.type === "clear") this.#clear();
    else this.#queue.resetPosition();
  }

  #clear(): void {
    // A second order before the first one's tail was played: each has its report, in their order.
    const before = this.#tail;
    if (before) this.port.postMessage(before.report);
    const sound = this.#queue.isPlaying ? this.#lastQuantum() : before?.sound;
    const report = this.#take("cleared", this.#queue.clear());
    this.#queue.takeEnded();
    if (sound) this.#tail = { sound, report };
    else this.port.postMessage(report);
  }

  #lastQuantum(): Float32Array {
    const sound = new Float32Array(QUANTUM_SAMPLES);
    this.#queue.pull(sound);
    this.#queue.takeBegan();
    return sound.map((sample, index) => sample * (1 - (index + 1) / QUANTUM_SAMPLES));
  }

  process(_inputs: Float32Array[][], [output]: Float32Array[][]): boolean {
    const out = output?.[0];
    if (!out) return true;
    if (this.#tail) {
      out.set(this.#tail.sound.subarray(0, out.length));
      this.port.postMessage(this.#tail.report);
      this.#tail = undefined;
      return true;
    }
    const played = this.#queue.pull(out);
    if (played > 0) this.#meter.add(out.subarray(0, played));
    if (this.#queue.takeBegan()) this.#report("began");
    else if (this.#meter.samples >= REPORT_EVERY_SAMPLES) this.#report("playing");
    if (this.#queue.takeEnded()) this.#report("dry");
    return true;
  }

  #report(type: SpeakerReport["type"]): void {
    this.port.postMessage(this.#take(type, this.#queue.positionMs));
  }

  #take(type: SpeakerReport["type"], positionMs: number): SpeakerReport {
    const levelDbfs = this.#meter.rmsDbfs;
    this.#meter = new LevelMeter();
    return { type, positionMs, levelDbfs };
  }
}

registerProcessor("speaker", SpeakerProcessor);
