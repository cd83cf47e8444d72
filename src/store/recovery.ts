import { and, count, eq, inArray, isNotNull, sql } from "drizzle-orm";
import { parseSessionToken, type SessionToken } from "../protocol/ids.ts";
import { ask, type Database, DatabaseFailure } from "./database.ts";
import { textOf } from "./reading.ts";
import { students } from "./schema.ts";

/*
 * The words that bring a student back, as digests: nothing here can tell a phrase. Every function throws Failure
 * `database_unavailable` while the database does not answer.
 */

/** SQLSTATE unique_violation. */
const TAKEN = "23505";

export interface Recovered {
  readonly sessionToken: SessionToken;
  readonly name: string | null;
  /** The digest that was found. */
  readonly digest: string;
}

/** The one student who has any of these digests; `undefined` for nobody, and for more than one. */
export async function findByRecoveryDigest(db: Database, digests: readonly string[]): Promise<Recovered | undefined> {
  const { sessionToken, name, recoveryDigest } = students;
  const rows = await ask(
    db
      .select({ sessionToken, name, recoveryDigest })
      .from(students)
      .where(inArray(recoveryDigest, [...digests]))
      .limit(2),
  );
  const [row] = rows;
  const token = parseSessionToken(row?.sessionToken);
  const digest = textOf(row?.recoveryDigest);
  if (rows.length !== 1 || !token || digest === null) return undefined;
  return { sessionToken: token, name: textOf(row?.name), digest };
}

/** Puts new words in the place of those before. `taken`: somebody has these very words, make others. */
export function storeRecoveryDigest(
  db: Database,
  token: SessionToken,
  digest: string,
): Promise<"stored" | "taken" | "unknown"> {
  return orTaken(async () => {
    const rows = await ask(
      db
        .update(students)
        .set({ recoveryDigest: digest })
        .where(eq(students.sessionToken, token))
        .returning({ found: sql`1` }),
    );
    return rows.length > 0 ? "stored" : "unknown";
  });
}

/** Writes the digest of the same words under another master key, unless the student has other words by now. */
export async function renewRecoveryDigest(
  db: Database,
  token: SessionToken,
  digest: { readonly from: string; readonly to: string },
): Promise<void> {
  await ask(
    db
      .update(students)
      .set({ recoveryDigest: digest.to })
      .where(and(eq(students.sessionToken, token), eq(students.recoveryDigest, digest.from))),
  );
}

/** How many students have words under each master key, by its kid: what a digest begins with. */
export async function countRecoveryDigests(db: Database): Promise<ReadonlyMap<string, number>> {
  const kid = sql<string>`split_part(${students.recoveryDigest}, ':', 1)`;
  const rows = await ask(
    db.select({ kid, students: count() }).from(students).where(isNotNull(students.recoveryDigest)).groupBy(kid),
  );
  return new Map(rows.map((row) => [row.kid, row.students]));
}

/** Runs a write of a digest, or of a token: `taken` when somebody has it. */
export async function orTaken<Outcome>(write: () => Promise<Outcome>): Promise<Outcome | "taken"> {
  try {
    return await write();
  } catch (thrown) {
    if (thrown instanceof DatabaseFailure && thrown.sqlState === TAKEN) return "taken";
    throw thrown;
  }
}
