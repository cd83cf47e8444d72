import type { VNode } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { GapLine, Line, ToolLine, TurnLine } from "../call-lines.ts";
import {
  CALL_WORDS,
  gapWords,
  latencyWords,
  microphoneGapWords,
  NOT_HEARD_WORDS,
  SHORT_ANSWER_WORDS,
  SPEAKER_WORDS,
  toolWords,
  WAITING_WORDS,
} from "../words.ts";
import { isShort } from "./call-status.ts";
import "./captions.css";

interface CaptionsProps {
  readonly lines: readonly Line[];
  /** Id of the heading that names the log. */
  readonly titleId: string;
  /** A screen reader reads what is new. Not over the agent's own voice. */
  readonly isLive: boolean;
}

/** So near its end a reader is at it, and is taken along. */
const AT_END_PX = 40;

/** What was said, as it is being said. */
export function Captions({ lines, titleId, isLive }: CaptionsProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  useLayoutEffect(() => {
    // Whoever has scrolled up is reading.
    if (isAtEnd.current && scroller.current) scroller.current.scrollTop = scroller.current.scrollHeight;
  }, [lines]);
  const onScroll = ({ currentTarget: { scrollHeight, scrollTop, clientHeight } }: { currentTarget: HTMLElement }) => {
    isAtEnd.current = scrollHeight - scrollTop - clientHeight < AT_END_PX;
  };
  return (
    <div
      ref={scroller}
      class="scroller"
      role="log"
      aria-labelledby={titleId}
      aria-live={isLive ? "polite" : "off"}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be within reach of the keyboard
      tabIndex={0}
      onScroll={onScroll}
    >
      {lines.length === 0 ? <p class="quiet">{CALL_WORDS.nothingYet}</p> : <ol class="lines">{lines.map(itemOf)}</ol>}
    </div>
  );
}

/** Preact passes over an element that is the same as before: only lines that changed are drawn, and a selection stays. */
const drawn = new WeakMap<Line, VNode>();

function itemOf(line: Line): VNode {
  const known = drawn.get(line);
  if (known) return known;
  const item = <LineItem key={`${line.kind} ${line.seq} ${line.kind === "gap" ? line.lostMs : ""}`} line={line} />;
  drawn.set(line, item);
  return item;
}

function LineItem({ line }: { readonly line: Line }) {
  switch (line.kind) {
    case "turn":
      return <TurnItem line={line} />;
    case "tool":
      return <ToolItem line={line} />;
    case "gap":
      return <GapItem line={line} />;
  }
}

function TurnItem({
  line: { speaker, text, interim, notHeard, isFinal, timings, failure },
}: {
  readonly line: TurnLine;
}) {
  const isWaiting = text === "" && interim === "" && notHeard === "" && !isFinal && failure === null;
  const latency = latencyWords(timings);
  return (
    <li class={`line by-${speaker}`}>
      <span class="who">{SPEAKER_WORDS[speaker]}</span>
      <span class="words" dir="auto">
        {text !== "" && <span class="final">{text}</span>}
        {(interim !== "" || isWaiting) && <span class="interim">{isWaiting ? WAITING_WORDS : interim}</span>}
        {notHeard !== "" && (
          <>
            {" "}
            <span class="cut">{NOT_HEARD_WORDS}</span> <del class="not-heard">{notHeard.trim()}</del>
          </>
        )}
        {isShort(failure) && (
          <>
            {" "}
            <span class="failure">{SHORT_ANSWER_WORDS}</span>
          </>
        )}
      </span>
      {latency !== "" && <span class="timing">{latency}</span>}
    </li>
  );
}

function ToolItem({ line: { name, outcome, durationMs, arguments: sent, output } }: { readonly line: ToolLine }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <li class="line tool">
      <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>
          <span class="tool-name">{name}</span>
          <span class={`outcome ${outcome}`}>{toolWords(outcome, durationMs)}</span>
        </summary>
        {isOpen && (
          <dl>
            <dt>{CALL_WORDS.toolSent}</dt>
            <dd>
              <pre>{readable(sent)}</pre>
            </dd>
            <dt>{CALL_WORDS.toolAnswer}</dt>
            <dd>
              <pre>{output === null ? WAITING_WORDS : readable(output)}</pre>
            </dd>
          </dl>
        )}
      </details>
    </li>
  );
}

const GapItem = ({ line: { cause, lostMs } }: { readonly line: GapLine }) => (
  <li class="line gap">
    <span class="words">{cause === "connection" ? gapWords(lostMs) : microphoneGapWords(lostMs)}</span>
  </li>
);

/** JSON with room to breathe; what is none, as it came. */
function readable(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}
