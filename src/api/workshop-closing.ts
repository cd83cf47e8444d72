import { Failure } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import { REVOKE_URL, type ReceiptReply, type ReportReply, type ReportRow } from "../protocol/closing.ts";
import { closeWorkshop, reopenWorkshop } from "../store/closing.ts";
import { findTakeaway, reportOf, type Takeaway, type TakeawayOf } from "../store/closing-report.ts";
import { findWorkshop, type ListedWorkshop } from "../store/workshops.ts";
import { closingView } from "./closing-view.ts";
import { type Cell, money } from "./csv.ts";
import { csvReply } from "./csv-reply.ts";
import type { ApiContext } from "./deps.ts";
import { endpoint } from "./endpoint.ts";
import { isoTimeOrNull, succeeded } from "./replies.ts";
import { receiptReply, reportReply } from "./reply-schemas-closing.ts";
import { workshopReply } from "./reply-schemas-workshop.ts";
import { closeRequest } from "./schemas-workshop.ts";
import { workshopIdOf } from "./workshop-of.ts";
import { workshopAnswer } from "./workshop-settings.ts";

/**
 * The row is written first: from then on no call begins and nobody joins. Then the workshop's object does what is due now.
 * When that fails it goes on trying by itself; the request can be repeated too, and says what has been done.
 */
export const close = endpoint("instructor", {
  summary:
    "Closes a workshop for good: calls end and none begins, keys are deleted and students erased now or at these dates. " +
    "Repeated it changes the dates of what has not happened.",
  body: closeRequest,
  reply: workshopReply,
  fails: ["not_found", "already_erased"],
  handle: async (c, { body }) => {
    const nowMs = c.env.now();
    const dates = datesOf(body, nowMs);
    return changed(c, await closeWorkshop(c.env.database, workshopIdOf(c), dates, nowMs));
  },
});

/** Also when the keys are deleted: who comes back enters theirs again. */
export const reopen = endpoint("instructor", {
  summary: "Opens a closed workshop again, until its students are erased. Keys that were deleted stay deleted.",
  reply: workshopReply,
  fails: ["not_found", "already_erased"],
  handle: async (c) => changed(c, await reopenWorkshop(c.env.database, workshopIdOf(c))),
});

export const getReceipt = endpoint("student", {
  summary: "What a student takes along from a workshop that was closed: sums, and which key to revoke.",
  reply: receiptReply,
  fails: [],
  handle: async (c, { asker: { sessionToken, workshop } }) => {
    const closing = closingView(workshop?.closing ?? null);
    const takeaway = closing && (await findTakeaway(c.env.database, sessionToken));
    // Erased between the two questions.
    if (closing && !takeaway) throw new Failure("unknown_session");
    return succeeded<ReceiptReply>(c, {
      success: true,
      receipt: closing && takeaway ? { workshop: workshop?.name ?? "", closing, ...sumsOf(takeaway) } : null,
    });
  },
});

export const showReport = endpoint("instructor", {
  summary: "What a workshop came to, student by student; those who were erased all together, without names.",
  reply: reportReply,
  fails: ["not_found"],
  handle: async (c) => {
    const { workshop, rows } = await report(c);
    return succeeded<ReportReply>(c, {
      success: true,
      workshop: workshop.name,
      closing: closingView(workshop.closing),
      rows: rows.map(reportRow),
    });
  },
});

const COLUMNS = [
  "student",
  "student_id",
  "calls",
  "seconds",
  "own_key_usd",
  "lent_usd",
  "key_hint",
  "key_deleted_at",
  "revoke_at",
] as const;

export const exportReport = endpoint("instructor", {
  summary: "The report as CSV that is safe to open in a spreadsheet. An empty amount is not known.",
  reply: "text/csv",
  fails: ["not_found"],
  handle: async (c) => {
    const { workshop, rows } = await report(c);
    return csvReply<TakeawayOf, never>(c, {
      fileName: `callroom-${workshop.joinCode}-report`,
      columns: COLUMNS,
      cellsOf,
      page: async () => ({ rows, next: null }),
    });
  },
});

async function changed(c: ApiContext, workshop: ListedWorkshop | "erased" | undefined): Promise<Response> {
  if (!workshop) throw new Failure("not_found");
  if (workshop === "erased") throw new Failure("already_erased");
  await c.env.workshops.closingChanged(workshop.id);
  return workshopAnswer(c, await findWorkshop(c.env.database, workshop.id));
}

/** A date that has just passed is meant as now: two clocks never agree. @throws Failure `bad_request` for any other. */
function datesOf(
  { keysAt, eraseAt }: { readonly keysAt: number | null; readonly eraseAt: number | null },
  nowMs: number,
): { readonly keysAtMs: number; readonly eraseAtMs: number } {
  // Keys that are deleted already have a date that is long over; a console sends it as it is.
  const keysAtMs = Math.max(keysAt ?? nowMs, nowMs);
  if (eraseAt !== null && eraseAt < nowMs - LIMITS.closingLateMs) throw badDate("eraseAt", "must not be in the past");
  const eraseAtMs = Math.max(eraseAt ?? nowMs, nowMs);
  const latestMs = nowMs + LIMITS.closingAheadMs;
  if (keysAtMs > latestMs) throw badDate("keysAt", "must be at most 400 days ahead");
  if (eraseAtMs > latestMs) throw badDate("eraseAt", "must be at most 400 days ahead");
  if (eraseAtMs < keysAtMs) throw badDate("eraseAt", "must not be before keysAt");
  return { keysAtMs, eraseAtMs };
}

const badDate = (field: string, problem: string): Failure => new Failure("bad_request", `${field}: ${problem}`);

async function report(c: ApiContext) {
  const found = await reportOf(c.env.database, workshopIdOf(c));
  if (!found) throw new Failure("not_found");
  return found;
}

const sumsOf = ({ key, calls, ms, ownMicroUsd, lentMicroUsd }: Takeaway) => ({
  key: key && { hint: key.hint, deletedAt: isoTimeOrNull(key.deletedAtMs) },
  calls,
  ms,
  ownMicroUsd,
  lentMicroUsd,
});

const reportRow = ({ studentId, name, ...takeaway }: TakeawayOf): ReportRow => ({
  studentId,
  name,
  ...sumsOf(takeaway),
});

const cellsOf = ({ studentId, name, key, calls, ms, ownMicroUsd, lentMicroUsd }: TakeawayOf): Cell[] => [
  name,
  studentId,
  calls,
  ms / 1_000,
  money(ownMicroUsd),
  money(lentMicroUsd),
  key?.hint ?? null,
  key && isoTimeOrNull(key.deletedAtMs),
  key && REVOKE_URL,
];
