import type { WallStudent } from "../../protocol/live-messages.ts";
import type { Spend } from "../../protocol/rest-workshop.ts";
import { milliseconds } from "../words.ts";
import { allowanceOf, type Lent } from "./lent.ts";
import { LentBar } from "./lent-bar.tsx";
import { type StepName, stepsOf } from "./need.ts";
import { NeedShape, StepShape } from "./shapes.tsx";
import { Sparkline } from "./sparkline.tsx";
import { asSum } from "./spend-sum.ts";
import type { Entry, WallStore } from "./wall-store.ts";
import { ageWords, shortCost, spendWords } from "./words.ts";
import { LENT_WORDS, lentWords } from "./words-money.ts";
import {
  CALL_STATE_WORDS,
  NEED_WORDS,
  STEP_WORDS,
  seenWords,
  staleWords,
  stepWords,
  stuckWords,
  trendWords,
  WALL_WORDS,
} from "./words-wall.ts";

interface StudentTileProps {
  readonly entry: Entry;
  readonly wall: WallStore;
  readonly onOpen: (studentId: string) => void;
}

const STEPS: readonly StepName[] = ["joined", "called", "key"];

/** One student. Drawn again when something of this student changes, and for nothing else. */
export function StudentTile({ entry, wall, onOpen }: StudentTileProps) {
  const student = entry.student.value;
  const need = entry.need.value;
  const name = student.name ?? WALL_WORDS.unnamed;
  const reason = need.kind === "stuck" && need.reason ? stuckWords(need.reason) : "";
  const steps = stepsOf(student);
  const lent = allowanceOf(student, wall.studentMicroUsd.value);
  const limit = need.stage === "ok" ? "" : lentWords(lent);
  return (
    <li class="tile" data-student={entry.studentId} data-kind={need.kind}>
      <button
        type="button"
        class="tile-name"
        aria-label={[name, NEED_WORDS[need.kind], reason || limit].filter(Boolean).join(", ")}
        onClick={() => onOpen(entry.studentId)}
      >
        {name}
      </button>
      <p class="tile-state">
        <NeedShape kind={need.kind} />
        {NEED_WORDS[need.kind]}
      </p>
      <Note student={student} words={reason || limit} wall={wall} />
      <ul class="steps">
        {STEPS.map((step) => (
          <li key={step} class={steps[step] ? "done" : ""}>
            <StepShape isDone={steps[step]} />
            <span class="hidden-label">{stepWords(STEP_WORDS[step], steps[step])}</span>
            <span aria-hidden="true">{STEP_WORDS[step]}</span>
          </li>
        ))}
      </ul>
      <Latency latenciesMs={student.latenciesMs} />
      <p class="tile-spend">
        <Paid label={WALL_WORDS.you} spend={student.spend.instructor} />
        <Paid label={WALL_WORDS.them} spend={student.spend.student} />
      </p>
      {(need.isOnFallback || lent.spentMicroUsd > 0) && <Allowance lent={lent} />}
    </li>
  );
}

/** How much of the instructor's key they have used, at the foot of the tile. */
const Allowance = ({ lent }: { readonly lent: Lent }) => (
  <div class="tile-lent" title={`${LENT_WORDS.student} ${lentWords(lent)}`}>
    <span class="hidden-label">
      {LENT_WORDS.student} {lentWords(lent)}
    </span>
    <LentBar lent={lent} />
  </div>
);

interface NoteProps {
  readonly student: WallStudent;
  /** Why they are stuck, or what of their allowance is used. */
  readonly words: string;
  readonly wall: WallStore;
}

/** Why they are stuck, else what goes on and for how long: drawn as time passes, and nothing else of the tile with it. */
function Note({ student, words, wall }: NoteProps) {
  const call = student.calls[0];
  const sinceMs = call?.startedAtMs ?? student.lastSeenAtMs;
  const age = sinceMs === null ? "" : ageWords(wall.nowMs.value - sinceMs);
  const going = call ? `${CALL_STATE_WORDS[call.state]} · ${age}` : age && seenWords(age);
  const staleMs = wall.staleMs.value;
  const shown = staleMs === null ? words || going : [words, staleWords(staleMs)].filter(Boolean).join(" · ");
  return <p class="tile-note">{shown}</p>;
}

/** How long the last turn took, and how that has gone lately. */
function Latency({ latenciesMs }: { readonly latenciesMs: readonly number[] }) {
  const lastMs = latenciesMs.at(-1);
  if (lastMs === undefined) return <p class="tile-latency quiet">{WALL_WORDS.noLatency}</p>;
  return (
    <p class="tile-latency">
      <span>
        <span class="hidden-label">{WALL_WORDS.latency}</span> {milliseconds(lastMs)}
      </span>
      {latenciesMs.length > 1 && <Sparkline values={latenciesMs} title={trendWords(latenciesMs)} />}
    </p>
  );
}

function Paid({ label, spend }: { readonly label: string; readonly spend: Spend }) {
  const sum = asSum(spend);
  return (
    <span title={spendWords(sum)}>
      {label} <b>{shortCost(sum)}</b>
    </span>
  );
}
