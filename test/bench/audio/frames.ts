/**
 * Time stamps that travel inside the sound. A caller's frame begins with who sent it, which one it is and when; the rest
 * is noise that the receiver knows too. The upstream sends the same bytes back, so the caller measures the whole way
 * round and sees every frame that was lost, changed, doubled or given to somebody else. Any byte is valid mu-law and any
 * pair of them valid PCM16, so a server that passes sound on passes this on.
 */

export type SoundFormat = "mulaw-8k" | "pcm16-24k";

export const BYTES_PER_MS: Readonly<Record<SoundFormat, number>> = { "mulaw-8k": 8, "pcm16-24k": 48 };

/** What the upstream is asked for by a frame. All are echoed. */
export const KINDS = {
  sound: 0,
  /** Some seconds of sound at once, as a model sends an answer. */
  answer: 1,
  /** To hear the caller speak: the response is cancelled. */
  speech: 2,
  /** Sound far faster than real time for as long as the session lasts. */
  flood: 3,
} as const;
export type FrameKind = keyof typeof KINDS;

export interface FrameHeader {
  readonly kind: FrameKind;
  readonly call: number;
  /** From 0, per call. */
  readonly seq: number;
  readonly sentAtMs: number;
}

const MAGIC = Buffer.from([0x9d, 0x1c, 0xe4, 0x57]);
export const HEADER_BYTES = 20;
/** So many characters of base64 hold the header. */
export const HEADER_CHARACTERS = Math.ceil(HEADER_BYTES / 3) * 4;

const KIND_NAMES: readonly (FrameKind | undefined)[] = ["sound", "answer", "speech", "flood"];

/** Noise that every run knows: a small generator (xorshift) instead of random bytes. It never holds {@link MAGIC}. */
const NOISE = makeNoise(64 * 1024);

function makeNoise(bytes: number): Buffer {
  const noise = Buffer.alloc(bytes);
  let state = 0x2545f491;
  for (let at = 0; at < bytes; at += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    noise[at] = state & 0xff;
  }
  for (let at = noise.indexOf(MAGIC); at >= 0; at = noise.indexOf(MAGIC)) noise[at] = 0;
  return noise;
}

function noiseOf({ call, seq }: FrameHeader, bytes: number): Buffer {
  const from = (call * 7_919 + seq * 131) % (NOISE.length - bytes);
  return NOISE.subarray(from, from + bytes);
}

/** A frame of `bytes` bytes, at least {@link HEADER_BYTES}. */
export function writeFrame(header: FrameHeader, bytes: number): Buffer {
  const frame = Buffer.allocUnsafe(bytes);
  MAGIC.copy(frame);
  frame[4] = KINDS[header.kind];
  frame[5] = 0;
  frame.writeUInt16LE(header.call, 6);
  frame.writeUInt32LE(header.seq, 8);
  frame.writeDoubleLE(header.sentAtMs, 12);
  noiseOf(header, bytes - HEADER_BYTES).copy(frame, HEADER_BYTES);
  return frame;
}

/** The header at the beginning of some bytes, or `undefined` when there is none. */
export function readHeader(bytes: Buffer): FrameHeader | undefined {
  if (bytes.length < HEADER_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  const kind = KIND_NAMES[bytes[4] ?? -1];
  if (kind === undefined) return undefined;
  return { kind, call: bytes.readUInt16LE(6), seq: bytes.readUInt32LE(8), sentAtMs: bytes.readDoubleLE(12) };
}

export interface ReceivedFrame extends FrameHeader {
  /** Every byte is as it was sent. */
  readonly intact: boolean;
}

/**
 * Finds the frames in a stream of sound, however a server cut or joined it. Other sound between them is passed over. One
 * reader for one call.
 */
export class FrameReader {
  readonly #frameBytes: number;
  #rest: Buffer = Buffer.alloc(0);

  constructor(frameBytes: number) {
    this.#frameBytes = frameBytes;
  }

  push(bytes: Buffer): ReceivedFrame[] {
    let rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const frames: ReceivedFrame[] = [];
    while (rest.length >= this.#frameBytes) {
      const header = readHeader(rest);
      if (header === undefined) {
        rest = rest.subarray(nextFrame(rest));
        continue;
      }
      const noise = noiseOf(header, this.#frameBytes - HEADER_BYTES);
      frames.push({ ...header, intact: noise.equals(rest.subarray(HEADER_BYTES, this.#frameBytes)) });
      rest = rest.subarray(this.#frameBytes);
    }
    this.#rest = rest;
    return frames;
  }
}

/** Where the next frame may begin, after the first byte. The last bytes are kept: they may be the half of a mark. */
function nextFrame(bytes: Buffer): number {
  const found = bytes.indexOf(MAGIC, 1);
  return found >= 0 ? found : bytes.length - (MAGIC.length - 1);
}
