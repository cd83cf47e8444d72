import { inArray, type SQL, sql } from "drizzle-orm";
import * as z from "zod";
import { ask, type Database } from "./database.ts";
import { masterKeySentinels, students } from "./schema.ts";

/*
 * What master keys have sealed, seen from outside: sentinels, and how many values stand under each. Nothing here can open one.
 * Every function throws Failure `database_unavailable` while the database does not answer.
 */

export interface StoredSentinel {
  readonly kid: string;
  readonly sealed: string;
}

export interface SampledValue {
  readonly purpose: "openai-key" | "webhook-secret";
  readonly sessionToken: string;
  readonly sealed: string;
}

/** Sealed under one master key, as the predecessor sealed, not at all, or nothing that can be read. */
export type SealShape = "v2" | "predecessor" | "plaintext" | "unreadable";

export interface SealCount {
  readonly shape: SealShape;
  /** Of the master key; `null` for every shape but `v2`. */
  readonly kid: string | null;
  readonly values: number;
}

/** Enough to find one that opens among damaged ones. */
const SAMPLE_VALUES = 20;

/** Sentinels and values of one database. */
export function sentinelsIn(db: Database) {
  return {
    list: (): Promise<StoredSentinel[]> =>
      ask(db.select({ kid: masterKeySentinels.kid, sealed: masterKeySentinels.sealed }).from(masterKeySentinels)),
    /** One that is there for this kid already stays. */
    add: async ({ kid, sealed }: StoredSentinel): Promise<void> => {
      await ask(db.insert(masterKeySentinels).values({ kid, sealed }).onConflictDoNothing());
    },
    /** A few well-formed values, those that name one of these kids first. */
    sample: async (kids: readonly string[]): Promise<SampledValue[]> => {
      const isOurs = inArray(sql`split_part(sealed, ':', 2)`, [...kids]);
      const { rows } = await ask(
        db.execute(sql`select purpose, session_token as "sessionToken", sealed from ${SEALED_VALUES}
          where ${SHAPE} in ('v2', 'predecessor') order by ${isOurs} desc limit ${SAMPLE_VALUES}`),
      );
      return z.array(sampledValue).parse(rows);
    },
  };
}

/** How many values stand under each master key, in one query; most values first. */
export async function countSeals(db: Database): Promise<SealCount[]> {
  const { rows } = await ask(
    db.execute(sql`select shape, case shape when 'v2' then split_part(sealed, ':', 2) end as kid, count(*)::int as values
      from (select sealed, ${SHAPE} as shape from ${SEALED_VALUES}) as shaped group by 1, 2 order by 3 desc, 1, 2`),
  );
  return z.array(sealCount).parse(rows);
}

const SEALED_VALUES: SQL = sql`(
  select 'openai-key' as purpose, ${students.sessionToken} as session_token, ${students.sealedKey} as sealed
    from ${students} where btrim(${students.sealedKey}) <> ''
  union all
  select 'webhook-secret', ${students.sessionToken}, ${students.sealedWebhookSecret}
    from ${students} where btrim(${students.sealedWebhookSecret}) <> ''
) as sealed_values`;

/** As `vault/seal.ts` reads the two formats: an iv of 12 bytes (in the predecessor's also of 16), a tag of 16. */
const SHAPE: SQL = sql`case
  when sealed ~ '^v2:[0-9a-f]{8}:[A-Za-z0-9+/]{16}:[A-Za-z0-9+/]{22}==:[A-Za-z0-9+/]*={0,2}$' then 'v2'
  when sealed ~ '^([A-Za-z0-9+/]{16}|[A-Za-z0-9+/]{22}==):[A-Za-z0-9+/]{22}==:[A-Za-z0-9+/]*={0,2}$' then 'predecessor'
  when sealed ~ '^[[:space:]]*(sk-|whsec_)' then 'plaintext'
  else 'unreadable' end`;

const sampledValue = z.object({
  purpose: z.enum(["openai-key", "webhook-secret"]),
  sessionToken: z.string(),
  sealed: z.string(),
});

const sealCount = z.object({
  shape: z.enum(["v2", "predecessor", "plaintext", "unreadable"]),
  kid: z.string().nullable(),
  values: z.number(),
});
