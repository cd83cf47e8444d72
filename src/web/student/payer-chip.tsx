import { keyEnd, PAYER_WORDS } from "../words.ts";
import type { Me } from "./me.ts";
import { me, sheet } from "./session.ts";

/** Words, shape and colour say the same: a full dot, a half one, an empty ring. */
const SHAPES = {
  student: "M10 3a7 7 0 1 0 0 14a7 7 0 1 0 0-14",
  instructor: "M10 3a7 7 0 0 0 0 14z",
  none: "",
} as const;

export function payerWords({ payer, key }: Me): string {
  if (payer === "student") return `${PAYER_WORDS.student}${keyEnd(key?.hint ?? null)}`;
  return payer === "instructor" ? PAYER_WORDS.instructor : PAYER_WORDS.none;
}

/** What is wrong with the student's own key, in a word; `null`: nothing that is known. */
export function keyTrouble({ key }: Me): string | null {
  const status = key?.status;
  return status === undefined || status === "connected" || status === "unverified" ? null : PAYER_WORDS.trouble[status];
}

/** Whose key the next call runs on; opens the key sheet. */
export function PayerChip() {
  const student = me.value;
  if (!student) return null;
  const trouble = keyTrouble(student);
  const payer = student.payer ?? "none";
  return (
    <button
      type="button"
      class={`chip ${trouble === null ? payer : "trouble"}`}
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
      <span>{payerWords(student)}</span>
      {trouble !== null && <strong>{trouble}</strong>}
    </button>
  );
}
