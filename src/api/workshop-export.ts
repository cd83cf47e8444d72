import { LIMITS } from "../limits.ts";
import { type ExportedCall, pageOfCalls } from "../store/exported-calls.ts";
import type { Workshop } from "../store/workshops.ts";
import { BYTE_ORDER_MARK, type Cell, csvRow } from "./csv.ts";
import type { ApiContext } from "./deps.ts";
import { endpoint } from "./endpoint.ts";
import { isoTime, noteThrown } from "./replies.ts";
import { workshopOf } from "./workshop-of.ts";

const COLUMNS = [
  "student",
  "student_id",
  "way_in",
  "started_at",
  "ended_at",
  "seconds",
  "payer",
  "model",
  "input_tokens",
  "output_tokens",
  "cost_usd",
  "end_reason",
] as const;

/** Streamed: `LIMITS.exportPage` calls are in memory at once, however many there are. */
export const exportCalls = endpoint("instructor", {
  summary: "The calls of a workshop, one a row, as CSV that is safe to open in a spreadsheet.",
  reply: "text/csv",
  fails: ["not_found"],
  handle: async (c) => {
    const workshop = await workshopOf(c);
    const pages = pagesOf(c, workshop);
    // Before the reply begins: a database that does not answer is still a 503.
    const first = await pages.next();
    return c.body(streamOf(first, pages), 200, {
      "content-type": "text/csv; charset=utf-8; header=present",
      "content-disposition": `attachment; filename="callroom-${workshop.joinCode}.csv"`,
    });
  },
});

async function* pagesOf(c: ApiContext, { id }: Workshop) {
  let page = await pageOfCalls(c.env.database, id, { after: null, limit: LIMITS.exportPage });
  yield BYTE_ORDER_MARK + csvRow(COLUMNS) + rowsOf(page.calls);
  while (page.next) {
    page = await pageOfCalls(c.env.database, id, { after: page.next, limit: LIMITS.exportPage });
    yield rowsOf(page.calls);
  }
}

type Pages = ReturnType<typeof pagesOf>;

/**
 * A page each time the reader asks for more. A database that fails on the way breaks the download off: nobody takes half a
 * file for a whole one.
 */
function streamOf(first: Awaited<ReturnType<Pages["next"]>>, pages: Pages): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let read: typeof first | undefined = first;
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          const { done, value } = read ?? (await pages.next());
          read = undefined;
          if (done) controller.close();
          else controller.enqueue(encoder.encode(value));
        } catch (thrown) {
          noteThrown(thrown);
          controller.error(new Error("The export was broken off."));
        }
      },
    },
    { highWaterMark: 0 },
  );
}

const rowsOf = (calls: readonly ExportedCall[]): string => calls.map((call) => csvRow(cellsOf(call))).join("");

function cellsOf({ studentName, studentId, call, costMicroUsd }: ExportedCall): Cell[] {
  const { startedAtMs, endedAtMs, usage } = call;
  return [
    studentName,
    studentId,
    call.wayIn,
    isoTime(startedAtMs),
    endedAtMs === null ? null : isoTime(endedAtMs),
    endedAtMs === null ? null : Math.max(0, endedAtMs - startedAtMs) / 1_000,
    call.keySource,
    call.model,
    usage.inputTokens,
    usage.outputTokens,
    costMicroUsd === null ? null : costMicroUsd / 1_000_000,
    call.endReason,
  ];
}
