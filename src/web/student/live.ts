import { signal } from "@preact/signals";
import type { StudentLiveMessage } from "../../protocol/live-messages.ts";
import { parseStudentLiveMessage } from "../../protocol/read-live-message.ts";
import { isUp } from "../call-view.ts";
import { LiveLine, liveUrl } from "../live-line.ts";
import { isOwnCall } from "./current-call.ts";
import { announcement, callsChanged, isPaused, money, presence, refreshMe } from "./session.ts";
import { foldWatched, tickWatched, type Watched } from "./watched-calls.ts";

/** Calls of the student's agent that are not this page's own. */
export const watchedCalls = signal<readonly Watched[]>([]);

/** A server that has closed the line for good is asked again so much later: a workshop may be opened anew. */
const ASK_AGAIN_MS = 30_000;
/** After so many failed tries it may be that nobody is signed in any more. */
const TRIES_TO_DOUBT = 4;

/** Brings the workshop's news to the page until the returned function is called. */
export function followLive(): () => void {
  let again: ReturnType<typeof setTimeout> | undefined;
  let line = listen();
  function listen(): LiveLine<StudentLiveMessage> {
    return new LiveLine(liveUrl(location.href), {
      parse: parseStudentLiveMessage,
      onMessage: hear,
      onConnection: (connection) => {
        if (connection !== "open") money.value = null;
        if (connection === "closed" && again === undefined) void decided();
      },
      onFailedTry: (tries) => {
        if (tries % TRIES_TO_DOUBT === 0) void refreshMe();
      },
    });
  }
  async function decided(): Promise<void> {
    await refreshMe();
    if (presence.value !== "in" || stop.signal.aborted) return;
    again = setTimeout(() => {
      again = undefined;
      line = listen();
    }, ASK_AGAIN_MS);
  }
  const stop = new AbortController();
  window.addEventListener("online", () => line.retryNow(), { signal: stop.signal });
  return () => {
    stop.abort();
    clearTimeout(again);
    line.close();
    money.value = null;
    watchedCalls.value = [];
  };
}

export function forgetWatched(callId: string): void {
  watchedCalls.value = watchedCalls.value.filter(({ call }) => call.callId !== callId);
}

/** Time passes for the calls that go on. */
export function tickLive(): void {
  watchedCalls.value = tickWatched(watchedCalls.value, performance.now());
}

function hear(message: StudentLiveMessage): void {
  if (message.type === "live-start" || message.type === "workshop") {
    announcement.value = message.announcement;
    isPaused.value = message.paused;
  }
  if (message.type === "live-start" || message.type === "money") money.value = message.money;
  if (message.type === "me-changed") void refreshMe();
  const before = watchedCalls.value;
  const time = { nowMs: performance.now(), sinceEpochMs: Date.now() };
  watchedCalls.value = foldWatched(before, message, time, isOwnCall);
  const going = (calls: readonly Watched[]): number => calls.filter(({ view }) => isUp(view)).length;
  if (going(watchedCalls.value) < going(before)) callsChanged.value += 1;
}
