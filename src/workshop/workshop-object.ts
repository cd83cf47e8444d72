import { DurableObject } from "cloudflare:workers";
import type { CallNotice } from "../api/deps.ts";
import { readSettings } from "../env.ts";
import { LIMITS } from "../limits.ts";
import { errorName, log } from "../log.ts";
import { isStale, type LiveCall, mayEnter } from "./roster.ts";

/** The object of a workshop, by its id; students of no workshop share one. */
export const workshopStub = (env: Cloudflare.Env, workshopId: string | null): DurableObjectStub<WorkshopObject> =>
  env.WORKSHOP.get(env.WORKSHOP.idFromName(workshopId ?? "none"));

/** The single writer of a class: which calls are live, and who has tried something too often. */
export class WorkshopObject extends DurableObject<Cloudflare.Env> {
  readonly #sql: SqlStorage;

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    this.#sql.exec(
      "create table if not exists live_calls (call_id text primary key, session_token text not null, since_ms integer not null)",
    );
    this.#sql.exec(
      "create table if not exists attempts (kind text not null, who text not null, at_ms integer not null)",
    );
  }

  /** Lets a call in, if there is room; asking twice is the same call. */
  enter(callId: string, sessionToken: string): boolean {
    const nowMs = Date.now();
    const live = this.#live().filter((call) => {
      const stale = isStale(call, nowMs);
      if (stale) this.leave(call.callId);
      return !stale;
    });
    if (!mayEnter(live, { callId, sessionToken }, readSettings(this.env).callsPerWorkshop)) return false;
    this.#sql.exec(
      "insert or ignore into live_calls (call_id, session_token, since_ms) values (?, ?, ?)",
      callId,
      sessionToken,
      nowMs,
    );
    return true;
  }

  leave(callId: string): void {
    this.#sql.exec("delete from live_calls where call_id = ?", callId);
  }

  /** Tells every live call of a student; a call that cannot be reached is taken off the roster. */
  async tell(sessionToken: string, notice: CallNotice): Promise<number> {
    const calls = this.#live().filter((call) => call.sessionToken === sessionToken);
    await Promise.all(
      calls.map(async ({ callId }) => {
        try {
          await this.env.CALL.get(this.env.CALL.idFromName(callId)).notice(notice);
        } catch (thrown) {
          log({ event: "uncaught", where: "workshop", name: errorName(thrown) });
        }
      }),
    );
    return calls.length;
  }

  /** Counts a key check; false when the student has had as many as a minute allows. */
  keyCheckAllowed(sessionToken: string): boolean {
    const isAllowed = this.#attempts("key-check", sessionToken) < LIMITS.keyChecksPerMinute;
    if (isAllowed) this.#attempted("key-check", sessionToken);
    return isAllowed;
  }

  joinAllowed(from: string): boolean {
    return this.#attempts("join", from) < LIMITS.joinFailuresPerMinute;
  }

  joinFailed(from: string): void {
    this.#attempted("join", from);
  }

  /** Attempts of the last minute; older ones are forgotten. */
  #attempts(kind: "key-check" | "join", who: string): number {
    this.#sql.exec("delete from attempts where at_ms < ?", Date.now() - 60_000);
    const rows = this.#sql.exec("select count(*) as attempts from attempts where kind = ? and who = ?", kind, who);
    return Number(rows.one().attempts);
  }

  #attempted(kind: "key-check" | "join", who: string): void {
    this.#sql.exec("insert into attempts (kind, who, at_ms) values (?, ?, ?)", kind, who, Date.now());
  }

  #live(): LiveCall[] {
    return this.#sql
      .exec("select call_id, session_token, since_ms from live_calls")
      .toArray()
      .flatMap(({ call_id: callId, session_token: sessionToken, since_ms: sinceMs }) =>
        typeof callId === "string" && typeof sessionToken === "string" && typeof sinceMs === "number"
          ? [{ callId, sessionToken, sinceMs }]
          : [],
      );
  }
}
