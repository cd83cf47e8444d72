import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { refusalOfStatus } from "./openai-errors.ts";
import type { Journal } from "./openai-journal.ts";
import { SLOW_FIRST_TOKEN_MS } from "./openai-keys.ts";
import { findModel } from "./openai-models.ts";
import type { World } from "./openai-reply.ts";
import type { RealtimePace, SessionDeps } from "./realtime-context.ts";
import { isReasoningModel, REALTIME_PATH, readCaller, refuseCaller, refuseUpgrade } from "./realtime-door.ts";
import type { RealtimeFaults } from "./realtime-faults.ts";
import type { OpenRecord, RealtimeJournal } from "./realtime-journal.ts";
import { RealtimeSession } from "./realtime-session.ts";
import type { TranscriptScript } from "./realtime-transcripts.ts";
import { Wire } from "./realtime-wire.ts";
import type { Speaker } from "./speech.ts";

export interface RealtimeSettings {
  readonly acceptDelayMs: number;
  readonly pace: RealtimePace;
  readonly sessionMaxMs: number;
  readonly pingEveryMs: number;
  readonly speaker: Speaker;
  readonly onAudioIn: SessionDeps["onAudioIn"];
}

interface Parts {
  readonly world: World;
  readonly settings: RealtimeSettings;
  readonly faults: RealtimeFaults;
  readonly journal: RealtimeJournal;
  readonly transcripts: TranscriptScript;
}

/** A handshake and what came of it. */
interface Visit {
  readonly request: IncomingMessage;
  readonly tcp: Duplex;
  readonly record: OpenRecord;
  readonly entry: ReturnType<Journal["open"]>;
}

interface OpenSocket {
  readonly key: string | null;
  readonly wire: Wire;
  /** `undefined`: the caller was refused, the close is under way. */
  readonly session: RealtimeSession | undefined;
}

/** One event may hold 15 MiB of sound, which base64 makes a third longer. */
const MESSAGE_BYTES = 32 * 1024 * 1024;

/** Handshakes and sockets, each with its entries in both journals from the first byte to the last. */
export class RealtimeSockets {
  readonly #parts: Parts;
  readonly #server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MESSAGE_BYTES,
    // The key came as another one; it must not be given back.
    handleProtocols: (offered) => (offered.has("realtime") ? "realtime" : false),
  });
  readonly #open = new Set<OpenSocket>();
  readonly #tcps = new Set<Duplex>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Someone asks for a session. */
  knock(request: IncomingMessage, tcp: Duplex, head: Buffer): void {
    const { faults, settings, world } = this.#parts;
    settings.speaker.warmUp?.();
    const visit = this.#note(request, tcp);
    const { record } = visit;
    const take: RealtimeFaults["take"] = (key, ...kinds) => {
      const fault = faults.take(key, ...kinds);
      if (fault !== undefined) record.faults.push(fault.kind);
      return fault;
    };
    // Read while nobody else does: only so is it seen when the client goes away before it has its answer.
    const giveUp = (): void => void tcp.destroy();
    tcp.once("end", giveUp).resume();
    const fault = take(record.key, "hang", "status");
    if (fault?.kind === "hang") return;
    if (fault?.kind === "status") {
      visit.entry.status = fault.status;
      refuseUpgrade(tcp, fault.status, JSON.stringify({ error: refusalOfStatus(fault.status).error }));
      return;
    }
    const delayMs = take(record.key, "accept-delay")?.ms ?? settings.acceptDelayMs;
    const accept = (): void => {
      tcp.off("end", giveUp);
      if (!tcp.destroyed) this.#server.handleUpgrade(request, tcp, head, (socket) => this.#welcome(visit, socket));
    };
    if (delayMs === 0) accept();
    else tcp.once("close", world.clock.startTimer(accept, delayMs));
  }

  /** All sockets of a key, or of all. */
  forEach(key: string | undefined, act: (socket: OpenSocket) => void): void {
    for (const socket of this.#open) if (key === undefined || socket.key === key) act(socket);
  }

  close(): void {
    for (const tcp of this.#tcps) tcp.destroy();
  }

  #note(request: IncomingMessage, tcp: Duplex): Visit {
    const { world, journal } = this.#parts;
    const { clock, makeId } = world;
    const { key, model } = readCaller(request);
    const record = journal.open(makeId("sess"), key, model, clock.now());
    // A subprotocol may hold the key, which is `key`.
    const { authorization: _key, "sec-websocket-protocol": _protocols, ...headers } = request.headers;
    const entry = world.journal.open({
      atMs: clock.now(),
      endedAtMs: null,
      firstTokenAtMs: null,
      key,
      method: request.method ?? "",
      path: REALTIME_PATH,
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
      model,
      body: null,
      stored: false,
      status: 0,
      aborted: false,
      usage: null,
      faults: record.faults,
      requestId: record.sessionId,
      responseId: null,
    });
    world.journal.arrived(entry);
    const visit = { request, tcp, record, entry };
    this.#tcps.add(tcp);
    // A client may go away at any time; the close that follows says so.
    tcp.on("error", () => {});
    tcp.on("close", () => {
      // Once there is a WebSocket, its own close comes behind this one and says how.
      if (record.acceptedAtMs === null) this.#leave(visit);
    });
    return visit;
  }

  #welcome(visit: Visit, socket: WebSocket): void {
    const { request, tcp, record, entry } = visit;
    const { world, settings, faults, journal, transcripts } = this.#parts;
    record.acceptedAtMs = world.clock.now();
    entry.status = 101;
    const wire = new Wire(socket, tcp, world.makeId);
    const model = findModel(record.model ?? "");
    const ending = this.#refuse(request, record);
    const isSlow = record.key !== null && world.keys.role(record.key) === "slow";
    const session =
      ending === undefined
        ? new RealtimeSession({
            ...settings,
            pace: isSlow ? { ...settings.pace, ttfbMs: SLOW_FIRST_TOKEN_MS } : settings.pace,
            clock: world.clock,
            makeId: world.makeId,
            wire,
            record,
            faults,
            transcripts,
            isReasoningModel: isReasoningModel(model?.id ?? ""),
            changed: journal.changed,
            onBug: (thrown) => {
              console.error("the Realtime stand-in has a bug:", thrown);
              wire.reset();
            },
          })
        : undefined;
    const open: OpenSocket = { key: record.key, wire, session };
    this.#open.add(open);
    socket.on("error", () => {});
    socket.on("message", (message, isBinary) => {
      // As `binaryType` is left alone, messages are never in pieces.
      if (Buffer.isBuffer(message)) session?.receive(message, isBinary);
    });
    socket.on("close", (code, reason) => {
      this.#open.delete(open);
      session?.stop();
      const { sentClose } = wire;
      if (sentClose !== undefined) record.closed = { by: "server", ...sentClose };
      else record.closed = { by: code === 1006 ? "network" : "client", code, reason: String(reason) };
      this.#leave(visit);
    });
    if (ending !== undefined) wire.end(ending);
    session?.begin();
    journal.changed();
  }

  #refuse(request: IncomingMessage, record: OpenRecord) {
    const { world, faults } = this.#parts;
    const refused = refuseCaller(readCaller(request), world.keys, world.today());
    if (refused !== undefined) return refused;
    const fault = faults.take(record.key, "refused");
    if (fault === undefined) return undefined;
    record.faults.push(fault.kind);
    const { type, code, message, closeCode } = fault;
    return { error: { type, code, message, param: null }, closeCode };
  }

  /** The connection is gone, whatever became of it. */
  #leave({ tcp, record, entry }: Visit): void {
    const { world, journal } = this.#parts;
    this.#tcps.delete(tcp);
    record.closedAtMs = world.clock.now();
    entry.aborted = record.closed?.by === "network";
    const used = record.responses.flatMap(({ usage }) => usage ?? []);
    if (used.length > 0) {
      entry.usage = {
        inputTokens: used.reduce((sum, usage) => sum + usage.input_tokens, 0),
        cachedTokens: used.reduce((sum, usage) => sum + usage.input_token_details.cached_tokens, 0),
        outputTokens: used.reduce((sum, usage) => sum + usage.output_tokens, 0),
        reasoningTokens: 0,
      };
    }
    world.journal.close(entry, world.clock.now());
    journal.changed();
  }
}
