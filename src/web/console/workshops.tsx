import { useState } from "preact/hooks";
import { go } from "./place.ts";
import { PlaceLink } from "./place-link.tsx";
import { readOneWorkshop } from "./read-replies.ts";
import { askInstructor, keep, workshops } from "./session.ts";
import { CONSOLE_WORDS, refusalWords, studentsWords, WORKSHOP_STATE_WORDS, WORKSHOPS_WORDS } from "./words.ts";
import "./workshops.css";

/** All workshops of this server, and one more. */
export function Workshops() {
  const { workshops: all } = workshops.value;
  return (
    <main class="narrow">
      <h1>{CONSOLE_WORDS.workshops}</h1>
      {all.length === 0 && <p class="quiet">{WORKSHOPS_WORDS.none}</p>}
      <ul class="workshops">
        {all.map(({ id, name, joinCode, state, studentCount, seats }) => (
          <li key={id} class="card workshop-card">
            <h2>
              <PlaceLink to={{ workshopId: id, view: "wall" }} className="whole">
                {name}
              </PlaceLink>
            </h2>
            <p class="code">{joinCode}</p>
            <p class="quiet">
              {WORKSHOP_STATE_WORDS[state]} · {studentsWords(studentCount, seats)}
            </p>
          </li>
        ))}
      </ul>
      <NewWorkshop />
    </main>
  );
}

/** A name is enough; the server makes the join code. */
function NewWorkshop() {
  const [name, setName] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [alert, setAlert] = useState("");
  const create = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setAlert("");
    const answer = await askInstructor("POST", "/workshops", readOneWorkshop, { name: name.trim() });
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
      <div class="field-row">
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
        <button type="submit" class="primary" disabled={isBusy}>
          {WORKSHOPS_WORDS.creating}
        </button>
      </div>
      <p id="new-name-hint" class="hint">
        {WORKSHOPS_WORDS.nameHint}
      </p>
      <p class="alert" role="alert">
        {alert}
      </p>
    </form>
  );
}
