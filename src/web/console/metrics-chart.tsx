import { barsOf, CALLS_HEIGHT, ERRORS_HEIGHT, LATENCY_HEIGHT, stepLine, topMs, WIDTH } from "./metrics-chart-points.ts";
import type { Metrics } from "./read-observed.ts";
import {
  callsChartWords,
  latencyWords,
  METRICS_WORDS,
  type MetricsHours,
  spanWords,
  waitChartWords,
} from "./words-metrics.ts";

interface ChartProps {
  readonly metrics: Metrics;
  readonly hours: MetricsHours;
}

/** How long callers waited, span by span: a full line for the usual turn, a broken one for the slow ones. Its times stand below the other chart. */
export function WaitChart({ metrics: { spans, turnLatency } }: Pick<ChartProps, "metrics">) {
  const top = topMs(spans);
  return (
    <figure class="chart">
      <figcaption>
        <span>{METRICS_WORDS.waitChart}</span>
        <Key className="usual" words={METRICS_WORDS.usual} />
        <Key className="slow" words={METRICS_WORDS.slow} />
      </figcaption>
      <div class="chart-area">
        <span class="axis">{latencyWords(top)}</span>
        <span class="axis half">{latencyWords(top / 2)}</span>
        <svg
          viewBox={`0 0 ${WIDTH} ${LATENCY_HEIGHT}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={waitChartWords(turnLatency.p50Ms, turnLatency.p95Ms)}
        >
          {[0, LATENCY_HEIGHT / 2, LATENCY_HEIGHT].map((y) => (
            <path key={y} class="grid" d={`M0,${y}H${WIDTH}`} />
          ))}
          <path
            class="slow"
            d={stepLine(
              spans.map(({ p95Ms }) => p95Ms),
              top,
              LATENCY_HEIGHT,
            )}
          />
          <path
            class="usual"
            d={stepLine(
              spans.map(({ p50Ms }) => p50Ms),
              top,
              LATENCY_HEIGHT,
            )}
          />
        </svg>
      </div>
    </figure>
  );
}

/** Calls that began, upwards, and errors, downwards. */
export function CallsChart({ metrics: { spans, calls, errors, from, to }, hours }: ChartProps) {
  const height = CALLS_HEIGHT + ERRORS_HEIGHT;
  return (
    <figure class="chart calls-chart">
      <figcaption>
        <span>{METRICS_WORDS.callsChart}</span>
        <Key className="calls" words={METRICS_WORDS.calls} />
        <Key className="errors" words={METRICS_WORDS.errors} />
      </figcaption>
      <div class="chart-area">
        <svg
          viewBox={`0 0 ${WIDTH} ${height}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={callsChartWords(calls, countOf(errors))}
        >
          {barsOf(spans).map(({ x, width, callsHeight, errorsHeight }) => (
            <g key={x}>
              <rect class="calls" x={x} y={CALLS_HEIGHT - callsHeight} width={width} height={callsHeight} />
              <rect class="errors" x={x} y={CALLS_HEIGHT} width={width} height={errorsHeight} />
            </g>
          ))}
          <path class="grid" d={`M0,${CALLS_HEIGHT}H${WIDTH}`} />
        </svg>
      </div>
      <Times from={from} to={to} hours={hours} />
    </figure>
  );
}

export const countOf = (errors: Metrics["errors"]): number => errors.reduce((sum, { count }) => sum + count, 0);

const Key = ({ className, words }: { readonly className: string; readonly words: string }) => (
  <span class="chart-key">
    <svg viewBox="0 0 20 12" width="20" height="12" aria-hidden="true">
      {className === "usual" || className === "slow" ? (
        <path class={className} d="M0,6H20" />
      ) : (
        <rect class={className} x="4" y={className === "calls" ? 0 : 6} width="12" height="6" />
      )}
    </svg>
    {words}
  </span>
);

interface TimesProps {
  readonly from: string;
  readonly to: string;
  readonly hours: MetricsHours;
}

function Times({ from, to, hours }: TimesProps) {
  const middle = new Date((Date.parse(from) + Date.parse(to)) / 2).toISOString();
  return (
    <p class="chart-times" aria-hidden="true">
      {[from, middle, to].map((at) => (
        <span key={at}>{spanWords(at, hours)}</span>
      ))}
    </p>
  );
}
