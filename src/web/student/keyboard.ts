import { callView, hangUp, talk, toggleMute } from "./current-call.ts";
import { isInCall } from "./session.ts";

/** The keys of a call, from anywhere on the page: Space held talks, M mutes, Escape twice ends. */

const TWICE_MS = 600;
const FIELDS = "input, textarea, select, [contenteditable]";
/** Here Space already means something. */
const PRESSABLE = "button, a, summary, [role=tab], [role=switch]";
/** The button for talking, where Space means the same as everywhere else. */
const HOLD = "[data-hold]";

/** Listens until the returned function is called. */
export function listenToKeys(): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  let escapedAtMs = Number.NEGATIVE_INFINITY;
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !isInCall.value) return;
      if (event.key === "Escape") {
        if (event.repeat) return;
        if (event.timeStamp - escapedAtMs < TWICE_MS) hangUp();
        escapedAtMs = event.timeStamp;
        return;
      }
      const isIn = (selector: string): boolean =>
        event.target instanceof Element && event.target.closest(selector) !== null;
      if (isIn(FIELDS)) return;
      const { hasMicrophone, talkMode } = callView.value;
      if (event.key.toLowerCase() === "m" && hasMicrophone && !event.repeat) toggleMute();
      if (event.key !== " " || talkMode !== "push-to-talk" || (isIn(PRESSABLE) && !isIn(HOLD))) return;
      // Held down it repeats; each would scroll the page.
      event.preventDefault();
      if (!event.repeat) talk(true);
    },
    { signal },
  );
  document.addEventListener(
    "keyup",
    (event) => {
      if (event.key !== " ") return;
      // A button takes Space for a press when it is let go.
      if (event.target instanceof Element && event.target.closest(HOLD)) event.preventDefault();
      talk(false);
    },
    { signal },
  );
  window.addEventListener("blur", () => talk(false), { signal });
  return () => stop.abort();
}
