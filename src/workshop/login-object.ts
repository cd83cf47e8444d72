import { DurableObject } from "cloudflare:workers";
import {
  type AddressLogins,
  decideLogin,
  forgottenAtMs,
  type LoginEvent,
  type LoginState,
  type LoginVerdict,
  NO_LOGINS,
} from "./login-throttle.ts";

/** The one object that counts tries of the instructor's token: one deployment has one token. */
export const loginStub = (env: Cloudflare.Env): DurableObjectStub<LoginObject> =>
  env.LOGIN.get(env.LOGIN.idFromName("instructor"));

/** Keeps what {@link decideLogin} decides on. Rows go by alarm when they mean nothing any more. */
export class LoginObject extends DurableObject<Cloudflare.Env> {
  readonly #sql: SqlStorage;

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    this.#sql.exec(
      `create table if not exists addresses (address text primary key, wrong integer not null,
       last_wrong_ms integer not null, trusted_until_ms integer not null, forgotten_ms integer not null)`,
    );
    this.#sql.exec(
      "create table if not exists all_addresses (id integer primary key check (id = 1), wrong integer not null, since_ms integer not null)",
    );
  }

  /** Takes one try of an address. No await before it is kept: tries that come together are decided one after the other. */
  async attempt(address: string, event: LoginEvent): Promise<LoginVerdict> {
    const nowMs = Date.now();
    const [verdict, state] = decideLogin(this.#read(address), event, nowMs);
    this.#write(address, state);
    if ((await this.ctx.storage.getAlarm()) === null) await this.#wakeForNext();
    return verdict;
  }

  override async alarm(): Promise<void> {
    this.#sql.exec("delete from addresses where forgotten_ms <= ?", Date.now());
    await this.#wakeForNext();
  }

  async #wakeForNext(): Promise<void> {
    const { next } = this.#sql.exec("select min(forgotten_ms) as next from addresses").one();
    if (typeof next === "number") await this.ctx.storage.setAlarm(next);
  }

  #read(address: string): LoginState {
    const [row] = this.#sql
      .exec("select wrong, last_wrong_ms, trusted_until_ms from addresses where address = ?", address)
      .toArray();
    const [all] = this.#sql.exec("select wrong, since_ms from all_addresses").toArray();
    return {
      address: row
        ? {
            wrong: Number(row.wrong),
            lastWrongAtMs: Number(row.last_wrong_ms),
            trustedUntilMs: Number(row.trusted_until_ms),
          }
        : NO_LOGINS.address,
      all: all ? { wrong: Number(all.wrong), sinceMs: Number(all.since_ms) } : NO_LOGINS.all,
    };
  }

  #write(address: string, { address: logins, all }: LoginState): void {
    if (isKept(logins)) {
      this.#sql.exec(
        `insert into addresses (address, wrong, last_wrong_ms, trusted_until_ms, forgotten_ms) values (?, ?, ?, ?, ?)
         on conflict (address) do update set wrong = excluded.wrong, last_wrong_ms = excluded.last_wrong_ms,
         trusted_until_ms = excluded.trusted_until_ms, forgotten_ms = excluded.forgotten_ms`,
        address,
        logins.wrong,
        logins.lastWrongAtMs,
        logins.trustedUntilMs,
        forgottenAtMs(logins),
      );
    }
    this.#sql.exec(
      `insert into all_addresses (id, wrong, since_ms) values (1, ?, ?)
       on conflict (id) do update set wrong = excluded.wrong, since_ms = excluded.since_ms`,
      all.wrong,
      all.sinceMs,
    );
  }
}

/** Of an address that only met the ceiling there is nothing to remember: a flood of them fills no table. */
const isKept = (logins: AddressLogins): boolean => forgottenAtMs(logins) > 0;
