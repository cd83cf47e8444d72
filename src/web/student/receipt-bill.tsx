import type { BillLine } from "../../protocol/bill.ts";
import {
  costWords,
  LAYER_WORDS,
  METER_WORDS,
  PAID_ON_WORDS,
  PART_WORDS,
  quantityWords,
  RECEIPT_WORDS,
  sourceWords,
  unitPriceWords,
  unpricedWords,
} from "../words.ts";
import { Amount } from "./amount.tsx";
import { type ReceiptBill as Bill, isRounded, lineKey } from "./receipt-of.ts";

/** The money of a receipt: for each payer the lines and what they come to, and all of it. */
export function ReceiptBill({ bill }: { readonly bill: Bill }) {
  const { groups, total, digits, perMinuteMicroUsd, estimated } = bill;
  if (groups.length === 0) return <p class="nothing">{RECEIPT_WORDS.nothing}</p>;
  const lines = groups.flatMap((group) => group.lines);
  const sources = new Set(lines.map(sourceWords).filter((words) => words !== ""));
  return (
    <>
      {groups.map((group) => (
        <section key={group.payer} class="group">
          <h3>{PAID_ON_WORDS[group.payer]}</h3>
          <dl class="money">
            {group.lines.map((line) => (
              <Line key={lineKey(line)} line={line} digits={digits} />
            ))}
            {groups.length > 1 && (
              <div class="subtotal">
                <dt>{RECEIPT_WORDS.subtotal}</dt>
                <dd>
                  <Amount sum={group} digits={digits} />
                </dd>
              </div>
            )}
          </dl>
        </section>
      ))}
      <dl class="total">
        <div>
          <dt>{RECEIPT_WORDS.total}</dt>
          <dd>
            <Amount sum={total} isAbout={estimated} digits={digits} />
          </dd>
        </div>
        {perMinuteMicroUsd !== null && (
          <div class="minute">
            <dt>{RECEIPT_WORDS.perMinute}</dt>
            <dd>{costWords(perMinuteMicroUsd)}</dd>
          </div>
        )}
      </dl>
      {estimated && <p class="quiet small">{RECEIPT_WORDS.estimated}</p>}
      {lines.some(isRounded) && <p class="quiet small">{RECEIPT_WORDS.rounded}</p>}
      {sources.size > 0 && (
        <p class="quiet small">
          {RECEIPT_WORDS.prices} {[...sources].join("; ")}
        </p>
      )}
    </>
  );
}

function Line({ line, digits }: { readonly line: BillLine; readonly digits: number }) {
  const { layer, part, model, costMicroUsd } = line;
  const price = unitPriceWords(line);
  return (
    <div>
      <dt>
        {LAYER_WORDS[layer]}, {PART_WORDS[part]}
      </dt>
      <dd>
        {costMicroUsd === null ? (
          METER_WORDS.unpriced
        ) : (
          <Amount sum={{ microUsd: costMicroUsd, isWhole: true }} digits={digits} />
        )}
      </dd>
      <dd class="sum">
        {quantityWords(line)}
        {price !== null && ` × ${price}`} · {costMicroUsd === null ? unpricedWords(model) : model}
      </dd>
    </div>
  );
}
