import { useId } from "preact/hooks";
import type { Closing } from "../../protocol/closing.ts";
import { CLOSED_WORDS, stepDateWords, stepsOf, thanksWords } from "../words.ts";
import { ClosingReceipt } from "./closing-receipt.tsx";
import { chosenView, closing, me } from "./session.ts";
import { useClosingReceipt } from "./use-closing-receipt.ts";
import "./closed.css";

/** Where the call was: the workshop was closed for good. What it came to, and what happens to what is stored. */
export function ClosedCard() {
  const titleId = useId();
  const { receipt, problem, again } = useClosingReceipt();
  const end = closing.value;
  const workshop = me.value?.workshop?.name;
  return (
    <>
      <section class="card closed" aria-labelledby={titleId}>
        <h2 id={titleId}>{CLOSED_WORDS.title}</h2>
        {workshop !== undefined && <p>{thanksWords(workshop)}</p>}
        <p class="quiet">{CLOSED_WORDS.lead}</p>
        {end !== null && <Steps closing={end} />}
        <p class="actions to-calls">
          <button
            type="button"
            class="primary"
            onClick={() => {
              chosenView.value = "calls";
            }}
          >
            {CLOSED_WORDS.calls}
          </button>
        </p>
      </section>
      {receipt !== null && <ClosingReceipt receipt={receipt} />}
      {receipt === null && problem === null && <p class="quiet">{CLOSED_WORDS.loading}</p>}
      {problem !== null && (
        <p class="alert" role="alert">
          {problem}{" "}
          <button type="button" onClick={again}>
            {CLOSED_WORDS.again}
          </button>
        </p>
      )}
    </>
  );
}

const Steps = ({ closing: end }: { readonly closing: Closing }) => (
  <ol class="closing-steps" aria-label={CLOSED_WORDS.next}>
    {stepsOf(end).map(({ words, at, isDone }) => (
      <li key={words} class={isDone ? "done" : ""}>
        <span>{words}</span> <time dateTime={at}>{stepDateWords(at)}</time>
      </li>
    ))}
  </ol>
);
