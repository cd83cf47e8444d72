import { DurableObject } from "cloudflare:workers";
import type { CallNotice } from "../api/deps.ts";
import { readSettings } from "../env.ts";
import { LIMITS } from "../limits.ts";
import { errorName, log } from "../log.ts";
import { isStale, type LiveCall, mayEnter } from "./roster.ts";

/** The object of a workshop, by its id; students of no workshop share one. */
export const workshopStub = (env: Cloudflare.Env, workshopId: string | null): DurableObjectStub<WorkshopObject> =>
  env.WORKSHOP.get(env.WORKSHOP.idFromName(workshopId ?? "none"));

/** The single writer of a class: which calls are live, and how often a student has checked a key. */
export class WorkshopObject extends DurableObject<Cloudflare.Env> {
  readonly #sql: SqlStorage;

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    this.#sql.exec(
      "create table if not exists live_calls (call_id text primary key, session_token text not null, since_ms integer not null)",
    );
    this.#sql.exec("create table if not exists key_checks (session_token text not null, at_ms integer not null)");
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

  /** Tells every live call of a student; returns how many could not be told. */
  async tell(sessionToken: string, notice: CallNotice): Promise<number> {
    const calls = this.#live().filter((call) => call.sessionToken === sessionToken);
    const told = await Promise.all(
      calls.map(async ({ callId }) => {
        try {
          await this.env.CALL.get(this.env.CALL.idFromName(callId)).notice(notice);
          return 0;
        } catch (thrown) {
          log({ event: "uncaught", where: "workshop", name: errorName(thrown) });
          return 1;
        }
      }),
    );
    return told.reduce<number>((sum, failed) => sum + failed, 0);
  }

  /** Counts a key check; false when the student has had as many as a minute allows. */
  keyCheckAllowed(sessionToken: string): boolean {
    const nowMs = Date.now();
    this.#sql.exec("delete from key_checks where at_ms < ?", nowMs - 60_000);
    const checks = this.#sql.exec("select count(*) as checks from key_checks where session_token = ?", sessionToken);
    if (Number(checks.one().checks) >= LIMITS.keyChecksPerMinute) return false;
    this.#sql.exec("insert into key_checks (session_token, at_ms) values (?, ?)", sessionToken, nowMs);
    return true;
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
