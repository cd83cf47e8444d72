import type { Metrics } from "./read-observed.ts";

/** Shapes of the charts in units of their own: they are stretched to the width there is. */

export const WIDTH = 600;
export const LATENCY_HEIGHT = 120;
/** Above the line calls, below it errors. */
export const CALLS_HEIGHT = 60;
export const ERRORS_HEIGHT = 30;

type Span = Metrics["spans"][number];

/** Fewer would be blocks, not a chart. */
const LEAST_SPANS = 12;

/** Without the quiet time before anything happened: a class does not begin at midnight. */
export function withoutMorning(spans: readonly Span[]): readonly Span[] {
  const first = spans.findIndex(({ calls, errors, p95Ms }) => calls > 0 || errors > 0 || p95Ms !== null);
  return first === -1 ? spans : spans.slice(Math.max(0, Math.min(first, spans.length - LEAST_SPANS)));
}

/** The next of 1, 2 and 5 times a power of ten: a number for the top of a chart that does not move with every turn. */
export function roundUp(value: number): number {
  if (value <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5].find((factor) => factor * power >= value) ?? 10) * power;
}

/** The longest wait that is drawn, in milliseconds; 0: none. */
export const topMs = (spans: readonly Span[]): number => {
  const most = Math.max(0, ...spans.flatMap(({ p50Ms, p95Ms }) => [p50Ms ?? 0, p95Ms ?? 0]));
  return most === 0 ? 0 : roundUp(most);
};

/** A line of steps, one for each value, 0 at the bottom; where there is no value there is no line. */
export function stepLine(values: readonly (number | null)[], top: number, height: number): string {
  const stepX = WIDTH / Math.max(1, values.length);
  let isDown = false;
  const pieces = values.map((value, at) => {
    if (value === null) {
      isDown = false;
      return "";
    }
    const y = (height - (value / Math.max(1, top)) * height).toFixed(1);
    const begin = isDown ? `V${y}` : `M${(at * stepX).toFixed(1)},${y}`;
    isDown = true;
    return `${begin}H${((at + 1) * stepX).toFixed(1)}`;
  });
  return pieces.join("");
}

export interface Bar {
  readonly x: number;
  readonly width: number;
  readonly callsHeight: number;
  readonly errorsHeight: number;
}

/** Calls upwards and errors downwards, at one scale, so that they can be compared. */
export function barsOf(spans: readonly Span[]): readonly Bar[] {
  const mostCalls = Math.max(1, ...spans.map(({ calls }) => calls));
  const mostErrors = Math.max(1, ...spans.map(({ errors }) => errors));
  const unit = Math.min(CALLS_HEIGHT / mostCalls, ERRORS_HEIGHT / mostErrors);
  const stepX = WIDTH / Math.max(1, spans.length);
  return spans.map(({ calls, errors }, at) => ({
    x: at * stepX + stepX * 0.1,
    width: stepX * 0.8,
    callsHeight: calls * unit,
    errorsHeight: errors * unit,
  }));
}
