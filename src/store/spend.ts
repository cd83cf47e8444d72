import { and, asc, count, eq, ne, type SQL, sql } from "drizzle-orm";
import { KEY_SOURCES, type Usage } from "../protocol/call-record.ts";
import { CHARGE_KINDS } from "../protocol/charge.ts";
import { parseStudentId, type StudentId, type WorkshopId } from "../protocol/ids.ts";
import type { SpendRow } from "../protocol/rest-workshop.ts";
import { ask, type Database } from "./database.ts";
import { countOf, msOf, oneOf, textOf } from "./reading.ts";
import { charges, students, workshops } from "./schema.ts";

/** What one student has used of one model at one payer's cost. */
export interface SpendOfModel extends Omit<SpendRow, "studentId" | "lastAt"> {
  /** `null`: students who were erased, all together. */
  readonly studentId: StudentId | null;
  readonly lastAtMs: number;
}

/**
 * The ledger of a workshop, summed by the database: one row for each student, payer, kind and model, in one request.
 * What was refused and used nothing is left out. `undefined` when there is no such workshop.
 *
 * @returns `unreadable`: how many charges are in no row, because nobody knows what they are.
 * @throws Failure `database_unavailable`.
 */
export async function spendOf(
  db: Database,
  workshopId: WorkshopId,
): Promise<{ readonly rows: readonly SpendOfModel[]; readonly unreadable: number } | undefined> {
  const [found, groups] = await ask(
    db.batch([
      db.select({ id: workshops.id }).from(workshops).where(eq(workshops.id, workshopId)),
      db
        .select(SPEND_COLUMNS)
        .from(charges)
        .leftJoin(students, eq(students.sessionToken, charges.sessionToken))
        .where(and(eq(charges.workshopId, workshopId), ne(charges.state, "void")))
        .groupBy(students.studentId, students.name, charges.payer, charges.kind, charges.model)
        .orderBy(
          asc(students.name),
          asc(students.studentId),
          asc(charges.payer),
          asc(charges.kind),
          asc(charges.model),
        ),
    ]),
  );
  if (found.length === 0) return undefined;
  const rows = groups.flatMap((group) => spendOfModel(group) ?? []);
  return { rows, unreadable: chargesIn(groups) - chargesIn(rows) };
}

const chargesIn = (rows: readonly { readonly charges: number }[]): number =>
  rows.reduce((all, row) => all + row.charges, 0);

/** A number of a charge's usage; what is none counts nothing, and breaks no sum. */
const tokens = (field: keyof Usage): SQL =>
  sql`case when jsonb_typeof(${charges.usage} -> ${field}::text) = 'number' then (${charges.usage} ->> ${field}::text)::numeric else 0 end`;

const sum = (value: SQL) => sql<number>`coalesce(sum(${value}), 0)`.mapWith(Number);
const isKnown = sql`coalesce(${charges.costMicroUsd} >= 0, false)`;

const SPEND_COLUMNS = {
  studentId: students.studentId,
  name: students.name,
  payer: charges.payer,
  kind: charges.kind,
  model: charges.model,
  charges: count(),
  // Of one kind of charge only one of the two is there.
  inputTokens: sum(sql`${tokens("inputTokens")} + ${tokens("transcriptionInputTokens")}`),
  outputTokens: sum(sql`${tokens("outputTokens")} + ${tokens("transcriptionOutputTokens")}`),
  lineMs: sum(sql`${charges.lineMs}`),
  costMicroUsd: sql<number>`coalesce(sum(${charges.costMicroUsd}) filter (where ${isKnown}), 0)`.mapWith(Number),
  unpriced: sql<number>`count(*) filter (where not ${isKnown})`.mapWith(Number),
  lastAtMs: sql<number>`extract(epoch from max(${charges.atMs})) * 1000`.mapWith(Number),
};

function spendOfModel(row: Readonly<Record<keyof typeof SPEND_COLUMNS, unknown>>): SpendOfModel | undefined {
  const payer = oneOf(KEY_SOURCES, row.payer);
  const kind = oneOf(CHARGE_KINDS, row.kind);
  const costMicroUsd = countOf(row.costMicroUsd);
  const lastAtMs = msOf(row.lastAtMs);
  if (!payer || !kind || costMicroUsd === null || lastAtMs === null) return undefined;
  return {
    studentId: parseStudentId(row.studentId) ?? null,
    name: textOf(row.name),
    payer,
    kind,
    model: textOf(row.model) ?? "",
    charges: countOf(row.charges) ?? 0,
    inputTokens: countOf(row.inputTokens) ?? 0,
    outputTokens: countOf(row.outputTokens) ?? 0,
    lineMs: msOf(row.lineMs) ?? 0,
    costMicroUsd,
    unpriced: countOf(row.unpriced) ?? 0,
    lastAtMs,
  };
}
