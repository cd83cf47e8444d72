import { useState } from "preact/hooks";
import type { NewWorkshop as NewWorkshopRequest } from "../../protocol/rest-workshop.ts";
import { type Dollars, dollarField, readDollars } from "../dollars.ts";
import { DollarInput } from "./dollar-input.tsx";
import { NEW_LENDING } from "./lending-draft.ts";
import { go } from "./place.ts";
import { PlaceLink } from "./place-link.tsx";
import { readOneWorkshop } from "./read-replies.ts";
import { askInstructor, keep, workshops } from "./session.ts";
import { CONSOLE_WORDS, refusalWords, studentsWords, WORKSHOP_STATE_WORDS, WORKSHOPS_WORDS } from "./words.ts";
import { closedOnWords } from "./words-closing.ts";
import { DOLLAR_PROBLEMS, LENDING_FIELD_WORDS, LENDING_WORDS, worstWords } from "./words-money.ts";
import "./fields.css";
import "./workshops.css";

/** All workshops of this server, and one more. */
export function Workshops() {
  const { workshops: all } = workshops.value;
  return (
    <main class="narrow">
      <h1>{CONSOLE_WORDS.workshops}</h1>
      {all.length === 0 && <p class="quiet">{WORKSHOPS_WORDS.none}</p>}
      <ul class="workshops">
        {all.map(({ id, name, joinCode, state, studentCount, seats, closing }) => (
          <li key={id} class="card workshop-card">
            <h2>
              <PlaceLink to={{ workshopId: id, view: "wall" }} className="whole">
                {name}
              </PlaceLink>
            </h2>
            <p class="code">{joinCode}</p>
            <p class="quiet">
              {closing === null ? WORKSHOP_STATE_WORDS[state] : closedOnWords(closing)} ·{" "}
              {studentsWords(studentCount, seats)}
            </p>
          </li>
        ))}
      </ul>
      <NewWorkshop />
    </main>
  );
}

const NEW_FIELDS = ["studentMicroUsd", "poolMicroUsd"] as const;

/** A name is enough; the server makes the join code. What is lent stands there, so that nobody is surprised later. */
function NewWorkshop() {
  const [name, setName] = useState("");
  const [typed, setTyped] = useState({
    studentMicroUsd: dollarField(NEW_LENDING.studentMicroUsd),
    poolMicroUsd: dollarField(NEW_LENDING.poolMicroUsd),
  });
  const [isBusy, setBusy] = useState(false);
  const [alert, setAlert] = useState("");
  const student = readDollars(typed.studentMicroUsd);
  const pool = readDollars(typed.poolMicroUsd);
  const read = { studentMicroUsd: student, poolMicroUsd: pool };
  const create = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!student.ok || !pool.ok) return;
    setBusy(true);
    setAlert("");
    const lending = { studentMicroUsd: student.microUsd, poolMicroUsd: pool.microUsd };
    const made: NewWorkshopRequest = { name: name.trim(), lending };
    const answer = await askInstructor("POST", "/workshops", readOneWorkshop, made);
    setBusy(false);
    if (!answer.ok) {
      setAlert(refusalWords(answer));
      return;
    }
    keep(answer.value);
    go({ workshopId: answer.value.id, view: "join" });
  };
  return (
    <form class="card new-workshop" onSubmit={(event) => void create(event)}>
      <h2>{WORKSHOPS_WORDS.create}</h2>
      <label for="new-name">{WORKSHOPS_WORDS.name}</label>
      <input
        id="new-name"
        required
        maxLength={200}
        pattern=".*\S.*"
        value={name}
        onInput={(event) => setName(event.currentTarget.value)}
        aria-describedby="new-name-hint"
        autocomplete="off"
      />
      <p id="new-name-hint" class="hint">
        {WORKSHOPS_WORDS.nameHint}
      </p>
      <fieldset class="new-lending">
        <legend>{LENDING_WORDS.newTitle}</legend>
        <div class="field-pair">
          {NEW_FIELDS.map((field) => (
            <NewLimit
              key={field}
              field={field}
              text={typed[field]}
              read={read[field]}
              onText={(text) => setTyped((now) => ({ ...now, [field]: text }))}
            />
          ))}
        </div>
        <p class="hint worst">
          {workshops.value.fallbackKey ? pool.ok && worstWords(pool.microUsd) : LENDING_WORDS.noKey}
        </p>
      </fieldset>
      <div class="field-row end">
        <button type="submit" class="primary" disabled={isBusy || !student.ok || !pool.ok}>
          {WORKSHOPS_WORDS.creating}
        </button>
      </div>
      <p class="alert" role="alert">
        {alert}
      </p>
    </form>
  );
}

interface NewLimitProps {
  readonly field: (typeof NEW_FIELDS)[number];
  readonly text: string;
  readonly read: Dollars;
  readonly onText: (text: string) => void;
}

const NewLimit = ({ field, text, read, onText }: NewLimitProps) => (
  <div class="field">
    <label for={`new-${field}`}>{LENDING_FIELD_WORDS[field]}</label>
    <DollarInput
      id={`new-${field}`}
      value={text}
      placeholder={LENDING_WORDS.noLimit}
      isWrong={!read.ok}
      describedBy={`new-${field}-problem`}
      onText={onText}
    />
    <p id={`new-${field}-problem`} class="problem" role="status">
      {!read.ok && DOLLAR_PROBLEMS[read.problem]}
    </p>
  </div>
);
