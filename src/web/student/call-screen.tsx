import { computed, useSignalEffect } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import { isUp } from "../call-view.ts";
import { CALL_WORDS } from "../words.ts";
import { Captions } from "./captions.tsx";
import { Controls } from "./controls.tsx";
import { callId, callView, hangUp, isPlaying, tick } from "./current-call.ts";
import { listenToKeys } from "./keyboard.ts";
import { closedCard, receipt } from "./later-parts.ts";
import { followLive, tickLive, watchedCalls } from "./live.ts";
import { SayForm } from "./say-form.tsx";
import { chosenView, closing, isInCall, refreshMe } from "./session.ts";
import { SoundPanel } from "./sound-panel.tsx";
import { readsAloud, watchDevices } from "./sound-settings.ts";
import { Stage } from "./stage.tsx";
import { yieldCalls } from "./take-over.ts";
import { keepAwake } from "./wake-lock.ts";
import { WatchedCallCard } from "./watched-call.tsx";
import { Waterfall } from "./waterfall.tsx";
import "./call-screen.css";

const TICK_MS = 500;
const lines = computed(() => callView.value.lines);
const isOver = computed(() => callView.value.phase === "ended");
/** Nothing was called from here, and somebody else's call goes on. */
const isOnlyWatching = computed(
  () => callView.value.phase === "idle" && watchedCalls.value.some(({ view }) => isUp(view)),
);

/** The workshop was closed, and the page was not told. */
const isRefusedForGood = computed(() => ENDED_CODES.has(callView.value.failure?.code ?? ""));
const ENDED_CODES: ReadonlySet<string> = new Set(["workshop_closed", "revoked"]);
/** There are no calls any more, and the last one is over. */
const isClosed = computed(() => closing.value !== null && !isInCall.value);

/** The right half of the page: the call, before, during and after. */
export function CallScreen() {
  useEffect(attach, []);
  useSignalEffect(() => {
    // For whoever looks from outside: a test, or the browser's own tools.
    const page = document.getElementById("page");
    if (!page) return;
    page.dataset.phase = callView.value.phase;
    page.dataset.state = callView.value.state;
  });
  useSignalEffect(() => {
    if (isRefusedForGood.value) void refreshMe();
  });
  const screen = useRef<HTMLDivElement>(null);
  useSignalEffect(() => {
    // How it ended, and its receipt, stand at the top.
    if (isOver.value) screen.current?.scrollTo({ top: 0 });
  });
  return (
    <div id="call" class="call-column">
      <div class="call-screen" ref={screen}>
        {isClosed.value ? <closedCard.Part /> : <Stage />}
        {isOver.value && <OwnReceipt />}
        {watchedCalls.value.map((watched) => (
          <WatchedCallCard key={watched.call.callId} watched={watched} />
        ))}
        {!isOnlyWatching.value && !(isClosed.value && !isOver.value) && <Transcript />}
        <Waterfall lines={lines.value} />
        {!isClosed.value && <SoundPanel />}
      </div>
      <Controls />
    </div>
  );
}

/** All that a call needs of the page around it, for as long as there is a student. */
function attach(): () => void {
  const timer = setInterval(() => {
    tick();
    tickLive();
  }, TICK_MS);
  const onHide = (): void => void hangUp();
  window.addEventListener("pagehide", onHide);
  const stops = [followLive(), watchDevices(), listenToKeys(), keepAwake(isInCall), yieldCalls(hangUp)];
  return () => {
    hangUp();
    clearInterval(timer);
    window.removeEventListener("pagehide", onHide);
    for (const stop of stops) stop();
  };
}

function Transcript() {
  const titleId = useId();
  // A screen reader would talk over the agent; it reads what is new when the agent has finished.
  const isLive = !isPlaying.value || readsAloud.value;
  return (
    <section class="card talk" aria-labelledby={titleId}>
      <h2 id={titleId}>{CALL_WORDS.title}</h2>
      <Captions lines={lines.value} titleId={titleId} isLive={isLive} />
      <SayForm />
    </section>
  );
}

function OwnReceipt() {
  const view = callView.value;
  if (view.startedAtMs === null) return null;
  return (
    <receipt.Part view={view} callId={callId.value} beganAtMs={performance.timeOrigin + view.startedAtMs}>
      <button
        type="button"
        onClick={() => {
          chosenView.value = "calls";
        }}
      >
        {CALL_WORDS.seeCalls}
      </button>
    </receipt.Part>
  );
}
