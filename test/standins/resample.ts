/** Zero crossings of the filter on either side: enough that what folds back lies 60 dB below the voice. */
const LOBES = 16;

/**
 * Sound at another rate, by a sinc under a Blackman window whose edge lies at the lower of the two Nyquist frequencies: what
 * the new rate cannot hold is removed instead of folded back into the voice.
 */
export function resample(samples: Int16Array, fromHz: number, toHz: number): Int16Array<ArrayBuffer> {
  if (fromHz === toHz) return samples.slice();
  const edge = Math.min(1, toHz / fromHz);
  const reach = LOBES / edge;
  const taps = filterBank(fromHz, toHz, edge, reach);
  const out = new Int16Array(Math.floor((samples.length * toHz) / fromHz));
  for (let index = 0; index < out.length; index += 1) {
    const centre = Math.floor((index * fromHz) / toHz);
    const weights = taps[index % taps.length] ?? [];
    const first = centre - Math.ceil(reach);
    let sum = 0;
    for (let tap = 0; tap < weights.length; tap += 1) sum += (samples[first + tap] ?? 0) * (weights[tap] ?? 0);
    out[index] = Math.max(-32_768, Math.min(32_767, Math.round(sum)));
  }
  return out;
}

/** The weights of every place that an output sample can have between two input samples: 3 for 16 → 24 kHz, 1 for 16 → 8. */
function filterBank(fromHz: number, toHz: number, edge: number, reach: number): number[][] {
  const divisor = greatestCommonDivisor(fromHz, toHz);
  const width = Math.ceil(reach);
  return Array.from({ length: toHz / divisor }, (_, phase) => {
    const exact = (phase * fromHz) / toHz;
    const offset = exact - Math.floor(exact);
    return Array.from({ length: 2 * width + 1 }, (_unused, tap) => {
      const distance = tap - width - offset;
      if (Math.abs(distance) >= reach) return 0;
      const turn = (Math.PI * distance) / reach;
      const window = 0.42 + 0.5 * Math.cos(turn) + 0.08 * Math.cos(2 * turn);
      return edge * sinc(edge * distance) * window;
    });
  });
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

const greatestCommonDivisor = (one: number, other: number): number =>
  other === 0 ? one : greatestCommonDivisor(other, one % other);
