import type { BillLine } from "../../protocol/bill.ts";
import { LAYER_WORDS, PART_WORDS, productWords, RECEIPT_WORDS, sourceWords, unpricedWords } from "../words.ts";
import { isRounded, lineKey } from "./receipt-of.ts";
import "./arithmetic.css";

/** How many, at which price, comes to what: a line each, with where the price is from. */
export function Arithmetic({ lines }: { readonly lines: readonly BillLine[] }) {
  return (
    <>
      <ul class="arithmetic">
        {lines.map((line) => {
          const { layer, part, model, costMicroUsd } = line;
          const source = sourceWords(line);
          return (
            <li key={lineKey(line)}>
              <span class="quiet">
                {LAYER_WORDS[layer]}, {PART_WORDS[part]} · {model}
              </span>
              <span>{productWords(line, isRounded(line))}</span>
              <span class="quiet">{costMicroUsd === null ? unpricedWords(model) : source}</span>
            </li>
          );
        })}
      </ul>
      {lines.some(isRounded) && <p class="hint">{RECEIPT_WORDS.rounded}</p>}
    </>
  );
}
