import { useState } from "preact/hooks";
import { readDollars } from "../dollars.ts";
import { DollarInput } from "./dollar-input.tsx";
import { poolOf } from "./lent.ts";
import { LentMeter } from "./lent-bar.tsx";
import type { Room } from "./room.ts";
import { hasFallback, topUp, workshops } from "./session.ts";
import { refusalWords } from "./words.ts";
import { addedWords, addWords, DOLLAR_PROBLEMS, LENDING_WORDS, LENT_WORDS, TOP_UP_WORDS } from "./words-money.ts";
import "./fields.css";

/** What is added when nothing else is typed. */
const USUAL_DOLLARS = "5.00";

/** What the class may use of the instructor's key, and more of it. */
export function PoolCard({ room: { wall, workshopId } }: { readonly room: Room }) {
  const [done, setDone] = useState("");
  const [alert, setAlert] = useState("");
  const [isBusy, setBusy] = useState(false);
  const money = wall.money.value;
  if (money === null) return null;
  const add = async (microUsd: number): Promise<void> => {
    setBusy(true);
    setDone("");
    setAlert("");
    const answer = await topUp(workshopId, microUsd);
    setBusy(false);
    if (answer.ok) setDone(addedWords(microUsd, answer.value.lending.poolMicroUsd));
    else setAlert(refusalWords(answer));
  };
  return (
    <section class="card pool-card" aria-label={LENT_WORDS.pool}>
      <LentMeter name={LENT_WORDS.pool} lent={poolOf(money, wall.totals.value.isPoolRefused)} />
      {money.limits.poolMicroUsd === null ? (
        <p class="hint">{TOP_UP_WORDS.none}</p>
      ) : (
        <TopUp isBusy={isBusy} onAdd={(microUsd) => void add(microUsd)} />
      )}
      {!hasFallback.value && (
        <p class="hint">{workshops.value.fallbackKey ? LENDING_WORDS.notAllowedHint : LENDING_WORDS.noKey}</p>
      )}
      <p class="report" role="status">
        {done}
      </p>
      <p class="alert" role="alert">
        {alert}
      </p>
    </section>
  );
}

interface TopUpProps {
  readonly isBusy: boolean;
  readonly onAdd: (microUsd: number) => void;
}

function TopUp({ isBusy, onAdd }: TopUpProps) {
  const [typed, setTyped] = useState(USUAL_DOLLARS);
  const read = readDollars(typed);
  const microUsd = read.ok && read.microUsd ? read.microUsd : null;
  // An empty field is about to be typed into.
  const problem = !read.ok ? read.problem : read.microUsd === 0 ? "nothing" : null;
  return (
    <form
      class="top-up"
      onSubmit={(event) => {
        event.preventDefault();
        if (microUsd !== null && !isBusy) onAdd(microUsd);
      }}
    >
      <label for="top-up">{TOP_UP_WORDS.amount}</label>
      <div class="field-row">
        <DollarInput
          id="top-up"
          value={typed}
          onText={setTyped}
          isWrong={problem !== null}
          describedBy="top-up-problem"
        />
        <button type="submit" class="primary" disabled={microUsd === null || isBusy}>
          {isBusy ? TOP_UP_WORDS.adding : addWords(microUsd)}
        </button>
      </div>
      <p id="top-up-problem" class="problem" role="status">
        {problem && DOLLAR_PROBLEMS[problem]}
      </p>
    </form>
  );
}
