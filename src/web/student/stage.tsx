import { computed } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { BUDGET_OWNERS, type BudgetOwner } from "../../protocol/bill.ts";
import { browserKind } from "../browser-kind.ts";
import {
  ASKING_WORDS,
  CALL_WORDS,
  costWords,
  endedCostWords,
  estimateWords,
  NO_CALL_WORDS,
  opensWords,
  PHASE_WORDS,
  SILENT_MODE_WORDS,
  SOUND_PAUSED_WORDS,
  STANDSTILL_WORDS,
  seconds,
  TROUBLE_WORDS,
} from "../words.ts";
import { BudgetNotice } from "./budget-notice.tsx";
import { CallMeter } from "./call-meter.tsx";
import { hintOf, lastedMs, statusOf, waitedMs } from "./call-status.ts";
import { asking, callView, resume, startCall } from "./current-call.ts";
import { FailureCard } from "./failure-card.tsx";
import { MicrophoneHelp } from "./microphone-help.tsx";
import { isInCall, me, sheet, standstill } from "./session.ts";
import { permission, trouble } from "./sound-settings.ts";
import { StateMark, shapeOf } from "./state-mark.tsx";
import "./stage.css";

/** Each changes seldom, however often the microphone's level does. */
const status = computed(() => {
  if (asking.value === "no") {
    if (callView.value.phase !== "idle") return statusOf(callView.value);
    if (standstill.value !== null) return NO_CALL_WORDS;
    return trouble.value === null ? PHASE_WORDS.idle : TROUBLE_WORDS;
  }
  return permission.value === "granted" ? PHASE_WORDS.dialling : ASKING_WORDS;
});
const shape = computed(() => (asking.value === "no" ? shapeOf(callView.value) : "dialling"));
const hint = computed(() => hintOf(callView.value));
const hasCalled = computed(() => callView.value.startedAtMs !== null);
const isAskingMicrophone = computed(() => asking.value !== "no");
const budget = computed(() => callView.value.budget);
const hasFailed = computed(() => callView.value.failure !== null);
/** Said once, for whoever does not see the receipt. */
const endedCost = computed(() => {
  const { phase, meter } = callView.value;
  return phase === "ended" && meter?.bill ? endedCostWords(costWords(meter.bill.costMicroUsd)) : "";
});
const isSoundPaused = computed(() => callView.value.isSoundPaused);
const hasLevel = computed(() => isInCall.value && callView.value.hasMicrophone);
/** From 60 dB below full scale, where a quiet room is, to full scale. */
const loudness = computed(() => (callView.value.muted ? 0 : Math.max(0, 1 + callView.value.levelDbfs / 60)));

/** What goes on, in words and in a shape; the button; and whatever stands in the way of a call. */
export function Stage() {
  return (
    <section class={`card stage ${isInCall.value ? "up" : ""}`}>
      <div class="headline">
        <Mark />
        <div>
          <p class="status" role="status">
            {status.value}
          </p>
          <Waited />
          {hint.value !== "" && <p class="hint">{hint.value}</p>}
          <SilentModeHint />
        </div>
      </div>
      {isSoundPaused.value && <SoundPaused />}
      {hasLevel.value && <Level />}
      <FailureCard />
      <MicrophoneHelp />
      <BudgetNotice budget={isInCall.value ? budget.value : null} />
      {!isInCall.value && <Dial />}
      {isInCall.value ? <Meter /> : <Estimate />}
      <p class="hidden-label" role="status">
        {endedCost.value}
      </p>
    </section>
  );
}

const Mark = () => <StateMark shape={shape.value} loudness={loudness.value} />;
const Meter = () => <CallMeter view={callView.value} />;
const Level = () => <meter class="level" aria-label={CALL_WORDS.level} min={0} max={1} value={loudness.value} />;

function Waited() {
  const ms = waitedMs(callView.value);
  return ms === null ? null : (
    <p class="waited" aria-hidden="true">
      {seconds(ms)}
    </p>
  );
}

function Dial() {
  const dial = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    // Enter calls, for whoever has just come and is nowhere else on the page.
    if (document.activeElement === document.body) dial.current?.focus({ preventScroll: true });
  }, []);
  const reason = standstill.value;
  const isOff = reason !== null;
  return (
    <>
      {reason !== null && !(isOfMoney(reason) && hasFailed.value) && <Standstill reason={reason} />}
      <button
        ref={dial}
        id="dial"
        type="button"
        class="dial"
        hidden={isAskingMicrophone.value}
        disabled={isOff}
        onClick={() => void startCall(true)}
      >
        {hasCalled.value ? CALL_WORDS.again : CALL_WORDS.dial}
      </button>
      <button type="button" class="link" disabled={isOff} onClick={() => void startCall(false)}>
        {CALL_WORDS.dialTyping}
      </button>
    </>
  );
}

type Reason = NonNullable<typeof standstill.value>;

/** A limit is reached. When it ended a call, or refused one, that says so already. */
const isOfMoney = (reason: Reason): reason is BudgetOwner => BUDGET_OWNERS.some((owner) => owner === reason);

function Standstill({ reason }: { readonly reason: Reason }) {
  const opensAt = reason === "not-open" ? (me.value?.workshop?.opensAt ?? null) : null;
  return (
    <div class="note warn">
      <p>{opensAt === null ? STANDSTILL_WORDS[reason] : opensWords(timeWords(opensAt))}</p>
      {(reason === "no-key" || isOfMoney(reason)) && (
        <p class="actions">
          <button
            type="button"
            onClick={() => {
              sheet.value = "key";
            }}
          >
            {reason === "own" ? CALL_WORDS.raiseLimit : CALL_WORDS.addKey}
          </button>
        </p>
      )}
    </div>
  );
}

/** In the student's own time zone. */
const timeWords = (iso: string): string =>
  new Date(iso).toLocaleString("en-GB", {
    weekday: "long",
    day: "numeric",
    month: "long",
    hour: "2-digit",
    minute: "2-digit",
  });

/** What a minute of the next call is likely to cost, and whom. */
function Estimate() {
  const student = me.value;
  if (!student?.payer) return null;
  const { browser, text } = student.estimates;
  return <p class="payer">{estimateWords(student.payer, browser, text)}</p>;
}

function SoundPaused() {
  return (
    <div class="note warn" role="alert">
      <p>{SOUND_PAUSED_WORDS}</p>
      <p class="actions">
        <button type="button" onClick={resume}>
          {CALL_WORDS.goOn}
        </button>
      </p>
    </div>
  );
}

const HINTED_MS = 15_000;

/** The switch at an iPhone's side silences pages too, and nothing tells the page. */
function SilentModeHint() {
  const ms = lastedMs(callView.value);
  const isDue = isInCall.value && ms !== null && ms < HINTED_MS && browserKind(navigator) === "ios";
  return isDue ? <p class="hint">{SILENT_MODE_WORDS}</p> : null;
}
