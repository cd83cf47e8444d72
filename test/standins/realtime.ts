import type { Server } from "node:http";
import { pathOf, type World } from "./openai-reply.ts";
import { REALTIME_PATH, refuseUpgrade } from "./realtime-door.ts";
import { type RealtimeFaultOrder, RealtimeFaults } from "./realtime-faults.ts";
import { RealtimeJournal, type SessionRecord } from "./realtime-journal.ts";
import { type RealtimeSettings, RealtimeSockets } from "./realtime-sockets.ts";
import { TranscriptScript } from "./realtime-transcripts.ts";
import { fliteSpeaker, type Speaker } from "./speech.ts";

export type { RealtimeFaultOrder } from "./realtime-faults.ts";
export type { SessionRecord } from "./realtime-journal.ts";

export interface RealtimeOptions {
  /** The upgrade is answered so much after it was asked for; 0 unless told otherwise. */
  readonly acceptDelayMs?: number;
  /** From a response's beginning to its first sound; 300 unless told otherwise. */
  readonly ttfbMs?: number;
  /** Seconds of sound sent in one second: 4 unless told otherwise; 0 is as fast as possible. */
  readonly pace?: number;
  /** Sound in one delta; 100 unless told otherwise. */
  readonly deltaMs?: number;
  /** From the end of the caller's turn to its transcript; 250 unless told otherwise. */
  readonly transcriptionMs?: number;
  /** How old a session may become; OpenAI's hour unless told otherwise. */
  readonly sessionMaxMs?: number;
  /** 20,000 unless told otherwise. */
  readonly pingEveryMs?: number;
  /** Flite unless told otherwise. */
  readonly speaker?: Speaker;
  /** What callers say when nothing was scripted, in turn. */
  readonly transcripts?: readonly string[];
  /** Gets every piece of sound as it arrives, decoded from base64. */
  readonly onAudioIn?: (sessionId: string, audio: Uint8Array) => void;
}

type ScriptedAnswer = Omit<Extract<RealtimeFaultOrder, { kind: "answer" }>, "kind" | "path">;

export interface RealtimeStandin {
  /** Sessions so far, oldest first, of one key or of all; one that goes on has no `closedAtMs`. */
  sessions(key?: string): SessionRecord[];
  /** Resolves with the first thing that `read` finds, looked at on every change; rejects after 5 s unless told otherwise. */
  until<Value>(
    read: (sessions: readonly SessionRecord[]) => Value | undefined,
    what: string,
    timeoutMs?: number,
  ): Promise<Value>;
  /** Scripts a fault for the next session or response that it fits; throws a TypeError when the order makes no sense. */
  fault(order: RealtimeFaultOrder): void;
  /** Scripts what is answered instead of the brain's words. */
  answerWith(answer: ScriptedAnswer): void;
  /** What the next caller is taken to have said, of a key or of any. */
  nextTranscript(text: string, key?: string): void;
  /** `session_expired` and close 1001, now, for all open sessions of a key or of all. */
  expire(key?: string): void;
  /** A reset of the connection, now. */
  reset(key?: string): void;
  /** A close by the server, now. */
  disconnect(code: number, reason: string, key?: string): void;
}

/** What the stand-in's other half needs of this one. */
export interface AttachedRealtime extends RealtimeStandin {
  /** Adds an order from outside; returns what is wrong with it. */
  tryFault(order: unknown): string | undefined;
  clearFaults(key?: string): void;
  /** Forgets the sessions that are over, and what was scripted for callers to say. */
  clear(): void;
  /** Drops every socket. */
  close(): void;
}

/** Adds the Realtime API to the stand-in's server: same port, same keys, same journal. */
export function attachRealtime(server: Server, world: World, options: RealtimeOptions = {}): AttachedRealtime {
  const settings: RealtimeSettings = {
    acceptDelayMs: options.acceptDelayMs ?? 0,
    pace: {
      ttfbMs: options.ttfbMs ?? 300,
      speed: options.pace ?? 4,
      deltaMs: options.deltaMs ?? 100,
      transcriptionMs: options.transcriptionMs ?? 250,
      tokensPerSecond: world.pace.tokensPerSecond,
    },
    sessionMaxMs: options.sessionMaxMs ?? 3_600_000,
    pingEveryMs: options.pingEveryMs ?? 20_000,
    speaker: options.speaker ?? fliteSpeaker,
    onAudioIn: options.onAudioIn,
  };
  const faults = new RealtimeFaults();
  const journal = new RealtimeJournal();
  const transcripts = new TranscriptScript(options.transcripts);
  const sockets = new RealtimeSockets({ world, settings, faults, journal, transcripts });
  server.on("upgrade", (request, tcp, head) => {
    if (pathOf(request.url) === REALTIME_PATH) sockets.knock(request, tcp, head);
    else refuseUpgrade(tcp, 404, "");
  });
  const add = (order: RealtimeFaultOrder): void => {
    const problem = faults.tryAdd(order);
    if (problem !== undefined) throw new TypeError(problem);
  };
  return {
    sessions: (key) => journal.sessions(key),
    until: (read, what, timeoutMs = 5_000) => journal.until(read, what, timeoutMs),
    fault: add,
    answerWith: (answer) => add({ ...answer, kind: "answer" }),
    nextTranscript: (text, key) => transcripts.add(text, key),
    expire: (key) => sockets.forEach(key, ({ session }) => session?.expire()),
    reset: (key) => sockets.forEach(key, ({ wire }) => wire.reset()),
    disconnect: (code, reason, key) => sockets.forEach(key, ({ wire }) => wire.close(code, reason)),
    tryFault: (order) => faults.tryAdd(order),
    clearFaults: (key) => faults.clear(key),
    clear: () => {
      journal.clear();
      transcripts.clear();
    },
    close: () => sockets.close(),
  };
}
