import type { StandinUsage } from "./openai-usage.ts";

/** One request as the stand-in saw it. Keys are shown in full: nothing but test keys belongs here. */
export interface JournalEntry {
  readonly atMs: number;
  /** When the last byte had left, or the client had gone; `null` while it is going on. */
  readonly endedAtMs: number | null;
  /** When the first token left. */
  readonly firstTokenAtMs: number | null;
  readonly key: string | null;
  readonly method: string;
  readonly path: string;
  /** Without `authorization`, which is `key`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly model: string | null;
  /** The parsed body; `null` when there was none or it was no JSON. */
  readonly body: unknown;
  /** OpenAI would have kept this answer. */
  readonly stored: boolean;
  /** The status sent, 0 while or if none was. */
  readonly status: number;
  /** The client went away before the last byte of the answer had left. */
  readonly aborted: boolean;
  /** What would be billed; of an aborted answer, what had been sent. `null` for refused requests. */
  readonly usage: StandinUsage | null;
  /** Kinds of the scripted faults that were played. */
  readonly faults: readonly string[];
  readonly requestId: string;
  /** OpenAI's id of the answer; `null` for refused requests. */
  readonly responseId: string | null;
}

export interface UsageTotals extends StandinUsage {
  readonly requests: number;
}

type Writable<Type> = { -readonly [Name in keyof Type]: Type[Name] };

/** Entries older than these are dropped, so that a demo may run for days; totals go on counting. */
const ENTRIES = 5_000;

/** Every request of one stand-in, and what each key has used. */
export class Journal {
  #entries: Writable<JournalEntry>[] = [];
  readonly #totals = new Map<string, UsageTotals>();
  readonly #arrivals = new Set<(entry: JournalEntry) => boolean>();
  #open = 0;
  #onIdle: (() => void)[] = [];

  /** Opens an entry; the caller fills it in and calls `close` exactly once. */
  open(entry: JournalEntry): Writable<JournalEntry> {
    const opened = { ...entry };
    this.#entries.push(opened);
    if (this.#entries.length > ENTRIES) this.#entries.shift();
    this.#open += 1;
    return opened;
  }

  /** The entry's key, model and body are known: whoever waits for such a request is told. */
  arrived(entry: JournalEntry): void {
    for (const isTaken of this.#arrivals) if (isTaken(entry)) this.#arrivals.delete(isTaken);
  }

  close(entry: Writable<JournalEntry>, nowMs: number): void {
    entry.endedAtMs = nowMs;
    if (entry.key !== null && entry.usage !== null) this.#add(entry.key, entry.usage);
    this.#open -= 1;
    if (this.#open > 0) return;
    const waiting = this.#onIdle;
    this.#onIdle = [];
    for (const resolve of waiting) resolve();
  }

  /** Copies, oldest first: of one key, or of all. */
  entries(key?: string): JournalEntry[] {
    return this.#entries.filter((entry) => key === undefined || entry.key === key).map((entry) => ({ ...entry }));
  }

  /** What a key has used since the start; clearing the journal clears it too. */
  usageOf(key: string): UsageTotals {
    return this.#totals.get(key) ?? NOTHING;
  }

  /** Resolves with the next request that arrives from now on, of one key or of any. */
  nextRequest(key?: string): Promise<JournalEntry> {
    return new Promise((resolve) => {
      this.#arrivals.add((entry) => {
        if (key !== undefined && entry.key !== key) return false;
        resolve({ ...entry });
        return true;
      });
    });
  }

  /** Resolves once no request is going on. */
  settled(): Promise<void> {
    if (this.#open === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  clear(): void {
    this.#entries = [];
    this.#totals.clear();
  }

  #add(key: string, usage: StandinUsage): void {
    const sum = this.usageOf(key);
    this.#totals.set(key, {
      requests: sum.requests + 1,
      inputTokens: sum.inputTokens + usage.inputTokens,
      cachedTokens: sum.cachedTokens + usage.cachedTokens,
      outputTokens: sum.outputTokens + usage.outputTokens,
      reasoningTokens: sum.reasoningTokens + usage.reasoningTokens,
    });
  }
}

const NOTHING: UsageTotals = { requests: 0, inputTokens: 0, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0 };
