import { useEffect } from "preact/hooks";
import {
  clockWords,
  costWords,
  END_WORDS,
  HISTORY_WORDS,
  METER_WORDS,
  PAID_WORDS,
  turnsWords,
  WAY_IN_WORDS,
} from "../words.ts";
import { CallPage } from "./call-page.tsx";
import { type ListedCall, lastedMs } from "./call-record-view.ts";
import { callList, listProblem, olderCalls, openCall, readCall, refreshCalls } from "./calls.ts";
import { startCall } from "./current-call.ts";
import { Receipt } from "./receipt.tsx";
import { lastViewOf } from "./replay.ts";
import { SAMPLE_CALL } from "./sample-call.ts";
import { chosenView, isInCall, standstill } from "./session.ts";
import { useLostFocus } from "./use-lost-focus.ts";
import { useRequest } from "./use-request.ts";
import { whenWords } from "./when.ts";
import "./history.css";

/** The calls of a student's agent, newest first, or one of them. */
export function HistoryPanel() {
  useEffect(() => void refreshCalls(), []);
  return (
    <section class="history" aria-label={HISTORY_WORDS.title}>
      {openCall.value ? <CallPage key={openCall.value.id} open={openCall.value} /> : <CallList />}
    </section>
  );
}

function CallList() {
  const heading = useLostFocus<HTMLHeadingElement>();
  const older = useRequest(async () => {
    await olderCalls();
    return null;
  });
  const list = callList.value;
  return (
    <>
      <h2 ref={heading} tabIndex={-1}>
        {HISTORY_WORDS.title}
      </h2>
      {list === null && listProblem.value === null && <p class="quiet">{HISTORY_WORDS.loading}</p>}
      {list?.calls.length === 0 && <NoCalls />}
      {list && list.calls.length > 0 && (
        <>
          <p class="quiet">{HISTORY_WORDS.lead}</p>
          <ol class="call-list">
            {list.calls.map((call) => (
              <li key={call.id}>
                <CallRow call={call} />
              </li>
            ))}
          </ol>
        </>
      )}
      {listProblem.value !== null && (
        <p class="alert" role="alert">
          {listProblem.value}{" "}
          <button type="button" onClick={() => void refreshCalls()}>
            {HISTORY_WORDS.again}
          </button>
        </p>
      )}
      {list?.next && (
        <button type="button" disabled={older.isBusy} onClick={older.run}>
          {HISTORY_WORDS.older}
        </button>
      )}
    </>
  );
}

function CallRow({ call }: { readonly call: ListedCall }) {
  const { startedAt, endedAt, wayIn, turnCount, keySource, costMicroUsd, endReason } = call;
  const durationMs = lastedMs(call);
  return (
    <button type="button" class="call-row" onClick={() => void readCall(call.id)}>
      <span class="call-when">{whenWords(startedAt, Date.now())}</span>
      <span class="call-cost">{costMicroUsd === null ? endedAt && METER_WORDS.unpriced : costWords(costMicroUsd)}</span>
      <span class="call-facts">
        {durationMs === null ? <b>{HISTORY_WORDS.unended}</b> : clockWords(durationMs)} · {WAY_IN_WORDS[wayIn]} ·{" "}
        {turnsWords(turnCount)} · {PAID_WORDS[keySource]}
      </span>
      {endReason && <span class="call-end">{END_WORDS[endReason]}</span>}
    </button>
  );
}

function NoCalls() {
  const call = (): void => {
    // On a narrow screen the call is behind another tab.
    chosenView.value = "call";
    void startCall(true);
  };
  return (
    <>
      <p>{HISTORY_WORDS.none}</p>
      <button
        type="button"
        class="primary first-call"
        disabled={isInCall.value || standstill.value !== null}
        onClick={call}
      >
        {HISTORY_WORDS.firstCall}
      </button>
      <p class="quiet">{HISTORY_WORDS.noneHint}</p>
      <div class="sample">
        <p class="sample-mark">{HISTORY_WORDS.sample}</p>
        <Receipt view={lastViewOf(SAMPLE_CALL)} beganAtMs={null} repriced={SAMPLE_CALL.repriced} />
      </div>
    </>
  );
}
