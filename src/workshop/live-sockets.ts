import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { type CallId, parseCallId, type SessionToken, type StudentId } from "../protocol/ids.ts";
import {
  type ConsoleLiveMessage,
  LIVE_PING,
  LIVE_PONG,
  type StudentLiveMessage,
  type WorkshopFacts,
} from "../protocol/live-messages.ts";
import { SHOWN_KEY_STATUSES } from "../protocol/rest.ts";
import { sessionToken, studentId } from "./call-report.ts";
import { ClosingDates } from "./closing-plan.ts";
import { LendingShape } from "./funds.ts";

/** Of an upgrade that was let through: whose socket it is, as JSON in percent encoding. */
export const WATCHER_HEADER = "x-callroom-watcher";

/** Who listens, as the front door has found out; a student with what the wall says of them. */
export const Watcher = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("page"),
    sessionToken,
    studentId,
    name: z.string().nullable(),
    keyStatus: z.enum(SHOWN_KEY_STATUSES).nullable(),
    /** As the rows say it. */
    lending: LendingShape.nullable().default(null),
    ownCapMicroUsd: z.number().nullable().default(null),
    workshopId: z.string().nullable().default(null),
    closing: ClosingDates.nullable().default(null),
  }),
  z.object({
    kind: z.literal("wall"),
    workshopId: z.string(),
    lending: LendingShape.nullable().default(null),
    closing: ClosingDates.nullable().default(null),
  }),
]);
export type Watcher = z.input<typeof Watcher>;
type ReadWatcher = z.output<typeof Watcher>;
export type PageWatcher = Extract<ReadWatcher, { kind: "page" }>;
export type WallWatcher = Extract<ReadWatcher, { kind: "wall" }>;

/** What a socket remembers through a sleep. */
const Attachment = z.object({
  openedAtMs: z.number(),
  sessionToken: sessionToken.nullable(),
  studentId: studentId.nullable(),
  /** Calls of which this page has still to be shown what went before. */
  awaits: z.array(z.custom<CallId>((value) => parseCallId(value) !== undefined)),
});
type Attachment = z.infer<typeof Attachment>;

const WALL = "wall";
const pageOf = (token: SessionToken): string => `page:${token}`;
const studentOf = (id: StudentId): string => `student:${id}`;

/**
 * The sockets of pages and consoles. Accepted by the hibernation API, so they outlive the object's memory, and a sign of
 * life is answered without waking it.
 */
export class LiveSockets {
  readonly #ctx: DurableObjectState;

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx;
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(LIVE_PING, LIVE_PONG));
  }

  /** Takes the server's end. Beyond the limit the oldest of the same kind is closed. */
  accept(server: WebSocket, watcher: Watcher, awaits: readonly CallId[], nowMs: number): void {
    const isPage = watcher.kind === "page";
    const others = isPage ? this.pages(watcher.sessionToken) : this.walls();
    const most = isPage ? LIMITS.pagesPerStudent : LIMITS.wallsPerWorkshop;
    const byAge = others.toSorted((a, b) => attachmentOf(a).openedAtMs - attachmentOf(b).openedAtMs);
    for (const oldest of byAge.slice(0, Math.max(0, others.length + 1 - most))) oldest.close(1000, "replaced");
    this.#ctx.acceptWebSocket(server, isPage ? [pageOf(watcher.sessionToken), studentOf(watcher.studentId)] : [WALL]);
    keep(server, {
      openedAtMs: nowMs,
      sessionToken: isPage ? watcher.sessionToken : null,
      studentId: isPage ? watcher.studentId : null,
      awaits: [...awaits],
    });
  }

  walls(): readonly WebSocket[] {
    return this.#open(WALL);
  }

  /** Whether any page or console is open. */
  get hasAny(): boolean {
    return this.#open().length > 0;
  }

  /** Of one student, or of all. */
  pages(token?: SessionToken): readonly WebSocket[] {
    if (token !== undefined) return this.#open(pageOf(token));
    return this.#open().filter((socket) => attachmentOf(socket).sessionToken !== null);
  }

  isOnline(id: StudentId): boolean {
    return this.#open(studentOf(id)).length > 0;
  }

  /** Whose page a socket is; `undefined` for a console's. */
  ownerOf(socket: WebSocket): { readonly sessionToken: SessionToken; readonly studentId: StudentId } | undefined {
    const { sessionToken: token, studentId: id } = attachmentOf(socket);
    return token && id ? { sessionToken: token, studentId: id } : undefined;
  }

  /** Whether a page has still to be shown what went before in a call. */
  isAwaiting(page: WebSocket, callId: CallId): boolean {
    return attachmentOf(page).awaits.includes(callId);
  }

  hasSeen(page: WebSocket, callId: CallId): void {
    const attachment = attachmentOf(page);
    keep(page, { ...attachment, awaits: attachment.awaits.filter((id) => id !== callId) });
  }

  toPages(pages: readonly WebSocket[], message: StudentLiveMessage): void {
    send(pages, message);
  }

  toWalls(walls: readonly WebSocket[], message: ConsoleLiveMessage): void {
    send(walls, message);
  }

  toAll(facts: WorkshopFacts): void {
    send(this.#open(), { type: "workshop", ...facts });
  }

  #open(tag?: string): readonly WebSocket[] {
    return this.#ctx.getWebSockets(tag).filter(({ readyState }) => readyState === WebSocket.OPEN);
  }
}

const NOBODYS: Attachment = { openedAtMs: 0, sessionToken: null, studentId: null, awaits: [] };

function attachmentOf(socket: WebSocket): Attachment {
  const read = Attachment.safeParse(socket.deserializeAttachment());
  return read.success ? read.data : NOBODYS;
}

const keep = (socket: WebSocket, attachment: Attachment): void => socket.serializeAttachment(attachment);

function send(sockets: readonly WebSocket[], message: StudentLiveMessage | ConsoleLiveMessage): void {
  if (sockets.length === 0) return;
  const text = JSON.stringify(message);
  for (const socket of sockets) {
    try {
      socket.send(text);
    } catch {
      // Leaving is not an error: its close event follows.
    }
  }
}
