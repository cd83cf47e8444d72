import { useState } from "preact/hooks";
import type { Closing } from "../../protocol/closing.ts";
import type { WorkshopView } from "../../protocol/rest-workshop.ts";
import { nothing } from "../rest-client.ts";
import { ClosingDialog } from "./closing-dialog.tsx";
import { PlaceLink } from "./place-link.tsx";
import type { Room } from "./room.ts";
import { askInstructor, refreshWorkshops, routeOf } from "./session.ts";
import { refusalWords } from "./words.ts";
import { CLOSING_WORDS, closingSteps, dateWords } from "./words-closing.ts";
import "./closing.css";

interface ClosingCardProps {
  readonly room: Room;
  readonly workshop: WorkshopView;
}

/** The end of the workshop: how it is begun, and once it has, how far it is. */
export function ClosingCard({ room, workshop }: ClosingCardProps) {
  const [isOpen, setOpen] = useState(false);
  const { closing } = workshop;
  return (
    <section class="card closing-card" aria-labelledby="closing-title">
      <h2 id="closing-title">{closing === null ? CLOSING_WORDS.title : CLOSING_WORDS.closedTitle}</h2>
      {closing === null ? (
        <div class="closing-row">
          <p>{CLOSING_WORDS.hint}</p>
          <button type="button" onClick={() => setOpen(true)}>
            {CLOSING_WORDS.open}
          </button>
        </div>
      ) : (
        <Closed workshop={workshop} closing={closing} onChange={() => setOpen(true)} />
      )}
      {isOpen && <ClosingDialog room={room} workshop={workshop} onClose={() => setOpen(false)} />}
    </section>
  );
}

interface ClosedProps {
  readonly workshop: WorkshopView;
  readonly closing: Closing;
  readonly onChange: () => void;
}

function Closed({ workshop: { id }, closing, onChange }: ClosedProps) {
  const [alert, setAlert] = useState("");
  const [isBusy, setBusy] = useState(false);
  const reopen = async (): Promise<void> => {
    setBusy(true);
    setAlert("");
    const answer = await askInstructor("POST", routeOf(id, "/reopen"), nothing, {});
    // Also when it was refused: what is shown here was too old then.
    await refreshWorkshops();
    setBusy(false);
    if (!answer.ok) setAlert(refusalWords(answer));
  };
  return (
    <>
      <ol class="closing-steps">
        {closingSteps(closing).map(({ words, at, isDone }) => (
          <li key={words} class={isDone ? "done" : ""}>
            <span>{words}</span> <time dateTime={at}>{dateWords(at)}</time>
          </li>
        ))}
      </ol>
      <div class="field-row">
        <PlaceLink to={{ workshopId: id, view: "report" }} className="button">
          {CLOSING_WORDS.report}
        </PlaceLink>
        {closing.erasedAt === null && (
          <button type="button" onClick={onChange}>
            {CLOSING_WORDS.change}
          </button>
        )}
        {closing.erasedAt === null && (
          <button type="button" disabled={isBusy} onClick={() => void reopen()}>
            {CLOSING_WORDS.reopen}
          </button>
        )}
      </div>
      {closing.keysDeletedAt !== null && (
        <p class="hint">{closing.erasedAt === null ? CLOSING_WORDS.keysGone : CLOSING_WORDS.erasedHint}</p>
      )}
      <p class="alert" role="alert">
        {alert}
      </p>
    </>
  );
}
