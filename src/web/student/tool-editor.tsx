import { signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { type Tab, Tabs } from "../ui/tabs.tsx";
import { fieldNotSavedWords, SAVE_WORDS, TOOLS_WORDS } from "../words.ts";
import { me } from "./session.ts";
import { add, isUnreadable, problemAt, remove, saveState, tools } from "./tool-desk.ts";
import { formOf, nameOf, type ToolDraft } from "./tool-draft.ts";
import { ToolForm } from "./tool-form.tsx";
import { ToolJsonField } from "./tool-json.tsx";
import { BackToTools, ModeBadge } from "./tool-list.tsx";
import { RunOnce } from "./tool-run.tsx";
import { useLostFocus } from "./use-lost-focus.ts";

type Way = "form" | "json";
const WAYS: readonly Tab<Way>[] = [
  { name: "form", label: TOOLS_WORDS.form },
  { name: "json", label: TOOLS_WORDS.json },
];
/** Who likes JSON likes it for the next tool too. */
const way = signal<Way>("form");

/** One tool, as a form and as JSON, and what it answers. */
export function ToolEditor({ draft }: { readonly draft: ToolDraft }) {
  const heading = useLostFocus<HTMLHeadingElement>();
  const problem = problemAt(draft);
  const isFull = tools.value.length >= (me.value?.limits.tools ?? 0);
  const [shown, setShown] = useState<Way>(() => (isUnreadable(draft) ? "json" : way.value));
  const choose = (name: Way): void => {
    way.value = name;
    setShown(name);
  };
  return (
    <>
      <div class="tools-top">
        <BackToTools />
        <SaveWords problem={problem && `${problem.path} ${problem.problem}`.trim()} />
      </div>
      <header class="tools-top">
        <h2 ref={heading} tabIndex={-1} class="tool-name">
          {nameOf(draft.json) || TOOLS_WORDS.untitled}
        </h2>
        <ModeBadge mode={formOf(draft.json).mode} />
        <span class="row-actions">
          <button type="button" class="quiet-button" disabled={isFull} onClick={() => add(draft.json)}>
            {TOOLS_WORDS.duplicate}
          </button>
          <button type="button" class="quiet-button danger-quiet" onClick={() => remove(draft)}>
            {TOOLS_WORDS.remove}
          </button>
        </span>
      </header>
      {isUnreadable(draft) && (
        <p class="alert" role="alert">
          {TOOLS_WORDS.unreadableHint}
        </p>
      )}
      <Tabs label={TOOLS_WORDS.views} tabs={WAYS} chosen={shown} onChoose={choose}>
        {shown === "form" ? (
          <ToolForm draft={draft} problem={problem} />
        ) : (
          <ToolJsonField draft={draft} problem={problem} />
        )}
      </Tabs>
      <RunOnce draft={draft} isReady={problem === null} />
    </>
  );
}

/** What becomes of the edits. Read out only when it did not go well. */
function SaveWords({ problem }: { readonly problem: string | null }) {
  const { value: state } = saveState;
  const isSaving = state === "typing" || state === "due" || state === "saving";
  const words =
    state === "unreached"
      ? SAVE_WORDS.unreached
      : state === "saved"
        ? SAVE_WORDS.saved
        : isSaving
          ? SAVE_WORDS.saving
          : "";
  return (
    <>
      <span class={`save ${state ?? ""}`}>{problem === null && words}</span>
      <span class="save refused" role="alert">
        {problem !== null && fieldNotSavedWords(problem)}
      </span>
    </>
  );
}
