import { and, desc, eq, or, sql } from "drizzle-orm";
import { Failure } from "../failure.ts";
import { type JoinCode, parseJoinCode, parseWorkshopId, type WorkshopId } from "../protocol/ids.ts";
import { ask, type Database, DatabaseFailure } from "./database.ts";
import { countOf, msOf, textOf } from "./reading.ts";
import { calls, students, workshops } from "./schema.ts";

export interface Workshop {
  readonly id: WorkshopId;
  readonly name: string;
  readonly joinCode: JoinCode;
  /** `null`: open from the beginning; and without an end. */
  readonly opensAtMs: number | null;
  readonly closesAtMs: number | null;
  /** Whether a student without a key may call on the instructor's. */
  readonly fallbackAllowed: boolean;
  /** Longest call; `null`: the default of `limits.ts`. */
  readonly callMaxMs: number | null;
  /** How many students may join; `null`: any number. */
  readonly seats: number | null;
}

/** The columns that {@link workshopOf} reads. */
export const WORKSHOP_COLUMNS = {
  id: workshops.id,
  name: workshops.name,
  joinCode: workshops.joinCode,
  opensAtMs: workshops.opensAtMs,
  closesAtMs: workshops.closesAtMs,
  fallbackAllowed: workshops.fallbackAllowed,
  callMaxMs: workshops.callMaxMs,
  seats: workshops.seats,
};

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
      db.insert(workshops).values({ id, name, joinCode }).onConflictDoNothing(),
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
}

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

/** Makes a workshop. @throws Failure `database_unavailable`. */
export async function createWorkshop(
  db: Database,
  workshop: WorkshopChanges & Pick<Workshop, "id" | "name" | "joinCode">,
): Promise<"created" | "join-code-taken"> {
  const rows = await ask(
    db
      .insert(workshops)
      .values(workshop)
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
  changes: WorkshopChanges,
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
          .set({ ...changes, id })
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
 * Removes a workshop with its students, their keys, calls and turns, all or nothing; `false` when there was none. Whoever
 * is joining it just then is either among them or outside: the lock is the one that joining waits for.
 *
 * @throws Failure `database_unavailable`.
 */
export async function deleteWorkshop(db: Database, id: WorkshopId): Promise<boolean> {
  const [, , , removed] = await ask(
    db.batch([
      db.select({ id: workshops.id }).from(workshops).where(eq(workshops.id, id)).for("update"),
      db.delete(students).where(eq(students.workshopId, id)),
      db.delete(calls).where(eq(calls.workshopId, id)),
      db.delete(workshops).where(eq(workshops.id, id)).returning({ found: sql`1` }),
    ]),
  );
  return removed.length > 0;
}

/** SQLSTATE unique_violation. */
const TAKEN = "23505";

const instantOf = (atMs: number | null): string | null => (atMs === null ? null : new Date(atMs).toISOString());

const selectListed = (db: Database) =>
  db
    .select({ ...WORKSHOP_COLUMNS, studentCount: db.$count(students, eq(students.workshopId, workshops.id)) })
    .from(workshops)
    .$dynamic();

function listedOf(row: (WorkshopRow & { readonly studentCount: unknown }) | undefined): ListedWorkshop | undefined {
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
    callMaxMs: msOf(row.callMaxMs),
    seats: countOf(row.seats),
  };
}
