import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import type { CallView } from "../call-view.ts";
import {
  clockWords,
  costWords,
  countWords,
  END_WORDS,
  milliseconds,
  PAID_WORDS,
  PHASE_WORDS,
  PRICE_LATER_WORDS,
  RECEIPT_WORDS,
} from "../words.ts";
import { receiptOf } from "./receipt-of.ts";

interface ReceiptProps {
  readonly view: CallView;
  /** What can be done next. */
  readonly children?: ComponentChildren;
}

/** What a call was and who paid for it, once it is over. */
export function Receipt({ view, children }: ReceiptProps) {
  const titleId = useId();
  const receipt = receiptOf(view);
  if (receipt === null) return null;
  const { endReason, durationMs, keySource, model, turns, medianMs, slowestMs, tools, usage, costMicroUsd } = receipt;
  const toolWords = tools.map(({ name, calls }) => (calls === 1 ? name : `${name} × ${calls}`)).join(", ");
  return (
    <section class="card receipt" aria-labelledby={titleId}>
      <h2 id={titleId}>{RECEIPT_WORDS.title}</h2>
      <p>{endReason === null ? PHASE_WORDS.ended : END_WORDS[endReason]}</p>
      <dl>
        {keySource !== null && <Row name={RECEIPT_WORDS.paid}>{PAID_WORDS[keySource]}</Row>}
        <Row name={RECEIPT_WORDS.lasted}>{clockWords(durationMs)}</Row>
        <Row name={RECEIPT_WORDS.model}>{model}</Row>
        <Row name={RECEIPT_WORDS.turns}>{countWords(turns)}</Row>
        {medianMs !== null && <Row name={RECEIPT_WORDS.median}>{milliseconds(medianMs)}</Row>}
        {slowestMs !== null && <Row name={RECEIPT_WORDS.slowest}>{milliseconds(slowestMs)}</Row>}
        <Row name={RECEIPT_WORDS.tools}>{toolWords === "" ? RECEIPT_WORDS.noTools : toolWords}</Row>
      </dl>
      <dl>
        <Row name={RECEIPT_WORDS.textIn}>{countWords(usage.inputTokens - usage.inputAudioTokens)}</Row>
        <Row name={RECEIPT_WORDS.soundIn}>{countWords(usage.inputAudioTokens)}</Row>
        <Row name={RECEIPT_WORDS.cached}>{countWords(usage.cachedInputTokens)}</Row>
        <Row name={RECEIPT_WORDS.textOut}>{countWords(usage.outputTokens - usage.outputAudioTokens)}</Row>
        <Row name={RECEIPT_WORDS.soundOut}>{countWords(usage.outputAudioTokens)}</Row>
        {usage.transcriptions > 0 && <Row name={RECEIPT_WORDS.transcripts}>{countWords(usage.transcriptions)}</Row>}
      </dl>
      <dl class="total">
        <Row name={RECEIPT_WORDS.total}>{costMicroUsd === null ? PRICE_LATER_WORDS : costWords(costMicroUsd)}</Row>
      </dl>
      {usage.estimated && <p class="quiet small">{RECEIPT_WORDS.estimated}</p>}
      {children}
    </section>
  );
}

const Row = ({ name, children }: { readonly name: string; readonly children: ComponentChildren }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);
