import type { ReadonlySignal } from "@preact/signals";

/** Keeps the screen on while `isWanted`: a phone that sleeps takes the microphone with it. Returns what ends that. */
export function keepAwake(isWanted: ReadonlySignal<boolean>): () => void {
  // Not in every browser, whatever its type says.
  if (!("wakeLock" in navigator)) return () => {};
  let held: WakeLockSentinel | undefined;
  let isOver = false;
  const look = async (): Promise<void> => {
    const isDue = !isOver && isWanted.value && document.visibilityState === "visible";
    // A page that was hidden has lost it without a word.
    if (held?.released) held = undefined;
    if (!isDue) await held?.release();
    if (!isDue) held = undefined;
    // Refused when the battery is low; a call goes on without.
    else held ??= await navigator.wakeLock.request("screen").catch(() => undefined);
  };
  // One after the other: a lock that is being asked for cannot be let go yet.
  let looking = Promise.resolve();
  const lookNext = (): void => {
    looking = looking.then(look);
  };
  document.addEventListener("visibilitychange", lookNext);
  const stop = isWanted.subscribe(lookNext);
  return () => {
    isOver = true;
    stop();
    document.removeEventListener("visibilitychange", lookNext);
    lookNext();
  };
}
