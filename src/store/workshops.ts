import { desc, eq, or, sql } from "drizzle-orm";
import { Failure } from "../failure.ts";
import { type JoinCode, parseJoinCode, parseWorkshopId, type WorkshopId } from "../protocol/ids.ts";
import { ask, type Database } from "./database.ts";
import { msOf, textOf } from "./reading.ts";
import { workshops } from "./schema.ts";

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
  };
}
