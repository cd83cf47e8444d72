import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { END_REASONS, type EndReason, KEY_SOURCES, type TurnRecord, type Usage } from "../protocol/call-record.ts";
import { CHARGE_KINDS, CHARGE_STATES, type Charge } from "../protocol/charge.ts";
import { NOBODY, Watch } from "../workshop/call-report.ts";
import type { CallProgress } from "./call-events.ts";
import { CallStart } from "./call-start.ts";

/** Not kept by the version before: a deploy may find a call of that one asleep. */
const countOfSound = z.number().default(0);
const usage: z.ZodType<Usage> = z.object({
  responses: z.number(),
  inputTokens: z.number(),
  inputAudioTokens: countOfSound,
  cachedInputTokens: z.number(),
  cachedInputAudioTokens: countOfSound,
  cacheWriteTokens: z.number(),
  outputTokens: z.number(),
  outputAudioTokens: countOfSound,
  reasoningTokens: z.number(),
  transcriptions: countOfSound,
  transcriptionInputTokens: countOfSound,
  transcriptionInputAudioTokens: countOfSound,
  transcriptionOutputTokens: countOfSound,
  transcriptionMs: countOfSound,
  estimated: z.boolean(),
});

const Turn: z.ZodType<TurnRecord> = z.object({
  seq: z.number(),
  revision: z.number(),
  speaker: z.enum(["caller", "agent", "tool"]),
  startedAtMs: z.number(),
  text: z.string(),
  heardText: z.string().nullable(),
  toolCall: z
    .object({
      toolCallId: z.string(),
      name: z.string(),
      arguments: z.string(),
      webhookId: z.string(),
      outcome: z.enum(["pending", "ok", "failed"]),
      output: z.string().nullable(),
      durationMs: z.number().nullable(),
    })
    .nullable(),
  timings: z
    .object({
      ttftMs: z.number().nullable(),
      ttfbMs: z.number().nullable().default(null),
      turnLatencyMs: z.number().nullable(),
      heardLatencyMs: z.number().nullable().default(null),
      turnMs: z.number(),
    })
    .nullable(),
  usage: usage.nullable(),
  failure: z.string().nullable(),
});

const StoredCharge: z.ZodType<Charge> = z.object({
  seq: z.number(),
  revision: z.number(),
  atMs: z.number(),
  kind: z.enum(CHARGE_KINDS),
  state: z.enum(CHARGE_STATES),
  payer: z.enum(KEY_SOURCES),
  model: z.string(),
  usage,
  lineMs: z.number(),
  rawUsage: z.string().nullable(),
  upstreamId: z.string().nullable(),
  priceVersion: z.string(),
  costMicroUsd: z.number().nullable(),
});

const endReason = z.enum(END_REASONS);

const Progress: z.ZodType<CallProgress> = z.object({
  revision: z.number(),
  admitted: z.boolean(),
  greeted: z.boolean(),
  legs: z.number(),
  phoneCallId: z.string().nullable(),
  fromCarrier: z.boolean(),
  firstLegAtMs: z.number().nullable().default(null),
  toldLow: z.boolean().default(false),
  legLostAtMs: z.number().nullable(),
  checkedInAtMs: z.number().nullable(),
  closing: z
    .object({ endReason, closeCode: z.number(), handoff: z.record(z.string(), z.string()), atMs: z.number() })
    .nullable(),
  endedAtMs: z.number().nullable(),
  endReason: endReason.nullable(),
});

/** What is to be archived next, beside the call itself. */
export interface OutboxBatch {
  readonly progressRevision: number | undefined;
  readonly turns: readonly TurnRecord[];
  readonly charges: readonly Charge[];
}

const CALL = 0;

/**
 * The object's SQLite: the truth while the call lives. Calls without an `await` between them are one atomic commit,
 * and nothing leaves the object before it is durable (output gate); the outbox row is written with what it announces.
 */
export class CallStorage {
  readonly #storage: Pick<DurableObjectStorage, "sql" | "deleteAll">;
  readonly #sql: SqlStorage;
  /** An object that was only asked about a call it does not have writes nothing. */
  #hasTables: boolean;
  /** Of the call as it was last announced; unknown after a sleep, when announcing once more does no harm. */
  #announcedRevision = 0;

  constructor(storage: Pick<DurableObjectStorage, "sql" | "deleteAll">) {
    this.#storage = storage;
    this.#sql = storage.sql;
    this.#hasTables = this.#sql.exec("select 1 from sqlite_master where name = 'kept'").toArray().length > 0;
    // A deploy may find a call of the version before, which kept none.
    if (this.#hasTables) this.#openCharges();
  }

  /** The call, or `undefined` before it began; `"over"` once it was ended and archived. */
  read(): { start: CallStart; progress: CallProgress; turns: TurnRecord[]; charges: Charge[] } | "over" | undefined {
    if (!this.#hasTables) return undefined;
    if (this.#get("over") !== undefined) return "over";
    const start = this.#get("start");
    if (start === undefined) return undefined;
    const turns = this.#sql.exec("select json from turns order by seq").toArray();
    return {
      start: CallStart.parse(start),
      progress: Progress.parse(this.#get("progress")),
      turns: turns.map((row) => Turn.parse(jsonOf(row))),
      charges: this.#sql
        .exec("select json from charges order by seq")
        .toArray()
        .map((row) => StoredCharge.parse(jsonOf(row))),
    };
  }

  keepStart(start: CallStart): void {
    this.#put("start", start);
  }

  /** No secret of the student's stays here, sealed or not. */
  dropKey(): void {
    const start = CallStart.safeParse(this.#get("start")).data;
    if (start) this.keepStart({ ...start, sealedKey: null, sealedWebhookSecret: null });
  }

  keepProgress(progress: CallProgress): void {
    this.#put("progress", progress);
    if (progress.revision === this.#announcedRevision) return;
    this.#announcedRevision = progress.revision;
    this.#announce(CALL, progress.revision);
  }

  keepTurn(turn: TurnRecord): void {
    const json = JSON.stringify(turn);
    this.#sql.exec("insert or replace into turns (seq, json) values (?, ?)", turn.seq, json);
    this.#announce(turn.seq, turn.revision);
  }

  /** What goes on is no row of a bill yet, and is not archived. */
  keepCharge(charge: Charge): void {
    const isOver = charge.state === "open" ? 0 : 1;
    this.#sql.exec(
      "insert or replace into charges (seq, revision, json, to_archive) values (?, ?, ?, ?)",
      charge.seq,
      charge.revision,
      JSON.stringify(charge),
      isOver,
    );
  }

  /** Makes the tables; the first thing that happens to a call. */
  open(): void {
    this.#hasTables = true;
    this.#sql.exec("create table if not exists kept (name text primary key, json text not null)");
    this.#sql.exec("create table if not exists turns (seq integer primary key, json text not null)");
    this.#sql.exec("create table if not exists outbox (seq integer primary key, revision integer not null)");
    this.#sql.exec("create table if not exists tickets (id text primary key)");
    this.#openCharges();
  }

  /** Counts a try of a lost phone to come back, this one included. */
  countResume(): number {
    const resumes = Number(this.#get("resumes") ?? 0) + 1;
    this.#put("resumes", resumes);
    return resumes;
  }

  /** Failed tries of the archive in a row, kept so that a sleep does not begin the waiting anew. */
  get archiveFailures(): number {
    return Number(this.#get("archive-failures") ?? 0);
  }

  keepArchiveFailures(failures: number): void {
    this.#put("archive-failures", failures);
  }

  /** True for the first use of a ticket. */
  useTicket(id: string): boolean {
    if (this.#sql.exec("select 1 from tickets where id = ?", id).toArray().length > 0) return false;
    this.#sql.exec("insert into tickets (id) values (?)", id);
    return true;
  }

  /** Who watches the call, as its workshop said last. */
  get watch(): Watch {
    const read = Watch.safeParse(this.#get("watch"));
    return read.success ? read.data : NOBODY;
  }

  keepWatch(watch: Watch): void {
    this.#put("watch", watch);
  }

  /** Whether the object was never started again for this master key; it is from now on. */
  mayStartAgain(kid: string): boolean {
    if (this.#get("started-again") === kid) return false;
    this.#put("started-again", kid);
    return true;
  }

  /** Whether the workshop knows that the call is over. */
  get hasLeft(): boolean {
    return this.#get("left") === true;
  }

  keepLeft(): void {
    this.#put("left", true);
  }

  get hasOutbox(): boolean {
    const waiting = "select 1 from outbox union all select 1 from charges where to_archive = 1 limit 1";
    return this.#sql.exec(waiting).toArray().length > 0;
  }

  outbox(): OutboxBatch | undefined {
    const rows = this.#sql
      .exec(
        "select seq, revision, json from outbox left join turns using (seq) order by seq limit ?",
        LIMITS.outboxBatchRows,
      )
      .toArray();
    const charges = this.#sql
      .exec("select json from charges where to_archive = 1 order by seq limit ?", LIMITS.outboxBatchRows)
      .toArray();
    if (rows.length === 0 && charges.length === 0) return undefined;
    const call = rows.find(({ seq }) => seq === CALL);
    return {
      progressRevision: call ? Number(call.revision) : undefined,
      turns: rows.filter(({ seq }) => seq !== CALL).map((row) => Turn.parse(jsonOf(row))),
      charges: charges.map((row) => StoredCharge.parse(jsonOf(row))),
    };
  }

  /** Takes from the outbox what was archived, unless it has changed since. */
  archived(batch: OutboxBatch): void {
    const done = batch.turns.map(({ seq, revision }) => ({ seq, revision }));
    if (batch.progressRevision !== undefined) done.push({ seq: CALL, revision: batch.progressRevision });
    for (const { seq, revision } of done) {
      this.#sql.exec("delete from outbox where seq = ? and revision = ?", seq, revision);
    }
    for (const { seq, revision } of batch.charges) {
      this.#sql.exec("update charges set to_archive = 0 where seq = ? and revision = ?", seq, revision);
    }
  }

  /** Nobody came to this call: there is nothing to archive. */
  discard(): void {
    this.#sql.exec("delete from outbox");
    this.#sql.exec("delete from charges");
  }

  /** Why the call was over, for as long as it is remembered; also after all else of it has gone. */
  get endReason(): string | undefined {
    if (!this.#hasTables) return undefined;
    const over = this.#get("over");
    return typeof over === "string" ? over : undefined;
  }

  /**
   * Everything is in the archive, or nobody may keep it any more: only the fact that the call is over stays, with its tickets,
   * which nobody is to use again. A row that is deleted lies in the file until something is written over it; so the file
   * goes, with the alarm. Nothing is awaited before it is written again: the platform commits both as one.
   */
  forget(endReason: EndReason | null): Promise<void> {
    const tickets = this.#sql.exec("select id from tickets").toArray();
    const deleted = this.#storage.deleteAll();
    this.open();
    for (const { id } of tickets) this.#sql.exec("insert into tickets (id) values (?)", id ?? null);
    this.#put("over", endReason ?? true);
    return deleted;
  }

  #openCharges(): void {
    this.#sql.exec(
      `create table if not exists charges
       (seq integer primary key, revision integer not null, json text not null, to_archive integer not null)`,
    );
  }

  #announce(seq: number, revision: number): void {
    this.#sql.exec("insert or replace into outbox (seq, revision) values (?, ?)", seq, revision);
  }

  #get(name: string): unknown {
    const [row] = this.#sql.exec("select json from kept where name = ?", name).toArray();
    return row === undefined ? undefined : jsonOf(row);
  }

  #put(name: string, value: unknown): void {
    this.#sql.exec("insert or replace into kept (name, json) values (?, ?)", name, JSON.stringify(value));
  }
}

function jsonOf({ json }: Record<string, SqlStorageValue>): unknown {
  if (typeof json !== "string") throw new TypeError("a row without JSON");
  return JSON.parse(json);
}
