import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { REVOKE_URL, type StudentReceipt } from "../../protocol/closing.ts";
import { CLOSED_WORDS, countWords, dateWords, digitsOf, keyWords, spentWords } from "../words.ts";
import { Amount } from "./amount.tsx";
import type { Sum } from "./meter-of.ts";
import "./receipt.css";
import "./receipt-print.css";
import "./closed.css";

/** What a student takes along: sums, and where their key is revoked. */
export function ClosingReceipt({ receipt }: { readonly receipt: StudentReceipt }) {
  const titleId = useId();
  const { workshop, closing, key, calls, ms, ownMicroUsd, lentMicroUsd } = receipt;
  const own = sumOf(ownMicroUsd);
  const lent = sumOf(lentMicroUsd);
  const together = { microUsd: own.microUsd + lent.microUsd, isWhole: own.isWhole && lent.isWhole };
  const digits = digitsOf([own.microUsd, lent.microUsd]);
  return (
    <section class="card receipt real" aria-labelledby={titleId}>
      <header>
        <h2 id={titleId}>{CLOSED_WORDS.receipt}</h2>
        <p class="quiet small">{workshop}</p>
      </header>
      <dl>
        <Row name={CLOSED_WORDS.count}>{countWords(calls)}</Row>
        <Row name={CLOSED_WORDS.time}>{spentWords(ms)}</Row>
      </dl>
      <dl>
        <Row name={CLOSED_WORDS.own}>
          <Spent sum={own} digits={digits} />
        </Row>
        <Row name={CLOSED_WORDS.lent}>
          <Spent sum={lent} digits={digits} />
        </Row>
      </dl>
      <dl class="total">
        <Row name={CLOSED_WORDS.together}>
          <Spent sum={together} digits={digits} />
        </Row>
      </dl>
      <dl>
        <Row name={CLOSED_WORDS.key}>{key === null ? CLOSED_WORDS.noKey : keyWords(key, closing.keysAt)}</Row>
      </dl>
      {key !== null && (
        <div class="note revoke">
          <p>{CLOSED_WORDS.stillWorks}</p>
          <a class="button" href={REVOKE_URL} target="_blank" rel="noopener">
            {CLOSED_WORDS.revoke}
          </a>
          <p class="print-only">{REVOKE_URL}</p>
        </div>
      )}
      <p class="print-only">{dateWords(closing.closedAt)}</p>
      <p class="actions">
        <button type="button" onClick={() => print()}>
          {CLOSED_WORDS.print}
        </button>
      </p>
    </section>
  );
}

/** `null`: of some of it no price is known, and nobody can say of how much. */
const sumOf = (microUsd: number | null): Sum => ({ microUsd: microUsd ?? 0, isWhole: microUsd !== null });

const Spent = ({ sum, digits }: { readonly sum: Sum; readonly digits: number }) =>
  sum.isWhole && sum.microUsd === 0 ? <span>{CLOSED_WORDS.nothing}</span> : <Amount sum={sum} digits={digits} />;

const Row = ({ name, children }: { readonly name: string; readonly children: ComponentChildren }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);
