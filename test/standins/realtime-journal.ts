import type { RealtimeUsage } from "./realtime-usage.ts";
import { Until } from "./until.ts";

/** One session as the stand-in saw it, from the handshake to the close. Times are the stand-in's clock. */
export interface SessionRecord {
  readonly sessionId: string;
  readonly key: string | null;
  readonly model: string | null;
  /** The handshake arrived. */
  readonly openedAtMs: number;
  /** It was answered with 101; `null` while it is held back, and for good when it was refused by status. */
  readonly acceptedAtMs: number | null;
  readonly closedAtMs: number | null;
  /** Who ended it: by `network` there was no close frame. */
  readonly closed: {
    readonly by: "client" | "server" | "network";
    readonly code: number;
    readonly reason: string;
  } | null;
  /** Bodies of `session.update`, as they were sent; refused ones too. */
  readonly updates: readonly unknown[];
  /** How many events of each type the client sent. */
  readonly received: Readonly<Record<string, number>>;
  /** `error` events: for which event of the client's, and with which code. */
  readonly refused: readonly { readonly type: string; readonly code: string | null }[];
  readonly audioIn: { readonly bytes: number; readonly ms: number; readonly firstAtMs: number | null };
  readonly audioOut: { readonly bytes: number; readonly ms: number };
  /** When it was said that the caller speaks. */
  readonly speechStartsAtMs: readonly number[];
  readonly items: readonly ItemRecord[];
  readonly responses: readonly ResponseRecord[];
  readonly truncations: readonly TruncationRecord[];
  readonly transcripts: readonly TranscriptRecord[];
  /** Kinds of the scripted faults that were played. */
  readonly faults: readonly string[];
}

export interface ItemRecord {
  readonly itemId: string;
  readonly kind: string;
  /** `client`: created by an event; `server`: committed sound, or part of an answer. */
  readonly by: "client" | "server";
  /** What it says: text, transcript, arguments or output. Of sound, what was sent of it. */
  readonly text: string;
  /** Sound of it: what the caller said, or what was sent of the answer. */
  readonly audioMs: number;
}

export interface ResponseRecord {
  readonly responseId: string;
  readonly createdAtMs: number;
  readonly firstAudioAtMs: number | null;
  readonly doneAtMs: number | null;
  /** `in_progress` for ever, when the session ended first. */
  readonly status: string;
  readonly reason: string | null;
  readonly isOutOfBand: boolean;
  readonly instructions: string | null;
  readonly audioMs: number;
  /** As its end tells it, unless a fault tells otherwise; `null` where it has no end, or cost nothing. */
  readonly usage: RealtimeUsage | null;
  /** What it has come to so far, told or not. */
  readonly used: RealtimeUsage | null;
}

export interface TruncationRecord {
  readonly itemId: string;
  readonly audioEndMs: number;
  /** How much sound of the item had been sent; `null` when there is no such item. */
  readonly sentMs: number | null;
  readonly isRefused: boolean;
}

export interface TranscriptRecord {
  readonly itemId: string;
  readonly model: string;
  readonly text: string;
  readonly isFailed: boolean;
}

export type Writable<Type> = { -readonly [Name in keyof Type]: Type[Name] };

/** A record while its session writes it. */
export interface OpenRecord
  extends Writable<
    Omit<
      SessionRecord,
      | "updates"
      | "received"
      | "refused"
      | "audioIn"
      | "audioOut"
      | "speechStartsAtMs"
      | "items"
      | "responses"
      | "truncations"
      | "transcripts"
      | "faults"
    >
  > {
  readonly updates: unknown[];
  readonly received: Record<string, number>;
  readonly refused: { type: string; code: string | null }[];
  readonly audioIn: Writable<SessionRecord["audioIn"]>;
  readonly audioOut: Writable<SessionRecord["audioOut"]>;
  readonly speechStartsAtMs: number[];
  readonly items: Writable<ItemRecord>[];
  readonly responses: Writable<ResponseRecord>[];
  readonly truncations: TruncationRecord[];
  readonly transcripts: TranscriptRecord[];
  readonly faults: string[];
}

/** Older sessions are dropped, so that a demo may run for days. */
const SESSIONS = 2_000;

export class RealtimeJournal {
  readonly #records: OpenRecord[] = [];
  readonly #until = new Until();

  open(sessionId: string, key: string | null, model: string | null, nowMs: number): OpenRecord {
    const record: OpenRecord = {
      sessionId,
      key,
      model,
      openedAtMs: nowMs,
      acceptedAtMs: null,
      closedAtMs: null,
      closed: null,
      updates: [],
      received: {},
      refused: [],
      audioIn: { bytes: 0, ms: 0, firstAtMs: null },
      audioOut: { bytes: 0, ms: 0 },
      speechStartsAtMs: [],
      items: [],
      responses: [],
      truncations: [],
      transcripts: [],
      faults: [],
    };
    this.#records.push(record);
    if (this.#records.length > SESSIONS) this.#records.shift();
    this.changed();
    return record;
  }

  /** Copies, oldest first: of one key, or of all. */
  sessions(key?: string): SessionRecord[] {
    return this.#records
      .filter((record) => key === undefined || record.key === key)
      .map((record): SessionRecord => structuredClone(record));
  }

  /** Somebody may wait for what has just been written. */
  readonly changed = (): void => this.#until.changed();

  /** Resolves with what `read` finds in the records, looked at on every change; rejects after `timeoutMs` of real time. */
  until<Value>(
    read: (sessions: readonly SessionRecord[]) => Value | undefined,
    what: string,
    timeoutMs: number,
  ): Promise<Value> {
    return this.#until.until(
      () => read(this.#records),
      what,
      () => undefined,
      timeoutMs,
    );
  }

  clear(): void {
    const open = this.#records.filter(({ closedAtMs }) => closedAtMs === null);
    this.#records.splice(0, this.#records.length, ...open);
  }
}
