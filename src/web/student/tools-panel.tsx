import { deletedWords, TOOLS_WORDS } from "../words.ts";
import { deleted, place, refusedWords, saveState, tools, undoRemove } from "./tool-desk.ts";
import { nameOf } from "./tool-draft.ts";
import { ToolEditor } from "./tool-editor.tsx";
import { Gallery, ToolList } from "./tool-list.tsx";
import "./tools.css";

/** What the agent can do besides talking: the list, the ready ones, or one of them to edit. */
export function ToolsPanel() {
  const { value } = place;
  const draft = value.view === "tool" ? tools.value.find(({ id }) => id === value.id) : undefined;
  return (
    <section class="tools" aria-label={TOOLS_WORDS.title}>
      <Undo />
      {saveState.value === "refused" && refusedWords() !== null && (
        <p class="alert" role="alert">
          {TOOLS_WORDS.title}: {refusedWords()}
        </p>
      )}
      {draft ? <ToolEditor key={draft.id} draft={draft} /> : value.view === "gallery" ? <Gallery /> : <ToolList />}
    </section>
  );
}

/** Deleting asks nothing, and can be taken back. */
function Undo() {
  const gone = deleted.value;
  return (
    <div role="status" class="undo-place">
      {gone && (
        <p class="undo">
          {deletedWords(nameOf(gone.draft.json))}
          <button type="button" class="link" onClick={undoRemove}>
            {TOOLS_WORDS.undo}
          </button>
        </p>
      )}
    </div>
  );
}
