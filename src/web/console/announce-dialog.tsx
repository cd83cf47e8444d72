import { useState } from "preact/hooks";
import { nothing } from "../rest-client.ts";
import { Dialog } from "../ui/dialog.tsx";
import type { Room } from "./room.ts";
import { askInstructor, routeOf } from "./session.ts";
import { refusalWords } from "./words.ts";
import { ANNOUNCE_WORDS } from "./words-wall.ts";
import "./dialogs.css";

/** What fits; the server counts bytes (`limits.ts`) and says so when it does not. */
const CHARACTERS = 500;

interface AnnounceDialogProps {
  readonly room: Room;
  readonly onClose: () => void;
}

/** Words for everybody, at the top of each student's page until they are cleared. */
export function AnnounceDialog({ room: { wall, workshopId }, onClose }: AnnounceDialogProps) {
  const current = wall.facts.value.announcement;
  const [text, setText] = useState(current ?? "");
  const [alert, setAlert] = useState("");
  const [isBusy, setBusy] = useState(false);
  const say = async (words: string | null): Promise<void> => {
    setBusy(true);
    const answer = await askInstructor("POST", routeOf(workshopId, "/announcement"), nothing, { text: words });
    setBusy(false);
    if (answer.ok) onClose();
    else setAlert(refusalWords(answer));
  };
  return (
    <Dialog title={ANNOUNCE_WORDS.title} onClose={onClose} className="announce-dialog">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void say(text.trim());
        }}
      >
        {current !== null && (
          <p class="current">
            <span class="quiet">{ANNOUNCE_WORDS.current}</span> {current}
          </p>
        )}
        <label for="announcement">{ANNOUNCE_WORDS.label}</label>
        <textarea
          id="announcement"
          rows={3}
          required
          maxLength={CHARACTERS}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <div class="field-row end">
          {current !== null && (
            <button type="button" disabled={isBusy} onClick={() => void say(null)}>
              {ANNOUNCE_WORDS.clear}
            </button>
          )}
          <button type="submit" class="primary" disabled={isBusy || text.trim() === ""}>
            {ANNOUNCE_WORDS.send}
          </button>
        </div>
        <p class="alert" role="alert">
          {alert}
        </p>
      </form>
    </Dialog>
  );
}
