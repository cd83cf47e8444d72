import { useState } from "preact/hooks";
import type { WorkshopView } from "../../protocol/rest-workshop.ts";
import { nothing } from "../rest-client.ts";
import { TwoTaps } from "../ui/two-taps.tsx";
import { go } from "./place.ts";
import { readCount } from "./read-replies.ts";
import { askInstructor, refreshWorkshops, routeOf } from "./session.ts";
import { DANGER_WORDS, keysForgottenWords } from "./words.ts";
import "./workshops.css";
import "./fields.css";

/** What cannot be taken back: the keys, or everything. */
export function DangerZone({ workshop: { id, name, closing } }: { readonly workshop: WorkshopView }) {
  const [typed, setTyped] = useState("");
  const [done, setDone] = useState("");
  const [alert, setAlert] = useState("");
  const [isBusy, setBusy] = useState(false);
  const forgetKeys = async (): Promise<void> => {
    setAlert("");
    const answer = await askInstructor("POST", routeOf(id, "/forget-keys"), readCount, {});
    if (answer.ok) setDone(keysForgottenWords(answer.value));
    else setAlert(answer.sentence);
  };
  const remove = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setAlert("");
    const answer = await askInstructor("DELETE", routeOf(id), nothing);
    setBusy(false);
    if (!answer.ok) return setAlert(answer.sentence);
    go({ workshopId: null, view: "wall" });
    await refreshWorkshops();
  };
  return (
    <section class="card danger-zone" aria-labelledby="danger-title">
      <h2 id="danger-title">{DANGER_WORDS.title}</h2>
      {(closing === null || closing.keysDeletedAt === null) && (
        <div class="danger-row">
          <p id="forget-hint">{DANGER_WORDS.forgetKeysHint}</p>
          <TwoTaps
            label={DANGER_WORDS.forgetKeys}
            sure={DANGER_WORDS.forgetKeysAgain}
            keep={DANGER_WORDS.keep}
            onSure={() => void forgetKeys()}
          />
        </div>
      )}
      <p class="report" role="status">
        {done}
      </p>
      <form class="danger-row" onSubmit={(event) => void remove(event)}>
        <div>
          <p>{DANGER_WORDS.removeHint}</p>
          <label for="delete-name">
            {DANGER_WORDS.removeLabel} <strong>{name}</strong>
          </label>
          <input
            id="delete-name"
            autocomplete="off"
            spellcheck={false}
            value={typed}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </div>
        <button type="submit" class="danger" disabled={isBusy || typed.trim() !== name.trim()}>
          {DANGER_WORDS.remove}
        </button>
      </form>
      <p class="alert" role="alert">
        {alert}
      </p>
    </section>
  );
}
