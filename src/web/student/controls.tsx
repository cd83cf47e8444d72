import { computed } from "@preact/signals";
import { useState } from "preact/hooks";
import { BUTTON_WORDS, CALL_WORDS } from "../words.ts";
import { asking, callView, hangUp, talk, toggleMute, toggleTalk, usePushToTalk } from "./current-call.ts";
import { Keypad } from "./keypad.tsx";
import { isInCall } from "./session.ts";
import "./controls.css";

const muted = computed(() => callView.value.muted);
const talking = computed(() => callView.value.talking);
const hasMicrophone = computed(() => callView.value.hasMicrophone);
const isPushToTalk = computed(() => callView.value.talkMode === "push-to-talk");
const isDialling = computed(() => callView.value.phase === "dialling");

/** The buttons of a call, within reach of the thumb. */
export function Controls() {
  const isAsking = asking.value !== "no";
  return isInCall.value || isAsking ? <Bar isAsking={isAsking} /> : null;
}

function Bar({ isAsking }: { readonly isAsking: boolean }) {
  const [hasKeypad, setKeypad] = useState(false);
  return (
    <div class="controls" role="toolbar" aria-label={CALL_WORDS.controls}>
      {hasKeypad && !isAsking && <Keypad />}
      {isInCall.value && isPushToTalk.value && hasMicrophone.value && <HoldToTalk />}
      <div class="row">
        {isInCall.value && hasMicrophone.value && (
          <>
            <button type="button" data-on={muted.value} aria-keyshortcuts="M" onClick={toggleMute}>
              {muted.value ? BUTTON_WORDS.unmute : BUTTON_WORDS.mute}
            </button>
            <button type="button" aria-pressed={isPushToTalk.value} onClick={() => usePushToTalk(!isPushToTalk.value)}>
              {CALL_WORDS.pushToTalk}
            </button>
          </>
        )}
        {isInCall.value && (
          <button type="button" aria-expanded={hasKeypad} onClick={() => setKeypad(!hasKeypad)}>
            {CALL_WORDS.keypad}
          </button>
        )}
        <button type="button" class="end" onClick={hangUp}>
          {isAsking || isDialling.value ? BUTTON_WORDS.cancel : BUTTON_WORDS.end}
        </button>
      </div>
    </div>
  );
}

/** Held with a finger, a mouse or Space; whoever can only press it, presses it again when they have spoken. */
function HoldToTalk() {
  const press = ({ currentTarget, pointerId }: PointerEvent & { currentTarget: HTMLElement }): void => {
    currentTarget.setPointerCapture(pointerId);
    talk(true);
  };
  const release = (): void => talk(false);
  return (
    <button
      type="button"
      class="hold"
      data-hold
      aria-pressed={talking.value}
      aria-keyshortcuts="Space"
      onPointerDown={press}
      onPointerUp={release}
      onPointerCancel={release}
      onLostPointerCapture={release}
      // A press without a pointer: Enter, or a screen reader's own.
      onClick={({ detail }) => detail === 0 && toggleTalk()}
    >
      {CALL_WORDS.hold}
    </button>
  );
}
