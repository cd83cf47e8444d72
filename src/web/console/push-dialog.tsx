import { useState } from "preact/hooks";
import { Dialog } from "../ui/dialog.tsx";
import { Tabs } from "../ui/tabs.tsx";
import { EXAMPLE_TOOL, PUSH_KINDS, type PushDraft, type PushKind, pushOf } from "./push-draft.ts";
import { readPushed } from "./read-replies.ts";
import type { Room } from "./room.ts";
import { askInstructor, routeOf } from "./session.ts";
import { refusalWords } from "./words.ts";
import { PUSH_HINTS, PUSH_KIND_WORDS, PUSH_WORDS, pushedWords, pushToWords, toolRuleWords } from "./words-wall.ts";
import "./dialogs.css";
import "./fields.css";

const KINDS = PUSH_KINDS.map((name) => ({ name, label: PUSH_KIND_WORDS[name] }));

interface PushDialogProps {
  readonly room: Room;
  readonly onClose: () => void;
}

/** A prompt, a greeting or a tool for every agent of the workshop. */
export function PushDialog({ room: { wall, workshopId }, onClose }: PushDialogProps) {
  const [kind, setKind] = useState<PushKind>("prompt");
  const [texts, setTexts] = useState<Readonly<Record<PushKind, string>>>({
    prompt: "",
    greeting: "",
    tool: EXAMPLE_TOOL,
  });
  const [done, setDone] = useState("");
  const [alert, setAlert] = useState("");
  const [isBusy, setBusy] = useState(false);
  const text = texts[kind];
  const draft = pushOf(kind, text);
  const problem = text.trim() === "" ? "" : problemWords(draft);

  const push = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!draft.ok) return;
    setBusy(true);
    setAlert("");
    setDone("");
    const answer = await askInstructor("POST", routeOf(workshopId, "/push"), readPushed, draft.push);
    setBusy(false);
    if (answer.ok) setDone(pushedWords(answer.value.students, answer.value.skipped));
    else setAlert(refusalWords(answer));
  };
  const choose = (name: PushKind): void => {
    setKind(name);
    setDone("");
    setAlert("");
  };
  return (
    <Dialog title={PUSH_WORDS.title} onClose={onClose} className="push-dialog">
      <form onSubmit={(event) => void push(event)}>
        <Tabs label={PUSH_WORDS.kinds} tabs={KINDS} chosen={kind} onChoose={choose}>
          <label for="push-text">{PUSH_KIND_WORDS[kind]}</label>
          <textarea
            id="push-text"
            class={kind === "tool" ? "mono" : ""}
            rows={kind === "greeting" ? 3 : 10}
            spellcheck={kind !== "tool"}
            value={text}
            aria-describedby="push-hint push-problem"
            aria-invalid={problem !== ""}
            onInput={(event) => {
              setTexts({ ...texts, [kind]: event.currentTarget.value });
              setDone("");
            }}
          />
          <p id="push-hint" class="hint">
            {PUSH_HINTS[kind]}
          </p>
          <p id="push-problem" class="problem" aria-live="polite">
            {problem}
          </p>
        </Tabs>
        <div class="field-row end">
          <button type="submit" class="primary" disabled={isBusy || !draft.ok}>
            {pushToWords(wall.totals.value.students)}
          </button>
        </div>
        <p class="report" role="status">
          {done}
        </p>
        <p class="alert" role="alert">
          {alert}
        </p>
      </form>
    </Dialog>
  );
}

function problemWords(draft: PushDraft): string {
  if (draft.ok) return "";
  return draft.problem === "tool" ? toolRuleWords(draft.path, draft.rule) : PUSH_WORDS[draft.problem];
}
