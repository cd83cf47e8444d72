import type { SpendRow } from "../../protocol/rest-workshop.ts";
import { type Borrower, borrowersOf } from "./borrowers.ts";
import { LentBar } from "./lent-bar.tsx";
import type { Room } from "./room.ts";
import { NeedShape } from "./shapes.tsx";
import { BORROWER_WORDS, borrowedWords, borrowerWords, lastUseWords, SPEND_WORDS } from "./words-money.ts";
import { WALL_WORDS } from "./words-wall.ts";
import "./borrower-list.css";

interface BorrowerListProps {
  readonly room: Room;
  readonly rows: readonly SpendRow[];
}

/** Who uses the instructor's key, why, how much of it, and when last. */
export function BorrowerList({ room: { wall }, rows }: BorrowerListProps) {
  const students = [...wall.entries.value.values()].map(({ student }) => student.value);
  const borrowers = borrowersOf(students, rows, wall.money.value?.limits.studentMicroUsd ?? null);
  return (
    <section class="spend-part" aria-labelledby="borrowers-title">
      <h3 id="borrowers-title">{BORROWER_WORDS.title}</h3>
      {borrowers.length === 0 ? (
        <p class="quiet">{BORROWER_WORDS.none}</p>
      ) : (
        <ul class="borrowers">
          {borrowers.map((borrower) => (
            <Line key={borrower.studentId} borrower={borrower} nowMs={wall.nowMs.value} />
          ))}
        </ul>
      )}
    </section>
  );
}

const Line = ({ borrower, nowMs }: { readonly borrower: Borrower; readonly nowMs: number }) => {
  const { studentId, name, isInCall, lent } = borrower;
  return (
    <li class="borrower">
      <p class="borrower-name">
        {isInCall && <NeedShape kind="in-call" />}
        {studentId === null ? SPEND_WORDS.erased : (name ?? WALL_WORDS.unnamed)}
      </p>
      <p class="borrower-why">{borrowerWords(borrower)}</p>
      <p class="borrower-lent" data-stage={lent.stage}>
        <span>{borrowedWords(borrower)}</span>
        <LentBar lent={lent} />
      </p>
      <p class="borrower-last">{lastUseWords(borrower, nowMs)}</p>
    </li>
  );
};
