import { computed } from "@preact/signals";
import { leftWords, PAYER_WORDS } from "../words.ts";
import { chipOf, isTooLittle } from "./chip-of.ts";
import { callView } from "./current-call.ts";
import type { Me } from "./me.ts";
import { isInCall, me, money, sheet } from "./session.ts";
import { shortage } from "./shortage.ts";

/** Of the call that goes on; each changes seldom, however often the call's picture does. */
const keySource = computed(() => (isInCall.value ? callView.value.keySource : null));
const callBudget = computed(() => (isInCall.value ? callView.value.budget : null));

/** Words, shape and colour say the same: a full dot, a half one, an empty ring. */
const SHAPES = {
  student: "M10 3a7 7 0 1 0 0 14a7 7 0 1 0 0-14",
  instructor: "M10 3a7 7 0 0 0 0 14z",
  none: "",
} as const;

/** What is wrong with the student's own key, in a word; `null`: nothing that is known. */
export function keyTrouble({ key }: Me): string | null {
  const status = key?.status;
  return status === undefined || status === "connected" || status === "unverified" ? null : PAYER_WORDS.trouble[status];
}

/** Whose key pays, and what is left of a limit; opens the key sheet. */
export function PayerChip() {
  const student = me.value;
  if (!student) return null;
  const trouble = keyTrouble(student);
  const { payer, words, budget } = chipOf(student, money.value, {
    keySource: keySource.value,
    budget: callBudget.value,
  });
  const stage = budget?.stage ?? "ok";
  return (
    <button
      type="button"
      class={`chip ${trouble === null ? payer : "trouble"} ${stage}`}
      aria-haspopup="dialog"
      onClick={() => {
        sheet.value = "key";
      }}
    >
      <svg viewBox="0 0 20 20" width="14" height="14" aria-hidden="true">
        <circle cx="10" cy="10" r="7" />
        <path d={SHAPES[payer]} />
      </svg>
      <span class="hidden-label">{PAYER_WORDS.pays}</span>
      <span class={budget ? "limited" : ""}>
        <span>{words}</span>
        {budget && (
          <>
            <span> · </span>
            {isTooLittle({ payer, budget }, shortage.value) ? PAYER_WORDS.tooLittle : leftWords(budget)}
          </>
        )}
      </span>
      {trouble !== null && <strong>{trouble}</strong>}
    </button>
  );
}
