import type { CallView } from "../call-view.ts";
import { clockWords, costWords, countWords, METER_WORDS, PRICE_LATER_WORDS, tokensWords } from "../words.ts";
import { lastedMs } from "./call-status.ts";

/** How long the call has lasted, and what it has used so far. Nothing before it has begun. */
export function CallMeter({ view }: { readonly view: CallView }) {
  const ms = lastedMs(view);
  if (ms === null) return null;
  const { meter } = view;
  return (
    <dl class="call-meter">
      <div>
        <dt>{METER_WORDS.time}</dt>
        <dd>{clockWords(ms)}</dd>
      </div>
      {meter !== null && (
        <>
          <div>
            <dt>{METER_WORDS.tokens}</dt>
            <dd>
              {countWords(meter.usage.inputTokens + meter.usage.outputTokens)}{" "}
              <span class="parts">{tokensWords(meter.usage)}</span>
            </dd>
          </div>
          <div>
            <dt>{METER_WORDS.cost}</dt>
            <dd>
              {meter.costMicroUsd === null ? (
                <span class="parts">{PRICE_LATER_WORDS}</span>
              ) : (
                costWords(meter.costMicroUsd)
              )}
            </dd>
          </div>
        </>
      )}
    </dl>
  );
}
