import { browserKind } from "../browser-kind.ts";
import { CopyButton } from "../ui/copy-button.tsx";
import {
  ALLOW_WORDS,
  ASKING_LATE_WORDS,
  CALL_WORDS,
  ECHO_WORDS,
  MICROPHONE_FOUND_WORDS,
  MICROPHONE_WORDS,
  THIS_ADDRESS_WORDS,
} from "../words.ts";
import { asking, callView, dismissEcho, startCall, usePushToTalk } from "./current-call.ts";
import { permission, trouble, wasFound } from "./sound-settings.ts";

/** Everything between a student and a microphone that works; nothing when all is well. */
export function MicrophoneHelp() {
  if (asking.value !== "no") return <Asking />;
  if (trouble.value !== null) return <Trouble />;
  if (callView.value.hearsItself) return <Echo />;
  return wasFound.value ? <p class="note good">{MICROPHONE_FOUND_WORDS}</p> : null;
}

/** Browsers show their question at the top left, and it is easily missed. */
function Asking() {
  if (permission.value === "granted") return null;
  return (
    <>
      <svg class="arrow" viewBox="0 0 48 48" aria-hidden="true">
        <path d="M38 42C38 24 28 12 10 10M22 4 9 10l9 11" />
      </svg>
      {asking.value === "late" && <p class="hint">{ASKING_LATE_WORDS}</p>}
    </>
  );
}

function Trouble() {
  const cause = trouble.value;
  if (cause === null) return null;
  const isElsewhere = cause === "embedded" || cause === "insecure";
  return (
    <div class="alert" role="alert">
      <p>{MICROPHONE_WORDS[cause]}</p>
      {cause === "denied" && <p>{ALLOW_WORDS[browserKind(navigator)]}</p>}
      <p class="actions">
        {isElsewhere ? (
          <CopyButton text={location.href} what={THIS_ADDRESS_WORDS} />
        ) : (
          <button type="button" onClick={() => void startCall(true)}>
            {CALL_WORDS.tryAgain}
          </button>
        )}
      </p>
    </div>
  );
}

/** The call goes on meanwhile: this is advice. */
function Echo() {
  const pushToTalk = (): void => {
    dismissEcho();
    usePushToTalk(true);
  };
  return (
    <div class="note warn" role="alert">
      <p>{ECHO_WORDS.question}</p>
      <p class="actions">
        <button type="button" onClick={dismissEcho}>
          {ECHO_WORDS.headphones}
        </button>
        <button type="button" onClick={pushToTalk}>
          {ECHO_WORDS.pushToTalk}
        </button>
      </p>
    </div>
  );
}
