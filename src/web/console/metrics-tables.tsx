import type { WayIn } from "../../protocol/call-record.ts";
import type { Spread } from "../../protocol/observed.ts";
import type { Metrics } from "./read-observed.ts";
import { countWords } from "./words.ts";
import { latencyWords, METRICS_WORDS, type MetricsHours, sinceWords, spanWords } from "./words-metrics.ts";
import { END_WORDS, failureWords, WAY_IN_WORDS } from "./words-wall.ts";
import "./sort-table.css";

interface Table {
  readonly label: string;
  readonly headings: readonly string[];
  /** The first cell names the row. */
  readonly rows: readonly (readonly [name: string, ...figures: string[]])[];
}

/** A table of figures that stands in the order it is given. */
const FigureTable = ({ label, headings, rows }: Table) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be within reach of the keyboard
  <section class="scroll-x" tabIndex={0} aria-label={label}>
    <table class="sort-table plain-table">
      <thead>
        <tr>
          {headings.map((heading, at) => (
            <th key={heading} scope="col" class={at === 0 ? "" : "number"}>
              {heading}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(([name, ...figures]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            {figures.map((figure, at) => (
              <td key={headings[at + 1]} class="number">
                {figure}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  </section>
);

type WayRow = { readonly wayIn: WayIn; readonly calls: number; readonly turnLatency: Spread };

export const WayTable = ({ rows }: { readonly rows: readonly WayRow[] }) => (
  <FigureTable
    label={METRICS_WORDS.byWayIn}
    headings={[METRICS_WORDS.wayIn, METRICS_WORDS.calls, METRICS_WORDS.turns, METRICS_WORDS.usual, METRICS_WORDS.slow]}
    rows={rows.map(({ wayIn, calls, turnLatency: { count, p50Ms, p95Ms } }) => [
      WAY_NAMES[wayIn],
      countWords(calls),
      countWords(count),
      latencyWords(p50Ms),
      latencyWords(p95Ms),
    ])}
  />
);

const WAY_NAMES: Readonly<Record<WayIn, string>> = {
  ...WAY_IN_WORDS,
  "media-streams": `${WAY_IN_WORDS["media-streams"]}, with sound`,
};

/** Every span of the charts, for whoever would rather read than look. */
export const SpanTable = ({ metrics, hours }: { readonly metrics: Metrics; readonly hours: MetricsHours }) => (
  <details class="span-table">
    <summary>{METRICS_WORDS.asTable}</summary>
    <FigureTable
      label={METRICS_WORDS.asTable}
      headings={[
        METRICS_WORDS.time,
        METRICS_WORDS.calls,
        METRICS_WORDS.usual,
        METRICS_WORDS.slow,
        METRICS_WORDS.errors,
      ]}
      rows={metrics.spans.map(({ at, calls, p50Ms, p95Ms, errors }) => [
        spanWords(at, hours),
        countWords(calls),
        latencyWords(p50Ms),
        latencyWords(p95Ms),
        countWords(errors),
      ])}
    />
  </details>
);

/** By its code, which the log and the documents call it by, in words that an instructor can use. */
export const ErrorTable = ({ errors }: { readonly errors: Metrics["errors"] }) => (
  <section class="metrics-part" aria-labelledby="errors-title">
    <h3 id="errors-title">{METRICS_WORDS.byError}</h3>
    {errors.length === 0 ? (
      <p class="quiet">{METRICS_WORDS.noErrors}</p>
    ) : (
      <ul class="error-list">
        {errors.map(({ code, count, lastAt }) => (
          <li key={code}>
            <p class="error-words">{failureWords(code)}</p>
            <p class="error-count">{countWords(count)}×</p>
            <p class="quiet small">
              <code>{code}</code> · {METRICS_WORDS.last} {sinceWords(lastAt)}
            </p>
          </li>
        ))}
      </ul>
    )}
  </section>
);

export const EndList = ({ ends }: { readonly ends: Metrics["ends"] }) => (
  <>
    <h3>{METRICS_WORDS.ends}</h3>
    <ul class="end-list">
      {ends.map(({ endReason, calls }) => (
        <li key={endReason}>
          <span>{END_WORDS[endReason]}</span> <b>{countWords(calls)}</b>
        </li>
      ))}
    </ul>
  </>
);
