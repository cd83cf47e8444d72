/** Size of a sparkline in its own units, which are pixels at normal zoom. */
export const WIDTH = 64;
export const HEIGHT = 18;
/** Half of the pen, so that it does not leave the paper. */
const EDGE = 1.5;

/**
 * Points of a line through the values, oldest at the left, 0 at the bottom: a height that means something by itself, and an
 * edge that does not move when the values grow. With one value there is no line.
 */
export function sparklinePoints(values: readonly number[]): string {
  if (values.length < 2) return "";
  const most = Math.max(...values, 1);
  const stepX = (WIDTH - 2 * EDGE) / (values.length - 1);
  return values
    .map((value, at) => {
      const x = EDGE + at * stepX;
      const y = HEIGHT - EDGE - (value / most) * (HEIGHT - 2 * EDGE);
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    })
    .join(" ");
}
