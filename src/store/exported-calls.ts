import { and, asc, eq, getTableColumns, type SQL, sql } from "drizzle-orm";
import type { CallRecord } from "../protocol/call-record.ts";
import type { WorkshopId } from "../protocol/ids.ts";
import { callOf } from "./call-rows.ts";
import { ask, type Database } from "./database.ts";
import { countOf, textOf } from "./reading.ts";
import { calls, students } from "./schema.ts";

/** A call with whose it is. */
export interface ExportedCall {
  readonly studentId: string;
  readonly studentName: string | null;
  readonly call: CallRecord;
  /** Millionths of a dollar; `null`: not known. */
  readonly costMicroUsd: number | null;
}

/** Where a page ends: the next one begins behind it. */
export interface ExportPlace {
  readonly startedAtMs: number;
  readonly callId: string;
}

/**
 * A workshop's calls, oldest first, a page at a time; unreadable rows are left out. `next` is `null` on the last page.
 *
 * @throws Failure `database_unavailable`.
 */
export async function pageOfCalls(
  db: Database,
  workshopId: WorkshopId,
  page: { readonly after: ExportPlace | null; readonly limit: number },
): Promise<{ readonly calls: readonly ExportedCall[]; readonly next: ExportPlace | null }> {
  const rows = await ask(
    db
      .select({ call: getTableColumns(calls), studentId: students.studentId, studentName: students.name })
      .from(calls)
      .innerJoin(students, eq(students.sessionToken, calls.sessionToken))
      // A row without a time has no place in the order, and no page could begin behind it.
      .where(
        and(
          eq(calls.workshopId, workshopId),
          sql`isfinite(${calls.startedAtMs})`,
          page.after ? behind(page.after) : undefined,
        ),
      )
      .orderBy(asc(calls.startedAtMs), asc(calls.id))
      .limit(page.limit),
  );
  const last = rows.length < page.limit ? undefined : rows.at(-1)?.call;
  return {
    calls: rows.flatMap((row): ExportedCall[] => {
      const call = callOf(row.call);
      if (!call) return [];
      const { studentId, studentName } = row;
      return [{ studentId, studentName: textOf(studentName), call, costMicroUsd: countOf(row.call.costMicroUsd) }];
    }),
    next: last ? { startedAtMs: last.startedAtMs, callId: last.id } : null,
  };
}

const behind = ({ startedAtMs, callId }: ExportPlace): SQL =>
  sql`(${calls.startedAtMs}, ${calls.id}) > (${sql.param(startedAtMs, calls.startedAtMs)}::timestamptz, ${callId}::text)`;
