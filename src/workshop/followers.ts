import type { CallId } from "../protocol/ids.ts";
import type { WatchedCall, WatchedMessage } from "../protocol/live-messages.ts";
import type { CallReport, Watch } from "./call-report.ts";
import type { LiveSockets } from "./live-sockets.ts";
import type { LiveCall } from "./seat.ts";

/** Students' pages as followers of their calls: which are followed, and what each page is shown of them. */
export class Followers {
  readonly #sockets: LiveSockets;

  constructor(sockets: LiveSockets) {
    this.#sockets = sockets;
  }

  /** Who watches a call, and whether a page among them has still to be shown what went before. */
  watchOf(call: LiveCall): Watch {
    const pages = this.#sockets.pages(call.sessionToken);
    const page = isFollowed(call, pages.length);
    const snapshot = page && pages.some((socket) => this.#sockets.isAwaiting(socket, call.callId));
    return { wall: this.#sockets.walls().length > 0, page, snapshot };
  }

  /** Those of a student's calls that one page more, about to be opened, will follow. */
  followedByOneMore(calls: readonly LiveCall[]): readonly LiveCall[] {
    return calls.filter((call) => isFollowed(call, this.#sockets.pages(call.sessionToken).length + 1));
  }

  /** A call has begun. */
  announce(call: LiveCall): void {
    const pages = this.#sockets.pages(call.sessionToken);
    if (isFollowed(call, pages.length)) this.#sockets.toPages(pages, { type: "call", call: watchedCall(call) });
  }

  /** A page that has not seen what went before waits for the whole of it: words said twice would be read twice. */
  show({ callId, sessionToken }: LiveCall, { messages, snapshot }: CallReport): void {
    if (messages.length === 0 && !snapshot) return;
    const pages = this.#sockets.pages(sessionToken);
    const awaiting = pages.filter((page) => this.#sockets.isAwaiting(page, callId));
    this.#tell(
      pages.filter((page) => !awaiting.includes(page)),
      callId,
      messages,
    );
    if (!snapshot) return;
    this.#tell(awaiting, callId, snapshot);
    for (const page of awaiting) this.#sockets.hasSeen(page, callId);
  }

  #tell(pages: readonly WebSocket[], callId: CallId, messages: readonly WatchedMessage[]): void {
    if (messages.length > 0) this.#sockets.toPages(pages, { type: "call-messages", callId, messages });
  }
}

/** A page that makes a call by itself shows it by itself: only a second one has anything to follow. */
const isFollowed = ({ fromPage }: LiveCall, pages: number): boolean => pages >= (fromPage ? 2 : 1);

/** A call as the student's own pages are told of it. */
export const watchedCall = ({ callId, wayIn, keySource, model, startedAtMs, status }: LiveCall): WatchedCall => ({
  callId,
  wayIn,
  keySource: status?.keySource ?? keySource,
  model,
  startedAtMs,
});
