import * as z from "zod";
import { LIMITS } from "../limits.ts";
import type { SessionToken } from "../protocol/ids.ts";
import type { WorkshopFacts } from "../protocol/live-messages.ts";
import type { EntryRefusal } from "./call-report.ts";
import { ClosingPlan } from "./closing-plan.ts";
import type { Roster } from "./roster.ts";
import { LiveCall, Seat } from "./seat.ts";

const MINUTE_MS = 60_000;

const Facts: z.ZodType<WorkshopFacts> = z.object({ announcement: z.string().nullable(), paused: z.boolean() });
const NO_FACTS: WorkshopFacts = { announcement: null, paused: false };

/** The object's SQLite: what of a class must survive a sleep. Nothing of what was said, and no key. */
export class RosterStorage {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.open();
  }

  /** Makes the tables; also after everything was deleted. */
  open(): void {
    // Of the version before, whose rows lived as long as a call.
    this.#sql.exec("drop table if exists live_calls");
    this.#sql.exec("create table if not exists seats (student_id text primary key, json text not null)");
    this.#sql.exec("create table if not exists calls (call_id text primary key, json text not null)");
    this.#sql.exec("create table if not exists kept (name text primary key, json text not null)");
    this.#sql.exec("create table if not exists key_checks (session_token text not null, at_ms integer not null)");
    this.#sql.exec(
      "create table if not exists askings (call_id text primary key, session_token text not null, at_ms integer not null, refused integer not null)",
    );
  }

  /** What was kept; a row that this version cannot read is passed over. */
  read(): { readonly seats: readonly Seat[]; readonly calls: readonly LiveCall[]; readonly facts: WorkshopFacts } {
    const [facts] = this.#rows("select json from kept where name = 'facts'", Facts);
    return {
      seats: this.#rows("select json from seats", Seat),
      calls: this.#rows("select json from calls", LiveCall),
      facts: facts ?? NO_FACTS,
    };
  }

  keepFacts(facts: WorkshopFacts): void {
    this.#sql.exec("insert or replace into kept (name, json) values ('facts', ?)", JSON.stringify(facts));
  }

  readPlan(): ClosingPlan | undefined {
    return this.#rows("select json from kept where name = 'closing'", ClosingPlan)[0];
  }

  keepPlan(plan: ClosingPlan | undefined): void {
    if (plan === undefined) this.#sql.exec("delete from kept where name = 'closing'");
    else this.#sql.exec("insert or replace into kept (name, json) values ('closing', ?)", JSON.stringify(plan));
  }

  keep(
    roster: Roster,
    changed: { readonly seats: Iterable<Seat["studentId"]>; readonly calls: Iterable<LiveCall["callId"]> },
  ): void {
    for (const studentId of changed.seats) this.#put("seats", "student_id", studentId, roster.seat(studentId));
    for (const callId of changed.calls) this.#put("calls", "call_id", callId, roster.call(callId));
  }

  /** Counts a key check; false when the student has had as many as a minute allows. */
  keyCheckAllowed(token: SessionToken, nowMs: number): boolean {
    this.#sql.exec("delete from key_checks where at_ms < ?", nowMs - MINUTE_MS);
    const checks = this.#sql.exec("select count(*) as checks from key_checks where session_token = ?", token);
    if (Number(checks.one().checks) >= LIMITS.keyChecksPerMinute) return false;
    this.#sql.exec("insert into key_checks (session_token, at_ms) values (?, ?)", token, nowMs);
    return true;
  }

  /** Counts a call that was asked for; false when a minute allows no more. The same call is counted once. */
  askingAllowed(callId: string, token: SessionToken, nowMs: number): boolean {
    this.#sql.exec("delete from askings where at_ms < ?", nowMs - MINUTE_MS);
    const others = this.#sql.exec(
      "select count(*) as asked from askings where session_token = ? and call_id <> ? and refused = 0",
      token,
      callId,
    );
    const isAllowed = Number(others.one().asked) < LIMITS.callsPreparedPerMinute;
    this.#sql.exec(
      "insert or replace into askings (call_id, session_token, at_ms, refused) values (?, ?, ?, ?)",
      callId,
      token,
      nowMs,
      isAllowed ? 0 : 1,
    );
    return isAllowed;
  }

  /** Why a call was refused when it was asked for: it may come here before the answer reaches it. */
  refusalOf(callId: string): EntryRefusal | undefined {
    const [asking] = this.#sql.exec("select refused from askings where call_id = ?", callId).toArray();
    return asking?.refused === 1 ? "too_many_requests" : undefined;
  }

  #put(table: "seats" | "calls", key: string, id: string, value: Seat | LiveCall | undefined): void {
    if (value === undefined) this.#sql.exec(`delete from ${table} where ${key} = ?`, id);
    else this.#sql.exec(`insert or replace into ${table} (${key}, json) values (?, ?)`, id, JSON.stringify(value));
  }

  #rows<Value>(query: string, shape: z.ZodType<Value>): Value[] {
    return this.#sql
      .exec(query)
      .toArray()
      .flatMap(({ json }) => {
        const read = shape.safeParse(typeof json === "string" ? JSON.parse(json) : undefined);
        return read.success ? [read.data] : [];
      });
  }
}
