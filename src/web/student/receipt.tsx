import type { ComponentChildren } from "preact";
import { useId, useRef } from "preact/hooks";
import type { Repriced } from "../../protocol/bill.ts";
import type { Usage } from "../../protocol/call-record.ts";
import type { CallView } from "../call-view.ts";
import {
  clockWords,
  costWords,
  countWords,
  END_WORDS,
  milliseconds,
  PAID_WORDS,
  PHASE_WORDS,
  RECEIPT_WORDS,
  repricedWords,
} from "../words.ts";
import { CallId } from "./call-id.tsx";
import { ReceiptBill } from "./receipt-bill.tsx";
import { receiptOf } from "./receipt-of.ts";
import { lastViewOf } from "./replay.ts";
import { me } from "./session.ts";
import { useArchived } from "./use-archived.ts";
import "./receipt.css";
import "./receipt-print.css";

interface ReceiptProps {
  readonly view: CallView;
  /** When the call began, in milliseconds since 1970; null: it is a sample. */
  readonly beganAtMs: number | null;
  /** A call that has just ended: its rows of the ledger are asked for until they are there. */
  readonly callId?: string | null;
  readonly repriced?: readonly Repriced[];
  /** What can be done next. */
  readonly children?: ComponentChildren;
}

/** What a call was, what it cost, and who paid for it, once it is over. */
export function Receipt({ view, beganAtMs, callId = null, repriced, children }: ReceiptProps) {
  const titleId = useId();
  const section = useRef<HTMLElement>(null);
  const archived = useArchived(callId);
  // What the call itself told stands until the archive has the last of it.
  const bill = archived && lastViewOf(archived).meter;
  const receipt = receiptOf(bill === null ? view : { ...view, meter: bill });
  if (receipt === null) return null;
  const { endReason, durationMs, keySource, model, turns, medianMs, slowestMs, tools, usage } = receipt;
  const others = archived?.repriced ?? repriced ?? [];
  const toolWords = tools.map(({ name, calls }) => (calls === 1 ? name : `${name} × ${calls}`)).join(", ");
  return (
    <section ref={section} class={`card receipt ${beganAtMs === null ? "" : "real"}`} aria-labelledby={titleId}>
      <header>
        <h2 id={titleId}>{RECEIPT_WORDS.title}</h2>
        {beganAtMs !== null && <p class="quiet small">{dateWords(beganAtMs)}</p>}
        <p class="print-only">{[me.value?.name, me.value?.workshop?.name].filter(Boolean).join(" · ")}</p>
      </header>
      <p>{endReason === null ? PHASE_WORDS.ended : END_WORDS[endReason]}</p>
      {receipt.bill === null ? <OldUsage usage={usage} /> : <ReceiptBill bill={receipt.bill} />}
      {others.length > 0 && (
        <section class="elsewhere">
          <h3>{RECEIPT_WORDS.elsewhere}</h3>
          <ul>
            {others.map((other) => (
              <li key={other.model}>{repricedWords(other.model, other.costMicroUsd)}</li>
            ))}
          </ul>
        </section>
      )}
      <dl>
        {keySource !== null && <Row name={RECEIPT_WORDS.paid}>{PAID_WORDS[keySource]}</Row>}
        <Row name={RECEIPT_WORDS.lasted}>{clockWords(durationMs)}</Row>
        <Row name={RECEIPT_WORDS.model}>{model}</Row>
        <Row name={RECEIPT_WORDS.turns}>{countWords(turns)}</Row>
        {medianMs !== null && <Row name={RECEIPT_WORDS.median}>{milliseconds(medianMs)}</Row>}
        {slowestMs !== null && <Row name={RECEIPT_WORDS.slowest}>{milliseconds(slowestMs)}</Row>}
        <Row name={RECEIPT_WORDS.tools}>{toolWords === "" ? RECEIPT_WORDS.noTools : toolWords}</Row>
      </dl>
      {callId !== null && <CallId callId={callId} />}
      {beganAtMs !== null && (
        <p class="actions">
          <button type="button" onClick={() => section.current && print(section.current)}>
            {RECEIPT_WORDS.print}
          </button>
          {children}
        </p>
      )}
    </section>
  );
}

/** This one only, where several stand on the page. */
function print(receipt: HTMLElement): void {
  receipt.dataset.printed = "";
  window.addEventListener("afterprint", () => delete receipt.dataset.printed, { once: true });
  window.print();
}

/** In the student's own time zone. */
const dateWords = (ms: number): string =>
  new Date(ms).toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short" });

/** A call that nobody wrote a bill for. */
function OldUsage({ usage }: { readonly usage: Usage }) {
  return (
    <>
      <dl>
        <Row name={RECEIPT_WORDS.tokensIn}>{countWords(usage.inputTokens)}</Row>
        <Row name={RECEIPT_WORDS.tokensOut}>{countWords(usage.outputTokens)}</Row>
        <Row name={RECEIPT_WORDS.total}>{costWords(null)}</Row>
      </dl>
      <p class="quiet small">{RECEIPT_WORDS.noBill}</p>
    </>
  );
}

const Row = ({ name, children }: { readonly name: string; readonly children: ComponentChildren }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);
