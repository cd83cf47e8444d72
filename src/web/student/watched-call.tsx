import { useId } from "preact/hooks";
import { isUp } from "../call-view.ts";
import { CLOSE_WORDS, KEY_WORDS, WATCHED_HINT_WORDS, WATCHED_WORDS } from "../words.ts";
import { BudgetNotice } from "./budget-notice.tsx";
import { CallMeter } from "./call-meter.tsx";
import { statusOf } from "./call-status.ts";
import { Captions } from "./captions.tsx";
import { receipt } from "./later-parts.ts";
import { forgetWatched } from "./live.ts";
import { StateMark, shapeOf } from "./state-mark.tsx";
import type { Watched } from "./watched-calls.ts";
import { Waterfall } from "./waterfall.tsx";
import "./watched-call.css";

/** A call to the student's agent that somebody else holds: followed as it goes, and read only. */
export function WatchedCallCard({ watched: { call, view } }: { readonly watched: Watched }) {
  const titleId = useId();
  const isGoing = isUp(view);
  return (
    <>
      <section class="card watched" aria-labelledby={titleId}>
        <header class="card-top">
          <h2 id={titleId}>{WATCHED_WORDS[call.wayIn]}</h2>
          {!isGoing && (
            <button type="button" class="quiet-button" onClick={() => forgetWatched(call.callId)}>
              {CLOSE_WORDS}
            </button>
          )}
        </header>
        <div class="watched-state">
          <StateMark shape={shapeOf(view)} />
          <p class="status" aria-live="polite">
            {statusOf(view)}
          </p>
        </div>
        <BudgetNotice budget={isGoing ? view.budget : null} />
        {isGoing && <CallMeter view={view} />}
        <Captions lines={view.lines} titleId={titleId} isLive={false} />
        <p class="quiet small">{isGoing ? WATCHED_HINT_WORDS : KEY_WORDS[call.keySource]}</p>
      </section>
      <Waterfall lines={view.lines} />
      {!isGoing && <receipt.Part view={view} callId={call.callId} beganAtMs={call.startedAtMs} />}
    </>
  );
}
