import * as z from "zod";
import type { Lending } from "../protocol/bill.ts";
import { KEY_SOURCES } from "../protocol/call-record.ts";
import { parseCallId, parseSessionToken, parseStudentId, type SessionToken } from "../protocol/ids.ts";
import { type Account, accountKey, type KeptMoney } from "./allowance.ts";
import { LendingShape } from "./funds.ts";
import type { MoneyStorage } from "./money-desk.ts";

const payer = z.enum(KEY_SOURCES);

/** The object's SQLite: what was spent and is held, what is lent, and students' own caps. */
export class AllowanceStorage implements MoneyStorage {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.open();
  }

  /** Makes the tables; also after everything was deleted. */
  open(): void {
    this.#sql.exec(
      `create table if not exists accounts (account text primary key, call_id text not null, payer text not null,
       session_token text, student_id text, spent_micro_usd integer not null, held_micro_usd integer not null,
       held_until_ms integer not null)`,
    );
    this.#sql.exec("create table if not exists own_caps (session_token text primary key, micro_usd integer)");
    this.#sql.exec("create table if not exists lending (id integer primary key, json text not null)");
  }

  /** What was kept. Of a row that this version cannot read the amount counts on. */
  read(): KeptMoney {
    const [lending] = this.#sql.exec("select json from lending").toArray();
    const caps = this.#sql.exec("select session_token, micro_usd from own_caps").toArray();
    const accounts: Account[] = [];
    let unreadMicroUsd = 0;
    for (const row of this.#sql.exec("select * from accounts").toArray()) {
      const account = accountOf(row);
      if (account) accounts.push(account);
      else if (row.payer !== "student") unreadMicroUsd += amountOf(row.spent_micro_usd);
    }
    return {
      accounts,
      unreadMicroUsd,
      lending: typeof lending?.json === "string" ? LendingShape.safeParse(JSON.parse(lending.json)).data : undefined,
      ownCaps: new Map(
        caps.flatMap((row): [SessionToken, number | null][] => {
          const token = parseSessionToken(row.session_token);
          return token ? [[token, row.micro_usd === null ? null : Number(row.micro_usd)]] : [];
        }),
      ),
    };
  }

  keep(accounts: readonly Account[]): void {
    for (const account of accounts) {
      this.#sql.exec(
        "insert or replace into accounts values (?, ?, ?, ?, ?, ?, ?, ?)",
        accountKey(account),
        account.callId,
        account.payer,
        account.sessionToken,
        account.studentId,
        account.spentMicroUsd,
        account.heldMicroUsd,
        account.heldUntilMs,
      );
    }
  }

  /** An amount that no account says, as {@link read} finds it again. */
  keepUnread(microUsd: number): void {
    this.#sql.exec("insert or replace into accounts values ('', '', 'instructor', null, null, ?, 0, 0)", microUsd);
  }

  keepLending(lending: Lending): void {
    this.#sql.exec("insert or replace into lending (id, json) values (1, ?)", JSON.stringify(lending));
  }

  keepCap(token: SessionToken, microUsd: number | null): void {
    this.#sql.exec("insert or replace into own_caps (session_token, micro_usd) values (?, ?)", token, microUsd);
  }

  dropCap(token: SessionToken): void {
    this.#sql.exec("delete from own_caps where session_token = ?", token);
  }
}

function accountOf(row: Record<string, SqlStorageValue>): Account | undefined {
  const callId = parseCallId(row.call_id);
  const by = payer.safeParse(row.payer).data;
  if (!callId || !by) return undefined;
  return {
    callId,
    payer: by,
    sessionToken: parseSessionToken(row.session_token) ?? null,
    studentId: parseStudentId(row.student_id) ?? null,
    spentMicroUsd: amountOf(row.spent_micro_usd),
    heldMicroUsd: amountOf(row.held_micro_usd),
    heldUntilMs: Number(row.held_until_ms),
  };
}

const amountOf = (value: SqlStorageValue | undefined): number =>
  typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : 0;
