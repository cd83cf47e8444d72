import { useId, useState } from "preact/hooks";
import type { Line } from "../call-lines.ts";
import { milliseconds, SEGMENT_WORDS, WATERFALL_WORDS } from "../words.ts";
import { barsOf, type Segment, type SegmentName, type TurnBar } from "./turn-segments.ts";
import "./waterfall.css";

const NAMES: readonly SegmentName[] = ["first-word", "first-sound", "sent", "heard"];
/** Width of the drawing, in units of its own. */
const WIDE = 1_000;

/** Where the time of each answered turn went: as bars, or as a table. Nothing before the first. */
export function Waterfall({ lines }: { readonly lines: readonly Line[] }) {
  const [isTable, setTable] = useState(false);
  const titleId = useId();
  const bars = barsOf(lines);
  if (bars.length === 0) return null;
  const longestMs = Math.max(...bars.map(({ totalMs }) => totalMs));
  return (
    <section class="card waterfall" aria-labelledby={titleId}>
      <header class="card-top">
        <h2 id={titleId}>{WATERFALL_WORDS.title}</h2>
        <button type="button" class="quiet-button" onClick={() => setTable(!isTable)}>
          {isTable ? WATERFALL_WORDS.asBars : WATERFALL_WORDS.asTable}
        </button>
      </header>
      <p class="quiet small">{WATERFALL_WORDS.hint}</p>
      {isTable ? (
        <Table bars={bars} titleId={titleId} />
      ) : (
        <>
          <ol class="bars">
            {bars.map((bar) => (
              <Bar key={bar.seq} bar={bar} longestMs={longestMs} />
            ))}
          </ol>
          <ul class="legend">
            {NAMES.map((name) => (
              <li key={name}>
                <Drawing segments={[{ name, startMs: 0, endMs: 1 }]} longestMs={1} />
                {SEGMENT_WORDS[name]}
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function Bar({ bar, longestMs }: { readonly bar: TurnBar; readonly longestMs: number }) {
  const [isOpen, setOpen] = useState(false);
  const { seq, segments, totalMs, isSlowest } = bar;
  return (
    <li>
      <button
        type="button"
        class={`turn-bar ${isSlowest ? "slowest" : ""}`}
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        <span class="turn-name">
          <span class="hidden-label">{WATERFALL_WORDS.turn}</span> {seq}
        </span>
        <Drawing segments={segments} longestMs={longestMs} />
        <span class="turn-total">
          {milliseconds(totalMs)}
          {isSlowest && <span class="slowest-mark"> {WATERFALL_WORDS.slowest}</span>}
        </span>
      </button>
      <p class={`turn-parts small ${isOpen ? "open" : ""}`}>
        {segments.map(({ name, startMs, endMs }) => (
          <span key={name}>
            {SEGMENT_WORDS[name]} {milliseconds(endMs - startMs)}
          </span>
        ))}
      </p>
    </li>
  );
}

function Drawing({ segments, longestMs }: { readonly segments: readonly Segment[]; readonly longestMs: number }) {
  const x = (ms: number): number => (ms / longestMs) * WIDE;
  return (
    <svg class="drawing" viewBox={`0 0 ${WIDE} 10`} preserveAspectRatio="none" aria-hidden="true">
      {segments.map(({ name, startMs, endMs }) => (
        <rect
          key={name}
          class={`segment ${name}`}
          x={x(startMs)}
          y={name === "sent" ? 2 : 0}
          width={x(endMs - startMs)}
          height={name === "sent" ? 6 : 10}
        />
      ))}
    </svg>
  );
}

function Table({ bars, titleId }: { readonly bars: readonly TurnBar[]; readonly titleId: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be within reach of the keyboard
    <section class="table-scroller" aria-labelledby={titleId} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">{WATERFALL_WORDS.turn}</th>
            {NAMES.map((name) => (
              <th key={name} scope="col">
                {SEGMENT_WORDS[name]}
              </th>
            ))}
            <th scope="col">{WATERFALL_WORDS.total}</th>
          </tr>
        </thead>
        <tbody>
          {bars.map(({ seq, segments, totalMs, isSlowest }) => (
            <tr key={seq}>
              <th scope="row">{seq}</th>
              {NAMES.map((name) => (
                <td key={name}>{spanOf(segments, name)}</td>
              ))}
              <td>
                {milliseconds(totalMs)}
                {isSlowest && ` (${WATERFALL_WORDS.slowest})`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function spanOf(segments: readonly Segment[], name: SegmentName): string {
  const segment = segments.find((other) => other.name === name);
  return segment ? milliseconds(segment.endMs - segment.startMs) : "–";
}
