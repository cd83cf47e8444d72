import { useState } from "preact/hooks";
import type { CallView } from "../call-view.ts";
import {
  clockWords,
  LAYER_WORDS,
  METER_WORDS,
  ON_KEY_WORDS,
  startedMinutesWords,
  tokenWords,
  unpricedWords,
} from "../words.ts";
import { Amount } from "./amount.tsx";
import { lastedMs } from "./call-status.ts";
import { arithmetic } from "./later-parts.ts";
import { isOnKey, type LayerSum, layersOf, linesOf, runningMs, startedMinutes, sumOf } from "./meter-of.ts";
import "./call-meter.css";

/** What the call has cost so far, whose key pays that, and what it is made of. Nothing before it has begun. */
export function CallMeter({ view }: { readonly view: CallView }) {
  const ms = lastedMs(view);
  if (ms === null) return null;
  const lines = linesOf(view);
  const layers = layersOf(lines);
  const { keySource, meter } = view;
  return (
    <div class="call-meter">
      <dl class="pump">
        <div class="cost">
          <dt class="hidden-label">{METER_WORDS.cost}</dt>
          <dd>
            <Amount sum={sumOf(lines.filter(isOnKey))} isAbout={meter?.bill?.estimated ?? false} />
          </dd>
          {keySource !== null && <dd class="parts">{ON_KEY_WORDS[keySource]}</dd>}
        </div>
        <div class="time">
          <dt class="hidden-label">{METER_WORDS.time}</dt>
          <dd>{clockWords(ms)}</dd>
        </div>
      </dl>
      {layers.length > 0 && (
        <>
          <Stack layers={layers} />
          <ul class="layers" aria-label={METER_WORDS.layers}>
            {layers.map((sum) => (
              <Layer key={sum.layer} sum={sum} lineMs={sum.layer === "phone" ? runningMs(view) : null} />
            ))}
          </ul>
          <Opened lines={lines} />
        </>
      )}
    </div>
  );
}

/** Width of the drawing, in units of its own. */
const WIDE = 1_000;

/** Each layer as wide as its part of the money. */
function Stack({ layers }: { readonly layers: readonly LayerSum[] }) {
  const all = layers.reduce((sum, { microUsd }) => sum + microUsd, 0);
  if (all === 0) return null;
  let x = 0;
  return (
    <svg class="stack" viewBox={`0 0 ${WIDE} 10`} preserveAspectRatio="none" aria-hidden="true">
      {layers.map(({ layer, microUsd }) => {
        const width = (microUsd / all) * WIDE;
        x += width;
        return <rect key={layer} class={`share ${layer}`} x={x - width} width={width} height={10} />;
      })}
    </svg>
  );
}

function Layer({ sum, lineMs }: { readonly sum: LayerSum; readonly lineMs: number | null }) {
  const { layer, microUsd, isWhole, unpriced } = sum;
  return (
    <li>
      <svg class="swatch" viewBox="0 0 10 10" aria-hidden="true">
        <rect class={`share ${layer}`} width={10} height={10} />
      </svg>
      <span class="parts">{LAYER_WORDS[layer]}</span>
      {(isWhole || microUsd > 0) && <Amount sum={{ microUsd, isWhole }} />}
      {lineMs !== null && (
        <span class="parts">
          {clockWords(lineMs)}, {startedMinutesWords(startedMinutes(lineMs))}
        </span>
      )}
      {layer === "phone" && <span class="parts">{METER_WORDS.twilio}</span>}
      {unpriced.map(({ model, tokens }) => (
        <span key={model} class="parts">
          {unpricedWords(model)}
          {tokens > 0 && `, ${tokenWords(tokens)}`}
        </span>
      ))}
    </li>
  );
}

/** Every number down to its price. */
function Opened({ lines }: { readonly lines: ReturnType<typeof linesOf> }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="adds-up" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{METER_WORDS.open}</summary>
      {isOpen && <arithmetic.Part lines={lines} />}
    </details>
  );
}
