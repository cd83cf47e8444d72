import { eq, type SQL, sql } from "drizzle-orm";
import { LIMITS } from "../limits.ts";
import { parseStudentId, type SessionToken, type StudentId, type WorkshopId } from "../protocol/ids.ts";
import { ask, type Database } from "./database.ts";
import { textOf } from "./reading.ts";
import { orTaken } from "./recovery.ts";
import { students, workshops } from "./schema.ts";

/** Who joins a workshop by its code. */
export interface Joiner {
  readonly sessionToken: SessionToken;
  readonly workshopId: WorkshopId;
  /** As they typed it. */
  readonly name: string;
  readonly email: string | null;
  readonly greeting: string;
  readonly toolsJson: unknown;
  /** Of the words that bring them back. */
  readonly recoveryDigest: string;
}

export interface Joined {
  readonly studentId: StudentId;
  /** With a number behind it where somebody of the workshop has the name, in whatever case. */
  readonly name: string;
}

/**
 * Gives a new student a seat and a name of their own, in one request: however many join at once, nobody sits on a seat
 * that is not there, and no two have one name.
 *
 * @returns `full` when every seat is taken, or the workshop is gone; `closed`: it was closed just now; `taken`: somebody has the token or the digest.
 * @throws Failure `database_unavailable`.
 */
export function joinWorkshop(db: Database, joiner: Joiner): Promise<Joined | "full" | "closed" | "taken"> {
  return orTaken(async () => {
    // The lock comes first, in a statement of its own: what the next one counts then holds whatever was written by those
    // who had the lock before.
    const [[workshop], , [row]] = await ask(
      db.batch([
        db
          .select({ closedAtMs: workshops.closedAtMs })
          .from(workshops)
          .where(eq(workshops.id, joiner.workshopId))
          .for("no key update"),
        db.execute(seat(joiner)),
        db
          .select({ name: students.name, studentId: students.studentId })
          .from(students)
          .where(eq(students.sessionToken, joiner.sessionToken)),
      ]),
    );
    const studentId = parseStudentId(row?.studentId);
    if (!studentId && workshop && workshop.closedAtMs !== null) return "closed";
    return studentId ? { studentId, name: textOf(row?.name) ?? joiner.name } : "full";
  });
}

const seat = (joiner: Joiner): SQL => sql`
insert into ${students}
  (session_token, student_name, student_email, ivr_greeting, tools, workshop_id, origin, recovery_digest, updated_at)
select
  ${sql.param(joiner.sessionToken, students.sessionToken)}, ${nameOf(joiner)},
  ${sql.param(joiner.email, students.email)}, ${sql.param(joiner.greeting, students.greeting)},
  ${sql.param(joiner.toolsJson, students.tools)}, ${workshops.id}, 'joined',
  ${sql.param(joiner.recoveryDigest, students.recoveryDigest)}, now()
from ${workshops}
where ${workshops.id} = ${joiner.workshopId}
  and ${workshops.closedAtMs} is null
  and (
    ${workshops.seats} is null
    or ${workshops.seats} > (select count(*) from ${students} where ${students.workshopId} = ${joiner.workshopId})
  )`;

/** The name as it is typed, or the first of `name 2`, `name 3`, … that nobody of the workshop has. */
function nameOf({ workshopId, name }: Joiner): SQL {
  const text = (value: string): SQL => sql`${sql.param(value, students.name)}::text`;
  const isTaken = (candidate: SQL): SQL =>
    sql`exists (select from ${students} where ${students.workshopId} = ${workshopId} and lower(${students.name}) = lower(${candidate}))`;
  const numbered = sql`${text(stemOf(name))} || ' ' || number`;
  // Of so many numbers one is free.
  const highest = sql`2 + (select count(*) from ${students} where ${students.workshopId} = ${workshopId})`;
  return sql`case when ${isTaken(text(name))} then (
    select ${numbered} from generate_series(2, ${highest}) as number where not ${isTaken(numbered)} order by number limit 1
  ) else ${text(name)} end`;
}

/** Room for a space and a number of five digits. */
const STEM_BYTES = LIMITS.nameBytes - 6;

/** As much of a name as leaves room for a number behind it. */
function stemOf(name: string): string {
  let stem = "";
  let bytes = 0;
  for (const character of name) {
    bytes += new TextEncoder().encode(character).length;
    if (bytes > STEM_BYTES) break;
    stem += character;
  }
  return stem.trimEnd();
}
