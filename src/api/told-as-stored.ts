import { Failure } from "../failure.ts";

/** More than ever change one row at the same time. */
const TELLINGS = 20;

/**
 * Tells an object what a row says, and returns the row when what was told last is what it says: of two requests that change
 * it at once, the one that came later may be told earlier, and the object would keep what is over.
 *
 * @param told what of the row is told.
 * @param read the row as it is now; `undefined`: it is gone.
 * @throws whatever `tell` throws: the change stands, and can be asked for again. Failure `not_found` for a row that is gone.
 */
export async function toldAsStored<Row, Told>(
  row: Row,
  told: (row: Row) => Told,
  tell: (told: Told) => Promise<void>,
  read: () => Promise<Row | undefined>,
): Promise<Row> {
  let last = row;
  for (let telling = 0; telling < TELLINGS; telling += 1) {
    const saying = told(last);
    await tell(saying);
    const stored = await read();
    if (stored === undefined) throw new Failure("not_found");
    last = stored;
    if (JSON.stringify(told(stored)) === JSON.stringify(saying)) return stored;
  }
  throw new Failure("internal");
}
