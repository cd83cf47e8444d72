import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { TwoTaps } from "../ui/two-taps.tsx";
import { AFTERWARDS_WORDS, CLOSED_WORDS, thanksWords } from "../words.ts";
import { ClosingReceipt } from "./closing-receipt.tsx";
import { Join } from "./join.tsx";
import { isPastErasure, keptReceipt } from "./kept-receipt.ts";
import { farewell } from "./session.ts";
import "./closed.css";

/** Nobody is signed in, and this browser has the receipt of a workshop that was closed. */
export function Afterwards() {
  const titleId = useId();
  const isJoining = useSignal(false);
  const kept = keptReceipt.value;
  if (kept === null || isJoining.value) return <Join />;
  const isErased = isPastErasure(kept, Date.now());
  return (
    <div class="afterwards">
      <section class="card closed" aria-labelledby={titleId}>
        <h2 id={titleId}>{isErased ? AFTERWARDS_WORDS.erased : CLOSED_WORDS.title}</h2>
        <p>{thanksWords(kept.receipt.workshop)}</p>
        <p class="quiet">{isErased ? AFTERWARDS_WORDS.erasedLead : AFTERWARDS_WORDS.away}</p>
      </section>
      <ClosingReceipt receipt={kept.receipt} />
      <div class="row">
        <TwoTaps
          label={AFTERWARDS_WORDS.forget}
          sure={AFTERWARDS_WORDS.sure}
          keep={AFTERWARDS_WORDS.keep}
          onSure={() => {
            farewell.value = "forgotten";
          }}
        />
        <button
          type="button"
          class="link"
          onClick={() => {
            isJoining.value = true;
          }}
        >
          {isErased ? AFTERWARDS_WORDS.join : AFTERWARDS_WORDS.back}
        </button>
      </div>
    </div>
  );
}
