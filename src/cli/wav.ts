import { SOUND_HZ } from "../protocol/call-messages.ts";

/**
 * Sound files: RIFF WAVE with plain samples (Multimedia Programming Interface and Data Specifications 1.0; for the
 * extensible header, KSDATAFORMAT_SUBTYPE_PCM and _IEEE_FLOAT).
 */

/** A file that holds no sound we read; the message is the rest of a sentence that begins with its name. */
export class WavTrouble extends Error {
  override readonly name = "WavTrouble";
}

export interface Wav {
  /** One channel, from -1 to 1. */
  readonly samples: Float32Array;
  readonly rateHz: number;
}

interface SampleFormat {
  readonly isFloat: boolean;
  readonly bits: number;
  readonly channels: number;
  readonly rateHz: number;
}

const PCM = 1;
const IEEE_FLOAT = 3;
const EXTENSIBLE = 0xfffe;
const HEADER_BYTES = 44;
const MIN_RATE_HZ = 8_000;
const MAX_RATE_HZ = 96_000;

/** Reads PCM of 8, 16, 24 or 32 bits or floats of 32, at 8 to 96 kHz; two channels are mixed. @throws WavTrouble */
export function readWav(bytes: Uint8Array): Wav {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || tag(view, 0) !== "RIFF" || tag(view, 8) !== "WAVE") throw new WavTrouble("is no WAV file.");
  let format: SampleFormat | undefined;
  for (let at = 12; at + 8 <= view.byteLength; ) {
    const name = tag(view, at);
    const size = view.getUint32(at + 4, true);
    const body = at + 8;
    if (name === "fmt ") format = readFormat(view, body, size);
    if (name === "data") {
      if (!format) throw new WavTrouble("does not say how its samples are to be read.");
      // A program that wrote to a pipe did not know the size, and gave none or the greatest there is.
      const end = size === 0 || body + size > view.byteLength ? view.byteLength : body + size;
      return { samples: readSamples(view, body, end, format), rateHz: format.rateHz };
    }
    // Chunks begin at even places.
    at = body + size + (size % 2);
  }
  throw new WavTrouble("holds no sound.");
}

function readFormat(view: DataView, at: number, size: number): SampleFormat {
  if (size < 16 || at + size > view.byteLength) throw new WavTrouble("is cut off in its header.");
  const wrapped = view.getUint16(at, true);
  const coding = wrapped === EXTENSIBLE && size >= 26 ? view.getUint16(at + 24, true) : wrapped;
  const channels = view.getUint16(at + 2, true);
  const rateHz = view.getUint32(at + 4, true);
  const bits = view.getUint16(at + 14, true);
  if (coding !== PCM && coding !== IEEE_FLOAT) {
    throw new WavTrouble("is compressed. Save it as PCM, 16 bits, mono.");
  }
  const isFloat = coding === IEEE_FLOAT;
  if (!(isFloat ? [32] : [8, 16, 24, 32]).includes(bits)) {
    throw new WavTrouble(`has samples of ${bits} bits${isFloat ? " as floats" : ""}. Save it as PCM, 16 bits, mono.`);
  }
  if (channels !== 1 && channels !== 2) throw new WavTrouble(`has ${channels} channels. Save it in mono.`);
  if (rateHz < MIN_RATE_HZ || rateHz > MAX_RATE_HZ) {
    throw new WavTrouble(`has ${rateHz} samples a second. Save it at 8 to 96 kHz.`);
  }
  return { isFloat, bits, channels, rateHz };
}

function readSamples(view: DataView, from: number, to: number, format: SampleFormat): Float32Array {
  const { channels } = format;
  const sampleBytes = format.bits / 8;
  const read = readerOf(view, format);
  const samples = new Float32Array(Math.floor((to - from) / (sampleBytes * channels)));
  for (let index = 0; index < samples.length; index++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum += read(from + (index * channels + channel) * sampleBytes);
    samples[index] = sum / channels;
  }
  return samples;
}

function readerOf(view: DataView, { isFloat, bits }: SampleFormat): (at: number) => number {
  if (isFloat) {
    return (at) => {
      const value = view.getFloat32(at, true);
      return Number.isFinite(value) ? Math.max(-1, Math.min(1, value)) : 0;
    };
  }
  switch (bits) {
    case 8: // The only one without a sign.
      return (at) => (view.getUint8(at) - 128) / 128;
    case 24:
      return (at) => (view.getInt8(at + 2) * 65_536 + view.getUint16(at, true)) / 8_388_608;
    case 32:
      return (at) => view.getInt32(at, true) / 2_147_483_648;
    default:
      return (at) => view.getInt16(at, true) / 32_768;
  }
}

/** Pieces of PCM16 at 24 kHz, one channel, as a file. */
export function writeWav(pieces: readonly Int16Array[]): Uint8Array {
  const dataBytes = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
  const bytes = new Uint8Array(HEADER_BYTES + dataBytes);
  const view = new DataView(bytes.buffer);
  const put = (at: number, text: string): void => void new TextEncoder().encodeInto(text, bytes.subarray(at));
  put(0, "RIFF");
  view.setUint32(4, HEADER_BYTES - 8 + dataBytes, true);
  put(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, PCM, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, SOUND_HZ, true);
  view.setUint32(28, SOUND_HZ * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  put(36, "data");
  view.setUint32(40, dataBytes, true);
  let at = HEADER_BYTES;
  for (const piece of pieces) {
    bytes.set(new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength), at);
    at += piece.byteLength;
  }
  return bytes;
}

const tag = (view: DataView, at: number): string =>
  String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));
