/**
 * G.711 mu-law at 8 kHz, as Twilio and `audio/pcmu` carry it: one byte a sample, so 8 bytes a millisecond. ITU-T G.711 with
 * the usual bias of 132 and a clip at 32,635; the bits of a byte are inverted on the wire.
 */
const BIAS = 132;
const CLIP = 32_635;

/** Decoded samples by byte: 256 answers are cheaper than 8,000 calculations a second and call. */
const DECODED = Int16Array.from({ length: 256 }, (_, byte) => decodeByte(byte));

function decodeByte(byte: number): number {
  const bits = ~byte & 0xff;
  const magnitude = ((((bits & 15) << 3) + BIAS) << ((bits >> 4) & 7)) - BIAS;
  return bits & 0x80 ? -magnitude : magnitude;
}

/** One sample of signed 16 bits as its byte on the wire. */
export function encodeMulawSample(sample: number): number {
  const magnitude = Math.min(Math.abs(sample), CLIP) + BIAS;
  const exponent = 31 - Math.clz32(magnitude) - 7;
  const mantissa = (magnitude >> (exponent + 3)) & 15;
  return ~((sample < 0 ? 0x80 : 0) | (exponent << 4) | mantissa) & 0xff;
}

export const encodeMulaw = (samples: Int16Array): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(samples, encodeMulawSample);

export function decodeMulaw(bytes: Uint8Array): Int16Array {
  const samples = new Int16Array(bytes.length);
  // Every byte has its entry: the fallback never shows.
  for (let at = 0; at < bytes.length; at += 1) samples[at] = DECODED[bytes[at] ?? 0] ?? 0;
  return samples;
}
