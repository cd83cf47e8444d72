import type { Locator, Page } from "playwright-core";
import * as say from "../../src/web/words.ts";

/** Amounts of money as a student's page shows them, and where. */

/** Millionths of a dollar of the first amount in these words; NaN: there is none. */
export const microUsdOf = (words: string): number =>
  Math.round(Number(/\$(\d+(?:\.\d+)?)/.exec(words)?.[1] ?? Number.NaN) * 1_000_000);

export const amounts = async (within: Locator): Promise<number[]> => (await within.allInnerTexts()).map(microUsdOf);

/** What the call that goes on has cost so far. */
export const costOf = (page: Page): Locator => page.locator(".cost .amount");

export const receiptOf = (page: Page): Locator =>
  page.getByRole("region", { name: say.RECEIPT_WORDS.title, exact: true });

/** Who pays, and how much is left. */
export const chipOf = (page: Page): Locator => page.getByRole("button", { name: say.PAYER_WORDS.pays }).first();
