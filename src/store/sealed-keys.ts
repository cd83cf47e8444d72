import { and, asc, count, eq, gt, isNotNull, isNull, or, type SQL, sql } from "drizzle-orm";
import type { PgUpdateSetSource } from "drizzle-orm/pg-core";
import type { SessionToken } from "../protocol/ids.ts";
import type { KeyStatus } from "../protocol/rest.ts";
import { ask, type Database } from "./database.ts";
import { textOf } from "./reading.ts";
import { students, workshops } from "./schema.ts";

/*
 * Sealed keys and webhook secrets at rest. Nothing here can open one. Every function throws Failure
 * `database_unavailable` while the database does not answer.
 */

export interface StoredKey {
  readonly sealed: string;
  /** The key's last four characters; `null` for a value that is no key. */
  readonly hint: string | null;
  readonly status: KeyStatus;
  /** When it was given and checked. */
  readonly atMs: number;
}

/** One row's sealed values. The token is text of any shape: also a row that nobody can use is rotated and counted. */
export interface SealedRow {
  readonly sessionToken: string;
  readonly sealed: string | null;
  readonly sealedWebhookSecret: string | null;
}

/**
 * What a new key, no key (`null`) or an unchanged one (`undefined`) writes into a row that is there. Of a key that is deleted
 * the hint stays, until there is another: its owner has still to revoke it.
 */
export function keyColumns(key: StoredKey | null | undefined) {
  if (key === undefined) return {};
  if (key !== null) return newKeyColumns(key);
  return {
    sealedKey: null,
    keyHint: null,
    keyStatus: null,
    keyCheckedAtMs: null,
    keyConnectedAtMs: null,
    keyLastUsedAtMs: null,
    deletedKeyHint: sql`case when ${students.sealedKey} is null then ${students.deletedKeyHint} else ${students.keyHint} end`,
    keyDeletedAtMs: sql`case when ${students.sealedKey} is null then ${students.keyDeletedAtMs} else now() end`,
  };
}

/** The same for a row that is new. */
export const newKeyColumns = (key: StoredKey | null | undefined) =>
  key
    ? {
        sealedKey: key.sealed,
        keyHint: key.hint,
        keyStatus: key.status,
        keyCheckedAtMs: key.atMs,
        keyConnectedAtMs: key.atMs,
        keyLastUsedAtMs: null,
        deletedKeyHint: null,
        keyDeletedAtMs: null,
      }
    : {};

/**
 * Puts a key in the place of whatever was there; `false` when there is no such student, or their workshop was closed, which
 * no key comes into any more.
 */
export function replaceKey(db: Database, token: SessionToken, key: StoredKey): Promise<boolean> {
  return writeKey(db, token, key, inOpenWorkshop());
}

/** Removes the key and all that was known about it but its hint; `false` when there is no such student. */
export function forgetKey(db: Database, token: SessionToken): Promise<boolean> {
  return writeKey(db, token, null, undefined);
}

/** Of a student's row: nobody has closed its workshop for good. */
export const inOpenWorkshop = (): SQL =>
  sql`not exists (select from ${workshops} where ${workshops.id} = ${students.workshopId} and ${workshops.closedAtMs} is not null)`;

/** The same value, sealed before and sealed now. */
export interface Resealing {
  readonly from: string;
  readonly to: string;
}

/**
 * Writes a key newly sealed, only if nobody has changed it since `from` was read: a key that a student replaces meanwhile
 * is never overwritten by the old one. `false`: it has changed, or is gone.
 */
export function reseal(db: Database, sessionToken: string, { from, to }: Resealing): Promise<boolean> {
  return swap(db, sessionToken, eq(students.sealedKey, from), { sealedKey: to });
}

/** As {@link reseal}, for the secret that signs webhooks. */
export function resealWebhookSecret(db: Database, sessionToken: string, { from, to }: Resealing): Promise<boolean> {
  return swap(db, sessionToken, eq(students.sealedWebhookSecret, from), { sealedWebhookSecret: to });
}

/**
 * Notes that a key was used at `atMs`, and what OpenAI thought of it when that is news. With `ifSealed`, only while that
 * value is stored: a call that began with the key before must not speak for the one that replaced it.
 */
export async function noteKeyUse(
  db: Database,
  token: SessionToken,
  use: { readonly status?: KeyStatus | undefined; readonly atMs: number; readonly ifSealed?: string | undefined },
): Promise<void> {
  const { status, atMs, ifSealed } = use;
  const stored = ifSealed === undefined ? isNotNull(students.sealedKey) : eq(students.sealedKey, ifSealed);
  await ask(
    db
      .update(students)
      .set({
        // Two calls end in either order; the later use counts.
        keyLastUsedAtMs: sql`greatest(${students.keyLastUsedAtMs}, ${sql.param(atMs, students.keyLastUsedAtMs)})`,
        ...(status === undefined ? {} : { keyStatus: status, keyCheckedAtMs: atMs }),
      })
      .where(and(eq(students.sessionToken, token), stored)),
  );
}

/** `false` when there is no such student, or with `onlyIfAbsent` when there is a secret already: read it then. */
export function storeWebhookSecret(
  db: Database,
  token: SessionToken,
  secret: { readonly sealed: string; readonly onlyIfAbsent: boolean },
): Promise<boolean> {
  const absent = secret.onlyIfAbsent ? isNull(students.sealedWebhookSecret) : undefined;
  return swap(db, token, absent, { sealedWebhookSecret: secret.sealed });
}

/** Rows that hold something sealed, in the order of their tokens; the next page begins after the last token of this. */
export async function pageOfSealed(
  db: Database,
  page: { readonly after: string | null; readonly limit: number },
): Promise<SealedRow[]> {
  const rows = await ask(
    db
      .select({
        sessionToken: students.sessionToken,
        sealed: students.sealedKey,
        sealedWebhookSecret: students.sealedWebhookSecret,
      })
      .from(students)
      .where(
        and(
          page.after === null ? undefined : gt(students.sessionToken, page.after),
          or(isNotNull(students.sealedKey), isNotNull(students.sealedWebhookSecret)),
        ),
      )
      .orderBy(asc(students.sessionToken))
      .limit(page.limit),
  );
  return rows.map((row) => ({
    sessionToken: textOf(row.sessionToken) ?? "",
    sealed: textOf(row.sealed),
    sealedWebhookSecret: textOf(row.sealedWebhookSecret),
  }));
}

/** How many students there are, with anything sealed or without. */
export async function countStudents(db: Database): Promise<number> {
  const rows = await ask(db.select({ students: count() }).from(students));
  return rows[0]?.students ?? 0;
}

const writeKey = (
  db: Database,
  token: SessionToken,
  key: StoredKey | null,
  condition: SQL | undefined,
): Promise<boolean> => swap(db, token, condition, { ...keyColumns(key), updatedAt: sql`now()` });

/** Writes into one row while `condition` holds for it; says whether it did. */
async function swap(
  db: Database,
  sessionToken: string,
  condition: SQL | undefined,
  written: PgUpdateSetSource<typeof students>,
): Promise<boolean> {
  const rows = await ask(
    db
      .update(students)
      .set(written)
      .where(and(eq(students.sessionToken, sessionToken), condition))
      .returning({ found: sql`1` }),
  );
  return rows.length > 0;
}
