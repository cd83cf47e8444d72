import { useState } from "preact/hooks";
import { CALL_WORDS } from "../words.ts";
import { press } from "./current-call.ts";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];
/** How a screen reader is to say what is no digit. */
const NAMES: Readonly<Record<string, string>> = { "*": "Star", "#": "Hash" };
/** So many of the last keys are shown. */
const SHOWN = 12;

/** The keys of a telephone; while one has the focus, digits can be typed too. */
export function Keypad() {
  const [pressed, setPressed] = useState("");
  const push = (key: string): void => {
    press(key);
    setPressed((before) => (before + key).slice(-SHOWN));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (KEYS.includes(event.key) && !event.ctrlKey && !event.metaKey && !event.repeat) push(event.key);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: its keys are buttons; this is the short way for who can type
    <div class="keypad" onKeyDown={onKeyDown}>
      <p class="pressed">
        <span class="hidden-label">{CALL_WORDS.pressed}</span> {pressed === "" ? "\u00a0" : pressed}
      </p>
      {KEYS.map((key) => (
        <button key={key} type="button" aria-label={NAMES[key]} onClick={() => push(key)}>
          {key}
        </button>
      ))}
    </div>
  );
}
