import { useMemo, useState } from "preact/hooks";
import { HISTORY_WORDS, REPLAY_WORDS, WAY_IN_WORDS } from "../words.ts";
import { fileNameOf, jsonOf, textOf } from "./call-export.ts";
import { CallId } from "./call-id.tsx";
import type { ArchivedCall } from "./call-record-view.ts";
import { type OpenCall, openCall, readCall } from "./calls.ts";
import { Captions } from "./captions.tsx";
import { Icon } from "./icon.tsx";
import { Receipt } from "./receipt.tsx";
import { lastViewOf } from "./replay.ts";
import { ReplayView } from "./replay-view.tsx";
import { saveFile } from "./save-file.ts";
import { useLostFocus } from "./use-lost-focus.ts";
import { Waterfall } from "./waterfall.tsx";
import { whenWords } from "./when.ts";

/** One call of the archive: what was said and done in it, how fast, and for how much. */
export function CallPage({ open }: { readonly open: OpenCall }) {
  const back = useLostFocus<HTMLButtonElement>();
  return (
    <>
      <button
        ref={back}
        type="button"
        class="quiet-button back"
        onClick={() => {
          openCall.value = null;
        }}
      >
        <Icon name="back" /> {HISTORY_WORDS.back}
      </button>
      {open.state === "loading" && <p class="quiet">{HISTORY_WORDS.loading}</p>}
      {open.state === "failed" && (
        <p class="alert" role="alert">
          {open.sentence}{" "}
          <button type="button" onClick={() => void readCall(open.id)}>
            {HISTORY_WORDS.again}
          </button>
        </p>
      )}
      {open.state === "read" && <ReadCall archived={open.archived} />}
    </>
  );
}

function ReadCall({ archived }: { readonly archived: ArchivedCall }) {
  const [isReplaying, setReplaying] = useState(false);
  const view = useMemo(() => lastViewOf(archived), [archived]);
  const { call, repriced } = archived;
  const { startedAt, endedAt, wayIn, transcriptionModel } = call;
  return (
    <>
      <header class="call-top">
        <h2>{whenWords(startedAt, Date.now())}</h2>
        <p class="quiet">
          {WAY_IN_WORDS[wayIn]}
          {transcriptionModel && ` · ${HISTORY_WORDS.transcriptionModel}: ${transcriptionModel}`}
        </p>
        <p class="row-actions">
          <button type="button" aria-pressed={isReplaying} onClick={() => setReplaying(!isReplaying)}>
            {REPLAY_WORDS.open}
          </button>
          <button
            type="button"
            onClick={() => saveFile(fileNameOf(archived, "json"), "application/json", jsonOf(archived))}
          >
            {HISTORY_WORDS.saveJson}
          </button>
          <button type="button" onClick={() => saveFile(fileNameOf(archived, "txt"), "text/plain", textOf(archived))}>
            {HISTORY_WORDS.saveText}
          </button>
        </p>
      </header>
      {isReplaying ? (
        <ReplayView archived={archived} />
      ) : (
        <section class="card transcript" aria-labelledby="archived-transcript">
          <h2 id="archived-transcript">{HISTORY_WORDS.transcript}</h2>
          {view.lines.length === 0 ? (
            <p class="quiet">{HISTORY_WORDS.nothingSaid}</p>
          ) : (
            <Captions lines={view.lines} titleId="archived-transcript" isLive={false} />
          )}
        </section>
      )}
      {endedAt === null ? (
        <p class="note">{HISTORY_WORDS.unendedHint}</p>
      ) : (
        <Receipt view={view} beganAtMs={Date.parse(startedAt)} repriced={repriced} />
      )}
      <Waterfall lines={view.lines} />
      <CallId callId={call.id} />
    </>
  );
}
