import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { WorkshopView } from "../../protocol/rest-workshop.ts";
import { nothing } from "../rest-client.ts";
import { Dialog } from "../ui/dialog.tsx";
import {
  type ClosingDraft,
  closingDraftOf,
  ERASE_CHOICES,
  eraseAtOf,
  KEY_CHOICES,
  newClosing,
  type ReadClosing,
  readClosingDraft,
} from "./closing-draft.ts";
import { zoneWords } from "./local-time.ts";
import type { Room } from "./room.ts";
import { askInstructor, refreshWorkshops, routeOf } from "./session.ts";
import { refusalWords, zoneHint } from "./words.ts";
import {
  CLOSING_PROBLEMS,
  CLOSING_WORDS,
  callsEndWords,
  DELETES_NOW_WORDS,
  eraseChoiceWords,
  KEY_CHOICE_WORDS,
  keysHereWords,
  onWords,
  studentsHereWords,
} from "./words-closing.ts";
import "./closing.css";
import "./dialogs.css";
import "./fields.css";

interface ClosingDialogProps {
  readonly room: Room;
  readonly workshop: WorkshopView;
  readonly onClose: () => void;
}

/** The end of a workshop step by step, with what may be chosen of it; or, once it is closed, the dates that are still to come. */
export function ClosingDialog({ room: { wall }, workshop, onClose }: ClosingDialogProps) {
  const { id, name, closing, studentCount } = workshop;
  const [draft, setDraft] = useState(() => (closing === null ? newClosing(Date.now()) : closingDraftOf(closing)));
  const [typed, setTyped] = useState("");
  const [alert, setAlert] = useState("");
  const [isBusy, setBusy] = useState(false);
  const change = (more: Partial<ClosingDraft>): void => setDraft({ ...draft, ...more });
  const read = readClosingDraft(draft, closing, Date.now());
  const deletesNow = read.ok ? read.deletesNow : null;
  const isConfirmed = deletesNow === null || typed.trim() === name.trim();
  const students = [...wall.entries.value.values()].map(({ student }) => student.value);
  const close = async (event: Event): Promise<void> => {
    event.preventDefault();
    // What is chosen may have passed while it was read.
    const now = readClosingDraft(draft, closing, Date.now());
    if (!now.ok || !isConfirmed) return setDraft({ ...draft });
    setBusy(true);
    setAlert("");
    const answer = await askInstructor("POST", routeOf(id, "/close"), nothing, now.request);
    if (answer.ok) await refreshWorkshops();
    setBusy(false);
    if (answer.ok) onClose();
    else setAlert(refusalWords(answer));
  };
  return (
    <Dialog
      title={closing === null ? CLOSING_WORDS.title : CLOSING_WORDS.changeTitle}
      onClose={onClose}
      className="closing-dialog"
      dismiss={CLOSING_WORDS.dismiss}
    >
      <form onSubmit={(event) => void close(event)}>
        {closing === null && <p class="quiet">{CLOSING_WORDS.lead}</p>}
        <ol class="closing-plan">
          {closing === null && (
            <li>
              <h3>{CLOSING_WORDS.endTitle}</h3>
              <p>
                {callsEndWords(wall.totals.value.calls)} {CLOSING_WORDS.endHint}
              </p>
            </li>
          )}
          {(closing === null || closing.keysDeletedAt === null) && (
            <li>
              <Choices
                name="keys"
                title={CLOSING_WORDS.keysTitle}
                choices={KEY_CHOICES}
                chosen={draft.keys}
                wordsOf={(choice) => KEY_CHOICE_WORDS[choice]}
                onChoose={(keys) => change({ keys })}
              />
              {draft.keys === "date" && (
                <DateField
                  id="closing-keys"
                  label={CLOSING_WORDS.keysDate}
                  value={draft.keysField}
                  problem={problemOf(read, "keys")}
                  onChange={(keysField) => change({ keysField })}
                />
              )}
              <p class="hint">
                {keysHereWords(students.filter(({ keyStatus }) => keyStatus !== null).length)} {CLOSING_WORDS.keysHint}
              </p>
            </li>
          )}
          {closing === null && (
            <li>
              <h3>{CLOSING_WORDS.receiptTitle}</h3>
              <p>{CLOSING_WORDS.receiptHint}</p>
            </li>
          )}
          <li>
            <Choices
              name="erase"
              title={CLOSING_WORDS.eraseTitle}
              choices={ERASE_CHOICES}
              chosen={draft.erase}
              wordsOf={eraseChoiceWords}
              onChoose={(erase) => change({ erase })}
            />
            {draft.erase === "date" ? (
              <DateField
                id="closing-erase"
                label={CLOSING_WORDS.eraseDate}
                value={draft.eraseField}
                problem={problemOf(read, "erase")}
                onChange={(eraseField) => change({ eraseField })}
              />
            ) : (
              <EraseOn draft={draft} problem={problemOf(read, "erase")} />
            )}
            <p class="hint">
              {studentsHereWords(studentCount)} {CLOSING_WORDS.eraseHint}
            </p>
          </li>
        </ol>
        {deletesNow !== null && (
          <div class="closing-confirm">
            <p>{DELETES_NOW_WORDS[deletesNow]}</p>
            <label for="closing-name">
              {CLOSING_WORDS.confirm} <strong>{name}</strong>
            </label>
            <input
              id="closing-name"
              autocomplete="off"
              spellcheck={false}
              value={typed}
              onInput={(event) => setTyped(event.currentTarget.value)}
            />
          </div>
        )}
        <div class="field-row end">
          <button
            type="submit"
            class={deletesNow === null ? "primary" : "danger"}
            disabled={isBusy || !read.ok || !isConfirmed}
          >
            {isBusy ? CLOSING_WORDS.busy : closing === null ? CLOSING_WORDS.close : CLOSING_WORDS.save}
          </button>
        </div>
        <p class="alert" role="alert">
          {alert}
        </p>
      </form>
    </Dialog>
  );
}

const problemOf = (read: ReadClosing, field: "keys" | "erase"): string =>
  !read.ok && read.field === field ? CLOSING_PROBLEMS[read.problem] : "";

/** When that is, for whoever chose a number of days. */
function EraseOn({ draft, problem }: { readonly draft: ClosingDraft; readonly problem: string }) {
  const at = eraseAtOf(draft, Date.now());
  return (
    <p class={problem === "" ? "" : "problem"} aria-live="polite">
      {problem || (at !== null && onWords(at))}
    </p>
  );
}

interface ChoicesProps<Choice extends string | number> {
  readonly name: string;
  readonly title: ComponentChildren;
  readonly choices: readonly Choice[];
  readonly chosen: Choice;
  readonly wordsOf: (choice: Choice) => string;
  readonly onChoose: (choice: Choice) => void;
}

function Choices<Choice extends string | number>(props: ChoicesProps<Choice>) {
  const { name, title, choices, chosen, wordsOf, onChoose } = props;
  return (
    <fieldset>
      <legend>{title}</legend>
      <div class="choices">
        {choices.map((choice) => (
          <label key={choice} class="choice">
            <input type="radio" name={name} checked={choice === chosen} onChange={() => onChoose(choice)} />
            {wordsOf(choice)}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

interface DateFieldProps {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly problem: string;
  readonly onChange: (value: string) => void;
}

const DateField = ({ id, label, value, problem, onChange }: DateFieldProps) => (
  <div class="closing-date">
    <label for={id}>{label}</label>
    <input
      id={id}
      type="datetime-local"
      value={value}
      aria-invalid={problem !== ""}
      aria-describedby={`${id}-problem ${id}-zone`}
      onInput={(event) => onChange(event.currentTarget.value)}
    />
    <p id={`${id}-problem`} class="problem" role="status">
      {problem}
    </p>
    <p id={`${id}-zone`} class="hint">
      {zoneHint(zoneWords(new Date()))}
    </p>
  </div>
);
