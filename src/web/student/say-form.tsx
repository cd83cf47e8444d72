import type { TargetedSubmitEvent } from "preact";
import { useRef } from "preact/hooks";
import { CALL_WORDS } from "../words.ts";
import { say, startCall } from "./current-call.ts";
import { isInCall, standstill } from "./session.ts";

const LONGEST = 2_000;

/** Words instead of speech. Without a call they begin one, and are what is said first. */
export function SayForm() {
  const field = useRef<HTMLInputElement>(null);
  const isOff = !isInCall.value && standstill.value !== null;
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const words = field.current?.value.trim() ?? "";
    if (words === "" || !field.current) return;
    field.current.value = "";
    // What is typed while the connection is away is sent when it is back.
    if (isInCall.value) say(words);
    else void startCall(false, words);
  };
  return (
    <form class="say" onSubmit={submit}>
      <input
        ref={field}
        aria-label={CALL_WORDS.sayLabel}
        placeholder={CALL_WORDS.sayHint}
        autocomplete="off"
        maxLength={LONGEST}
        disabled={isOff}
      />
      <button type="submit" disabled={isOff}>
        {CALL_WORDS.send}
      </button>
    </form>
  );
}
