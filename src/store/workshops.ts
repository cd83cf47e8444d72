import { and, desc, eq, inArray, or, sql } from "drizzle-orm";
import { Failure } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import type { Lending, LendingLimits } from "../protocol/bill.ts";
import { type JoinCode, parseJoinCode, parseWorkshopId, type WorkshopId } from "../protocol/ids.ts";
import { ask, type Database, DatabaseFailure } from "./database.ts";
import { countOf, jsonOf, limitOf, msOf, textOf } from "./reading.ts";
import { calls, charges, students, workshops } from "./schema.ts";

export interface Workshop {
  readonly id: WorkshopId;
  readonly name: string;
  readonly joinCode: JoinCode;
  /** `null`: open from the beginning; and without an end. */
  readonly opensAtMs: number | null;
  readonly closesAtMs: number | null;
  /** Whether a student without a key may call on the instructor's. */
  readonly fallbackAllowed: boolean;
  /** How much of it they may use. */
  readonly lending: LendingLimits;
  /** Longest call; `null`: the default of `limits.ts`. */
  readonly callMaxMs: number | null;
  /** How many students may join; `null`: any number. */
  readonly seats: number | null;
  /** How it ends for good; `null`: nobody has closed it. */
  readonly closing: WorkshopClosing | null;
}

/** `protocol/closing.ts`, in milliseconds since 1970. */
export interface WorkshopClosing {
  readonly closedAtMs: number;
  readonly keysAtMs: number;
  readonly keysDeletedAtMs: number | null;
  readonly eraseAtMs: number;
  readonly erasedAtMs: number | null;
}

/** The columns that {@link workshopOf} reads. */
export const WORKSHOP_COLUMNS = {
  id: workshops.id,
  name: workshops.name,
  joinCode: workshops.joinCode,
  opensAtMs: workshops.opensAtMs,
  closesAtMs: workshops.closesAtMs,
  fallbackAllowed: workshops.fallbackAllowed,
  poolMicroUsd: workshops.poolMicroUsd,
  studentMicroUsd: workshops.studentMicroUsd,
  callMicroUsd: workshops.callMicroUsd,
  fallbackModels: workshops.fallbackModels,
  callMaxMs: workshops.callMaxMs,
  seats: workshops.seats,
  closedAtMs: workshops.closedAtMs,
  keysAtMs: workshops.keysAtMs,
  keysDeletedAtMs: workshops.keysDeletedAtMs,
  eraseAtMs: workshops.eraseAtMs,
  erasedAtMs: workshops.erasedAtMs,
};

/** What a new workshop lends unless it is told otherwise, and what students of no workshop are lent. */
export const NEW_LENDING: LendingLimits = {
  poolMicroUsd: LIMITS.poolMicroUsd,
  studentMicroUsd: LIMITS.studentAllowanceMicroUsd,
  callMicroUsd: null,
  models: null,
};

/** What the instructor's key may be used for in a workshop; `null`: by students of none. */
export const lendingOf = (workshop: Pick<Workshop, "fallbackAllowed" | "lending"> | null): Lending =>
  workshop ? { allowed: workshop.fallbackAllowed, ...workshop.lending } : { allowed: true, ...NEW_LENDING };

/** @throws Failure `database_unavailable`. */
export async function findWorkshopByJoinCode(db: Database, code: JoinCode): Promise<Workshop | undefined> {
  const rows = await ask(db.select(WORKSHOP_COLUMNS).from(workshops).where(eq(workshops.joinCode, code)).limit(1));
  return workshopOf(rows[0]);
}

/**
 * The workshop of this id, made now when there is none; what is stored wins over what is given. Where another workshop
 * has the join code already, that one is returned.
 *
 * @throws Failure `database_unavailable`.
 */
export async function ensureDefaultWorkshop(
  db: Database,
  workshop: { readonly id: WorkshopId; readonly name: string; readonly joinCode: JoinCode },
): Promise<Workshop> {
  const { id, name, joinCode } = workshop;
  const [, rows] = await ask(
    db.batch([
      db
        .insert(workshops)
        .values({ id, name, joinCode, ...lendingColumns(NEW_LENDING) })
        .onConflictDoNothing(),
      db
        .select(WORKSHOP_COLUMNS)
        .from(workshops)
        .where(or(eq(workshops.id, id), eq(workshops.joinCode, joinCode)))
        .orderBy(desc(sql`${workshops.id} = ${id}`))
        .limit(1),
    ]),
  );
  const found = workshopOf(rows[0]);
  if (!found) throw new Failure("internal");
  return found;
}

/** A workshop with how many students have joined it. */
export interface ListedWorkshop extends Workshop {
  readonly studentCount: number;
}

/** What an instructor changes: an absent or `undefined` field stays as it is, `null` clears it. */
export interface WorkshopChanges {
  readonly name?: string | undefined;
  readonly joinCode?: JoinCode | undefined;
  readonly opensAtMs?: number | null | undefined;
  readonly closesAtMs?: number | null | undefined;
  readonly seats?: number | null | undefined;
  readonly callMaxMs?: number | null | undefined;
  readonly fallbackAllowed?: boolean | undefined;
  /** Only what is given of it changes. */
  readonly lending?: LendingChanges | undefined;
}
type LendingChanges = { readonly [Limit in keyof LendingLimits]?: LendingLimits[Limit] | undefined };

/** Newest first. @throws Failure `database_unavailable`. */
export async function listWorkshops(db: Database): Promise<ListedWorkshop[]> {
  const rows = await ask(selectListed(db).orderBy(desc(workshops.createdAtMs), workshops.id));
  return rows.flatMap((row) => listedOf(row) ?? []);
}

/** @throws Failure `database_unavailable`. */
export async function findWorkshop(db: Database, id: WorkshopId): Promise<ListedWorkshop | undefined> {
  const [row] = await ask(selectListed(db).where(eq(workshops.id, id)));
  return listedOf(row);
}

/** Makes a workshop; what is not said of its lending is as in {@link NEW_LENDING}. @throws Failure `database_unavailable`. */
export async function createWorkshop(
  db: Database,
  { lending, ...workshop }: WorkshopChanges & Pick<Workshop, "id" | "name" | "joinCode">,
): Promise<"created" | "join-code-taken"> {
  const rows = await ask(
    db
      .insert(workshops)
      .values({ ...workshop, ...lendingColumns(newLending(lending)) })
      .onConflictDoNothing({ target: workshops.joinCode })
      .returning({ made: sql`1` }),
  );
  return rows.length > 0 ? "created" : "join-code-taken";
}

/**
 * Changes what is given, if the workshop's end is after its beginning then: both may be set apart, by two consoles.
 *
 * @throws Failure `join_code_taken` or `database_unavailable`.
 */
export async function changeWorkshop(
  db: Database,
  id: WorkshopId,
  { lending, ...changes }: WorkshopChanges,
): Promise<ListedWorkshop | "bad-dates" | undefined> {
  const { opensAtMs, closesAtMs } = changes;
  const opensAt = opensAtMs === undefined ? workshops.opensAtMs : sql`${instantOf(opensAtMs)}::timestamptz`;
  const closesAt = closesAtMs === undefined ? workshops.closesAtMs : sql`${instantOf(closesAtMs)}::timestamptz`;
  try {
    const [changed, [row]] = await ask(
      db.batch([
        db
          .update(workshops)
          // One column at the least: an empty change is none, but the dates are still looked at.
          .set({ ...changes, ...lendingColumns(lending), id })
          .where(and(eq(workshops.id, id), sql`coalesce(${opensAt} < ${closesAt}, true)`))
          .returning({ changed: sql`1` }),
        selectListed(db).where(eq(workshops.id, id)),
      ]),
    );
    const workshop = listedOf(row);
    return workshop && changed.length === 0 ? "bad-dates" : workshop;
  } catch (thrown) {
    if (thrown instanceof DatabaseFailure && thrown.sqlState === TAKEN) throw new Failure("join_code_taken");
    throw thrown;
  }
}

/**
 * Adds to what the whole workshop may use, beside whatever else changes it; where there is no limit there is none to add
 * to. `too-much`: it would be over `LIMITS.moneyMaxMicroUsd`, or less than nothing, and is left as it is.
 *
 * @param microUsd negative to take back what was added.
 * @throws Failure `database_unavailable`.
 */
export async function topUp(
  db: Database,
  id: WorkshopId,
  microUsd: number,
): Promise<ListedWorkshop | "too-much" | undefined> {
  const sum = sql`${workshops.poolMicroUsd} + ${microUsd}::bigint`;
  const [changed, [row]] = await ask(
    db.batch([
      db
        .update(workshops)
        .set({ poolMicroUsd: sum })
        .where(and(eq(workshops.id, id), sql`coalesce(${sum} between 0 and ${LIMITS.moneyMaxMicroUsd}::bigint, true)`))
        .returning({ changed: sql`1` }),
      selectListed(db).where(eq(workshops.id, id)),
    ]),
  );
  const workshop = listedOf(row);
  return workshop && changed.length === 0 ? "too-much" : workshop;
}

/**
 * Removes a workshop with its students, their keys, calls, turns and ledger, all or nothing; `false` when there was none. Whoever
 * is joining it just then is either among them or outside: the lock is the one that joining waits for.
 *
 * @throws Failure `database_unavailable`.
 */
export async function deleteWorkshop(db: Database, id: WorkshopId): Promise<boolean> {
  const theirs = () => db.select({ token: students.sessionToken }).from(students).where(eq(students.workshopId, id));
  const [, , , , , removed] = await ask(
    db.batch([
      db.select({ id: workshops.id }).from(workshops).where(eq(workshops.id, id)).for("update"),
      theirs().for("update"),
      // While it is still known whose they are: what somebody else's key has paid goes with its owner.
      db
        .delete(charges)
        .where(
          or(eq(charges.workshopId, id), and(eq(charges.payer, "student"), inArray(charges.sessionToken, theirs()))),
        ),
      db.delete(students).where(eq(students.workshopId, id)),
      db.delete(calls).where(eq(calls.workshopId, id)),
      db.delete(workshops).where(eq(workshops.id, id)).returning({ found: sql`1` }),
    ]),
  );
  return removed.length > 0;
}

/** SQLSTATE unique_violation. */
const TAKEN = "23505";

/** Defaults stand in for what is not said; null is said. */
function newLending(lending: LendingChanges = {}): LendingLimits {
  const {
    poolMicroUsd = NEW_LENDING.poolMicroUsd,
    studentMicroUsd = NEW_LENDING.studentMicroUsd,
    callMicroUsd = NEW_LENDING.callMicroUsd,
    models = NEW_LENDING.models,
  } = lending;
  return { poolMicroUsd, studentMicroUsd, callMicroUsd, models };
}

const lendingColumns = (lending: LendingChanges | undefined) => ({
  poolMicroUsd: lending?.poolMicroUsd,
  studentMicroUsd: lending?.studentMicroUsd,
  callMicroUsd: lending?.callMicroUsd,
  fallbackModels: lending?.models,
});

const instantOf = (atMs: number | null): string | null => (atMs === null ? null : new Date(atMs).toISOString());

export const selectListed = (db: Database) =>
  db
    .select({ ...WORKSHOP_COLUMNS, studentCount: db.$count(students, eq(students.workshopId, workshops.id)) })
    .from(workshops)
    .$dynamic();

export function listedOf(
  row: (WorkshopRow & { readonly studentCount: unknown }) | undefined,
): ListedWorkshop | undefined {
  const workshop = workshopOf(row);
  return workshop && { ...workshop, studentCount: countOf(row?.studentCount) ?? 0 };
}

type WorkshopRow = Readonly<Record<keyof typeof WORKSHOP_COLUMNS, unknown>>;

/** A row as a workshop; `undefined` for none and for one whose id or join code nobody could use. */
export function workshopOf(row: WorkshopRow | null | undefined): Workshop | undefined {
  const id = parseWorkshopId(row?.id);
  const joinCode = parseJoinCode(row?.joinCode);
  if (!row || !id || !joinCode) return undefined;
  return {
    id,
    name: textOf(row.name) ?? "",
    joinCode,
    opensAtMs: msOf(row.opensAtMs),
    closesAtMs: msOf(row.closesAtMs),
    fallbackAllowed: row.fallbackAllowed === true,
    lending: {
      poolMicroUsd: limitOf(row.poolMicroUsd),
      studentMicroUsd: limitOf(row.studentMicroUsd),
      callMicroUsd: limitOf(row.callMicroUsd),
      models: modelsOf(row.fallbackModels),
    },
    callMaxMs: msOf(row.callMaxMs),
    seats: countOf(row.seats),
    closing: closingOf(row),
  };
}

/** A date that nobody can read is not waited for. */
export function closingOf(row: Readonly<Record<keyof WorkshopClosing, unknown>>): WorkshopClosing | null {
  if (row.closedAtMs === null || row.closedAtMs === undefined) return null;
  const closedAtMs = msOf(row.closedAtMs) ?? 0;
  const keysAtMs = msOf(row.keysAtMs) ?? closedAtMs;
  return {
    closedAtMs,
    keysAtMs,
    keysDeletedAtMs: msOf(row.keysDeletedAtMs),
    eraseAtMs: msOf(row.eraseAtMs) ?? keysAtMs,
    erasedAtMs: msOf(row.erasedAtMs),
  };
}

/** `null`: any model. A list that nobody can read lends none. */
function modelsOf(value: unknown): readonly string[] | null {
  if (value === null) return null;
  const models = jsonOf(value);
  return Array.isArray(models) ? models.filter((model) => typeof model === "string") : [];
}
