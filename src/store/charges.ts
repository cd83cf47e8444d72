import { and, eq, isNull, sql } from "drizzle-orm";
import * as z from "zod";
import { KEY_SOURCES } from "../protocol/call-record.ts";
import { CHARGE_KINDS, CHARGE_STATES, type Charge } from "../protocol/charge.ts";
import type { CallId, SessionToken, WorkshopId } from "../protocol/ids.ts";
import { UsageShape } from "./call-rows.ts";
import { ask, type Database, isAboutParent } from "./database.ts";
import { charges, workshops } from "./schema.ts";
import { given, newestOfEach } from "./upserts.ts";

/*
 * The ledger: what is added to it, and its rows as charges. A cost that is not known is stored as null and stays null.
 */

/** Whose a charge is. */
export interface ChargeOwner {
  /** Of a voice that was tried out: an id made for it. */
  readonly callId: CallId;
  readonly sessionToken: SessionToken;
  readonly workshopId: WorkshopId | null;
}

const chargeRow: z.ZodType<Charge> = z.object({
  seq: z.int().positive(),
  revision: z.int(),
  atMs: z.number(),
  kind: z.enum(CHARGE_KINDS),
  state: z.enum(CHARGE_STATES),
  payer: z.enum(KEY_SOURCES),
  model: z.string(),
  usage: UsageShape,
  lineMs: z.int().nonnegative(),
  rawUsage: z.string().nullable(),
  upstreamId: z.string().nullable(),
  priceVersion: z.string(),
  costMicroUsd: z.int().nonnegative().nullable(),
});

/** `undefined`: the row cannot be read. A cost or a usage that is no such thing is not taken for nothing. */
export function chargeOf(row: unknown): Charge | undefined {
  return chargeRow.safeParse(row).data;
}

/** Rows as charges, and how many of them there are that nobody can read: what they cost is missing from every sum. */
export function chargesOf(rows: readonly unknown[]): {
  readonly charges: readonly Charge[];
  readonly unreadable: number;
} {
  const read = rows.map(chargeOf).filter((charge) => charge !== undefined);
  return { charges: read, unreadable: rows.length - read.length };
}

/**
 * Adds one charge that belongs to no call that is archived. May be repeated.
 *
 * @returns `student-gone`: then it is kept, without a name, if the instructor has paid it.
 * @throws Failure `database_unavailable`: try again later; `internal`: this will never be stored.
 */
export async function insertCharge(
  db: Database,
  { charge, ...owner }: ChargeOwner & { readonly charge: Charge },
): Promise<"stored" | "student-gone"> {
  try {
    await ask(writeCharges(db, owner, [charge]));
  } catch (failure) {
    if (!isAboutParent(failure)) throw failure;
    await keepNameless(db, owner, [charge]);
    return "student-gone";
  }
  return "stored";
}

/** The statement that writes charges, at least one: a row gives way only to a higher revision. */
export function writeCharges(
  db: Database,
  owner: Omit<ChargeOwner, "sessionToken"> & { readonly sessionToken: SessionToken | null },
  records: readonly Charge[],
) {
  const { callId, sessionToken, workshopId } = owner;
  return db
    .insert(charges)
    .values(newestOfEach(records).map((charge) => ({ ...charge, callId, sessionToken, workshopId })))
    .onConflictDoUpdate({
      target: [charges.callId, charges.seq],
      // Whose it is stays as it was written first: a student who was erased meanwhile is not brought back.
      set: {
        revision: given(charges.revision),
        atMs: given(charges.atMs),
        state: given(charges.state),
        model: given(charges.model),
        usage: given(charges.usage),
        lineMs: given(charges.lineMs),
        rawUsage: given(charges.rawUsage),
        upstreamId: given(charges.upstreamId),
        priceVersion: given(charges.priceVersion),
        costMicroUsd: given(charges.costMicroUsd),
      },
      setWhere: sql`${charges.revision} < ${given(charges.revision)}`,
    });
}

/**
 * Keeps what the instructor has paid for a student who is gone, unless the workshop is gone too: the sum of what was lent
 * must not shrink because somebody was erased.
 */
export async function keepNameless(db: Database, owner: ChargeOwner, records: readonly Charge[]): Promise<void> {
  const paid = records.filter(({ payer }) => payer === "instructor");
  if (paid.length === 0) return;
  const write = writeCharges(db, { ...owner, sessionToken: null }, paid);
  const { callId, workshopId } = owner;
  if (workshopId === null) {
    await ask(write);
    return;
  }
  const orphans = db
    .delete(charges)
    .where(
      and(
        eq(charges.callId, callId),
        isNull(charges.sessionToken),
        sql`not exists (select 1 from ${workshops} where ${workshops.id} = ${workshopId})`,
      ),
    );
  await ask(db.batch([write, orphans]));
}
