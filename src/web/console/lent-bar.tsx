import type { Lent } from "./lent.ts";
import { lentRestWords, lentWords } from "./words-money.ts";
import "./lent-bar.css";

/** Size of the drawing in units of its own; it is as wide as where it stands. */
const WIDE = 100;
const HIGH = 6;

/** What of a limit is spent and what is held, as a bar. It stands beside words that say the same; no limit, no bar. */
export function LentBar({ lent }: { readonly lent: Lent }) {
  const { spentMicroUsd, heldMicroUsd, limitMicroUsd, stage } = lent;
  if (limitMicroUsd === null) return null;
  const fullMicroUsd = Math.max(limitMicroUsd, spentMicroUsd + heldMicroUsd, 1);
  const wide = (microUsd: number): number => (microUsd / fullMicroUsd) * WIDE;
  return (
    <svg
      class="lent-bar"
      data-stage={stage}
      viewBox={`0 0 ${WIDE} ${HIGH}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <rect class="lent-spent" width={wide(spentMicroUsd)} height={HIGH} />
      <rect class="lent-held" x={wide(spentMicroUsd)} width={wide(heldMicroUsd)} height={HIGH} />
    </svg>
  );
}

/** The same with its words: how much of how much, then what is held and what is left. */
export const LentMeter = ({ name, lent }: { readonly name: string; readonly lent: Lent }) => (
  <span class="lent-meter" data-stage={lent.stage}>
    <span class="lent-top">
      <span class="lent-name">{name}</span> <b>{lentWords(lent)}</b>
    </span>
    <LentBar lent={lent} />
    <span class="lent-rest">{lentRestWords(lent)}</span>
  </span>
);
