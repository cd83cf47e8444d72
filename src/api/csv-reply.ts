import { BYTE_ORDER_MARK, type Cell, csvRow } from "./csv.ts";
import type { ApiContext } from "./deps.ts";
import { noteThrown } from "./replies.ts";

/** A table that is read page by page. */
export interface Table<Row, Place> {
  /** Of our own making: letters, digits, hyphens. */
  readonly fileName: string;
  readonly columns: readonly string[];
  readonly cellsOf: (row: Row) => readonly Cell[];
  readonly page: (after: Place | null) => Promise<{ readonly rows: readonly Row[]; readonly next: Place | null }>;
}

/**
 * A table as a download, streamed: one page is in memory at once, however many there are.
 *
 * @throws Failure of the first page, before the reply begins: a database that does not answer is still a 503.
 */
export async function csvReply<Row, Place>(c: ApiContext, table: Table<Row, Place>): Promise<Response> {
  const pages = pagesOf(table);
  const first = await pages.next();
  return c.body(streamOf(first, pages), 200, {
    "content-type": "text/csv; charset=utf-8; header=present",
    "content-disposition": `attachment; filename="${table.fileName}.csv"`,
  });
}

type Pages = AsyncGenerator<string, void>;

async function* pagesOf<Row, Place>({ columns, cellsOf, page: read }: Table<Row, Place>): Pages {
  const written = (rows: readonly Row[]): string => rows.map((row) => csvRow(cellsOf(row))).join("");
  let page = await read(null);
  yield BYTE_ORDER_MARK + csvRow(columns) + written(page.rows);
  while (page.next) {
    page = await read(page.next);
    yield written(page.rows);
  }
}

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
