import { effect } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import type { WayIn } from "../../protocol/call-record.ts";
import { platformWorld } from "../call-socket-world.ts";
import { CallsChart, countOf, WaitChart } from "./metrics-chart.tsx";
import { withoutMorning } from "./metrics-chart-points.ts";
import { EndList, ErrorTable, SpanTable, WayTable } from "./metrics-tables.tsx";
import { Paced } from "./paced.ts";
import { type Metrics, readMetrics } from "./read-observed.ts";
import type { Room } from "./room.ts";
import { askInstructor, routeOf } from "./session.ts";
import { countWords } from "./words.ts";
import {
  HOURS_WORDS,
  LAST_WORDS,
  latencyWords,
  METRICS_HOURS,
  METRICS_WORDS,
  type MetricsHours,
  traceCommand,
  updatedWords,
} from "./words-metrics.ts";
import "./metrics.css";

/** The most used first. */
const SHOWN_WAYS: readonly WayIn[] = ["browser", "media-streams", "conversation-relay"];

/** Each look adds up hours of turns: not more often than that, and while nothing happens seldom. */
const PACE_MS = 10_000;
const IDLE_MS = 60_000;

/** How fast agents answer, how many call, and what goes wrong. */
export function MetricsView({ room }: { readonly room: Room }) {
  const [hours, setHours] = useState<MetricsHours>(24);
  const { metrics, alert, refresh } = useMetrics(room, hours);
  return (
    <div class="metrics">
      <div class="title-row">
        <h2>{METRICS_WORDS.title}</h2>
        <fieldset class="chips">
          <legend class="hidden-label">{METRICS_WORDS.hours}</legend>
          {METRICS_HOURS.map((some) => (
            <button key={some} type="button" class="chip" aria-pressed={some === hours} onClick={() => setHours(some)}>
              {HOURS_WORDS[some]}
            </button>
          ))}
        </fieldset>
      </div>
      {alert !== "" && (
        <p class="alert" role="alert">
          {alert}{" "}
          <button type="button" onClick={refresh}>
            {METRICS_WORDS.again}
          </button>
        </p>
      )}
      {metrics === null ? (
        alert === "" && <p class="looking quiet">{METRICS_WORDS.loading}</p>
      ) : (
        <Shown metrics={metrics} hours={hours} />
      )}
    </div>
  );
}

function Shown({ metrics, hours }: { readonly metrics: Metrics; readonly hours: MetricsHours }) {
  const { calls, turnLatency, errors, ends, to } = metrics;
  const spans = withoutMorning(metrics.spans);
  const drawn = { ...metrics, spans, from: spans[0]?.at ?? metrics.from };
  if (calls === 0 && errors.length === 0) {
    return (
      <section class="card no-metrics">
        <h3>{METRICS_WORDS.none}</h3>
        <p class="quiet">{METRICS_WORDS.noneHint}</p>
      </section>
    );
  }
  return (
    <>
      <dl class="figures">
        <Figure name={METRICS_WORDS.calls} value={countWords(calls)} hint={LAST_WORDS[hours]} />
        <Figure name={METRICS_WORDS.usual} value={latencyWords(turnLatency.p50Ms)} hint={METRICS_WORDS.usualHint} />
        <Figure name={METRICS_WORDS.slow} value={latencyWords(turnLatency.p95Ms)} hint={METRICS_WORDS.slowHint} />
        <Figure name={METRICS_WORDS.errors} value={countWords(countOf(errors))} hint={METRICS_WORDS.errorsHint} />
      </dl>
      <section class="card charts">
        <WaitChart metrics={drawn} />
        <CallsChart metrics={drawn} hours={hours} />
        <p class="hint">{METRICS_WORDS.wait}</p>
        <SpanTable metrics={drawn} hours={hours} />
      </section>
      <div class="metrics-pair">
        <ErrorTable errors={errors} />
        <div class="metrics-part">
          <h3>{METRICS_WORDS.byWayIn}</h3>
          <WayTable rows={SHOWN_WAYS.map((wayIn) => ({ wayIn, ...metrics.byWayIn[wayIn] }))} />
          {ends.length > 0 && <EndList ends={ends} />}
        </div>
      </div>
      <p class="hint">
        {updatedWords(to)}. {METRICS_WORDS.traceHint} <code>{traceCommand("<callId>")}</code>
      </p>
    </>
  );
}

interface FigureProps {
  readonly name: string;
  readonly value: string;
  readonly hint: string;
}

const Figure = ({ name, value, hint }: FigureProps) => (
  <div class="card">
    <dt>{name}</dt>
    <dd class="figure">{value}</dd>
    <dd class="hint">{hint}</dd>
  </div>
);

interface ShownMetrics {
  /** `null`: not here yet. */
  readonly metrics: Metrics | null;
  readonly alert: string;
  readonly refresh: () => void;
}

/** Looked up again when calls begin or end, and now and then; not while nobody looks at the page. */
function useMetrics({ wall, workshopId }: Room, hours: MetricsHours): ShownMetrics {
  const [metrics, setMetrics] = useState<Metrics | null>(null);
  const [alert, setAlert] = useState("");
  const paced = useRef<Paced | null>(null);
  useEffect(() => {
    let isWanted = true;
    const asking = new Paced(
      async () => {
        const answer = await askInstructor("GET", routeOf(workshopId, `/metrics?hours=${hours}`), readMetrics);
        if (!isWanted) return;
        setAlert(answer.ok ? "" : answer.sentence);
        if (answer.ok) setMetrics(answer.value);
      },
      PACE_MS,
      platformWorld,
    );
    paced.current = asking;
    const stop = effect(() => {
      if (wall.totals.value.calls >= 0) asking.want();
    });
    const timer = setInterval(() => {
      if (!document.hidden) asking.want();
    }, IDLE_MS);
    return () => {
      isWanted = false;
      stop();
      clearInterval(timer);
      asking.close();
    };
  }, [wall, workshopId, hours]);
  return { metrics, alert, refresh: () => paced.current?.want() };
}
