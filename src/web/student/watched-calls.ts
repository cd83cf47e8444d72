import type { StudentLiveMessage, WatchedCall } from "../../protocol/live-messages.ts";
import { type CallView, foldCall, isUp, NO_CALL } from "../call-view.ts";

/** Calls to the student's agent that are not this page's: by phone, or in another window. A pure fold of what is pushed. */

export interface Watched {
  readonly call: WatchedCall;
  readonly view: CallView;
}

export interface WatchTime {
  /** Any clock that does not go back. */
  readonly nowMs: number;
  /** Since 1970, to tell how long a call has lasted. */
  readonly sinceEpochMs: number;
}

/** @param isOwn whether a call is this page's own, which is shown already */
export function foldWatched(
  before: readonly Watched[],
  message: StudentLiveMessage,
  { nowMs, sinceEpochMs }: WatchTime,
  isOwn: (callId: string) => boolean,
): readonly Watched[] {
  const begun = (calls: readonly Watched[], call: WatchedCall): readonly Watched[] => {
    if (isOwn(call.callId) || calls.some((other) => other.call.callId === call.callId)) return calls;
    const { keySource, model, startedAtMs: beganAtMs } = call;
    const sinceMs = Math.max(0, sinceEpochMs - beganAtMs);
    const view = foldCall(NO_CALL, { type: "watch", keySource, model, sinceMs, beganAtMs }, nowMs);
    // Of those that are over nobody needs to be reminded any more.
    return [...calls.filter((other) => isUp(other.view)), { call, view }];
  };
  switch (message.type) {
    case "live-start": {
      // What ended while the news did not come.
      const goesOn = ({ call }: Watched): boolean => message.calls.some(({ callId }) => callId === call.callId);
      const kept = before.map((watched) => (goesOn(watched) ? watched : closed(watched, nowMs)));
      return message.calls.reduce(begun, kept);
    }
    case "call":
      return begun(before, message.call);
    case "call-messages":
      return before.map((watched) => {
        if (watched.call.callId !== message.callId) return watched;
        const fold = (view: CallView, said: (typeof message.messages)[number]): CallView =>
          foldCall(view, { type: "message", message: said }, nowMs);
        return { ...watched, view: message.messages.reduce(fold, watched.view) };
      });
    case "workshop":
    case "money":
    case "me-changed":
      return before;
  }
}

const closed = ({ call, view }: Watched, nowMs: number): Watched => ({
  call,
  view: foldCall(view, { type: "connection", connection: "closed" }, nowMs),
});

/** Time passes for those that go on. */
export const tickWatched = (before: readonly Watched[], nowMs: number): readonly Watched[] =>
  before.some(({ view }) => isUp(view))
    ? before.map(({ call, view }) => ({ call, view: isUp(view) ? foldCall(view, { type: "tick" }, nowMs) : view }))
    : before;
