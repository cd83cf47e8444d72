/** Samples of the 256 bytes of mu-law (ITU-T G.711, bias 132); the bits of a byte are inverted on the wire. */
const DECODED = Int16Array.from({ length: 256 }, (_, byte) => {
  const bits = ~byte & 0xff;
  const magnitude = ((((bits & 15) << 3) + 132) << ((bits >> 4) & 7)) - 132;
  return bits & 0x80 ? -magnitude : magnitude;
});

/** Mu-law as signed 16 bits, one sample a byte. */
export function decodeMulaw(mulaw: Uint8Array): Int16Array {
  const samples = new Int16Array(mulaw.length);
  // Every byte has its entry: the fallbacks never show.
  for (let at = 0; at < mulaw.length; at += 1) samples[at] = DECODED[mulaw[at] ?? 0xff] ?? 0;
  return samples;
}

/** Samples to either side that one made in between is weighed from. */
const REACH = 8;

/**
 * Weights of the two samples that are made after each given one, a third and two thirds of the way to the next: a sinc
 * under a Hann window. Its edge is at 4 kHz, where the given sound ends: what would mirror above that falls away.
 */
const BETWEEN = [1 / 3, 2 / 3].map((place) => {
  const weights = Float64Array.from({ length: 2 * REACH }, (_, tap) => {
    const turn = Math.PI * (tap - REACH + 1 - place);
    return (Math.sin(turn) / turn) * (0.5 + 0.5 * Math.cos(turn / REACH));
  });
  // A window that is cut short would make every third sample a little too quiet: a whistle at 8 kHz.
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
});

/**
 * Three times as many samples a second: the given ones as they are, and two between each and the next. Before the first
 * and after the last there is silence.
 */
export function tripleRate(samples: Int16Array): Int16Array {
  // Reads over the edge of a typed array are slow: with the silence written down it takes 3 ms a sentence instead of 30.
  const padded = new Float64Array(samples.length + 2 * REACH);
  padded.set(samples, REACH);
  const out = new Int16Array(samples.length * 3);
  for (let at = 0; at < samples.length; at += 1) out[3 * at] = padded[at + REACH] ?? 0;
  for (const [which, weights] of BETWEEN.entries()) {
    for (let at = 0; at < samples.length; at += 1) {
      let sum = 0;
      for (let tap = 0; tap < weights.length; tap += 1) sum += (padded[at + tap + 1] ?? 0) * (weights[tap] ?? 0);
      // Between two loud samples the curve may rise above both: clipped, as the array would wrap it round.
      out[3 * at + which + 1] = Math.max(-32_768, Math.min(32_767, Math.round(sum)));
    }
  }
  return out;
}

/** Mu-law at 8 kHz as signed 16 bits little-endian at 24 kHz: the same sound, of the same length in time. */
export function mulawToPcm16(mulaw: Uint8Array): Uint8Array {
  const samples = tripleRate(decodeMulaw(mulaw));
  const bytes = new DataView(new ArrayBuffer(samples.length * 2));
  for (let index = 0; index < samples.length; index += 1) bytes.setInt16(2 * index, samples[index] ?? 0, true);
  return new Uint8Array(bytes.buffer);
}
