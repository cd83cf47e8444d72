import {
  countOfToolsWords,
  lastRunWords,
  MODE_HINT_WORDS,
  MODE_WORDS,
  milliseconds,
  RUN_WORDS,
  TOOLS_WORDS,
} from "../words.ts";
import { Icon } from "./icon.tsx";
import { me } from "./session.ts";
import { add, isUnreadable, place, problemAt, tools } from "./tool-desk.ts";
import { formOf, type Mode, nameOf, type ToolDraft } from "./tool-draft.ts";
import { BLANK, GALLERY } from "./tool-gallery.ts";
import { runs } from "./tool-runs.ts";
import { useLostFocus } from "./use-lost-focus.ts";

/** Characters shown of a tool that cannot be read. */
const EXCERPT = 120;

const mostTools = (): number => me.value?.limits.tools ?? 0;

/** The student's tools; each opens its editor. */
export function ToolList() {
  const heading = useLostFocus<HTMLHeadingElement>();
  const isFull = tools.value.length >= mostTools();
  const isBlocked = tools.value.some(isUnreadable);
  return (
    <>
      <header class="tools-top">
        <h2 ref={heading} tabIndex={-1}>
          {TOOLS_WORDS.title}
        </h2>
        <span class="quiet">{countOfToolsWords(tools.value.length, mostTools())}</span>
        <button
          type="button"
          class="primary"
          disabled={isFull}
          onClick={() => {
            place.value = { view: "gallery" };
          }}
        >
          {TOOLS_WORDS.add}
        </button>
      </header>
      <p class="quiet">{isFull ? TOOLS_WORDS.full : TOOLS_WORDS.lead}</p>
      {isBlocked && (
        <p class="alert" role="alert">
          {TOOLS_WORDS.blocked}
        </p>
      )}
      {tools.value.length === 0 && <ReadyOnes />}
      <ul class="tool-list">
        {tools.value.map((draft) => (
          <ToolRow key={draft.id} draft={draft} />
        ))}
      </ul>
    </>
  );
}

function ToolRow({ draft }: { readonly draft: ToolDraft }) {
  const { description, mode } = formOf(draft.json);
  const problem = problemAt(draft);
  const run = runs.value.get(draft.id);
  return (
    <li>
      <button
        type="button"
        class="tool-row"
        onClick={() => {
          place.value = { view: "tool", id: draft.id };
        }}
      >
        <span class="tool-name">{nameOf(draft.json) || TOOLS_WORDS.untitled}</span>
        <ModeBadge mode={mode} />
        {description && <span class="tool-does">{description}</span>}
        {isUnreadable(draft) && <code class="tool-does">{JSON.stringify(draft.json)?.slice(0, EXCERPT)}</code>}
        {problem && (
          <span class="problem">
            {isUnreadable(draft) ? TOOLS_WORDS.unreadable : TOOLS_WORDS.changed}: {problem.path} {problem.problem}
          </span>
        )}
        {run?.state === "done" && (
          <span class={`outcome ${run.run.outcome}`}>
            <Icon name={run.run.outcome} /> {lastRunWords(run.run.outcome, milliseconds(run.run.durationMs))}
          </span>
        )}
        {run?.state === "running" && <span class="quiet">{RUN_WORDS.running}…</span>}
      </button>
    </li>
  );
}

/** A mode is a word and a shape. */
export function ModeBadge({ mode }: { readonly mode: Mode }) {
  return (
    <span class={`mode ${mode}`}>
      <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true" fill="currentColor">
        {mode === "mock" && <path d="M6 0l6 6-6 6-6-6z" />}
        {mode === "builtin" && <circle cx="6" cy="6" r="5.5" />}
        {mode === "webhook" && <path d="M3 1h8v8H8.6V5.1L2.7 11 1 9.3 6.9 3.4H3z" />}
      </svg>
      {MODE_WORDS[mode]}
    </span>
  );
}

/** Where a new tool begins. */
export function Gallery() {
  const heading = useLostFocus<HTMLHeadingElement>();
  return (
    <>
      <BackToTools />
      <h2 ref={heading} tabIndex={-1}>
        {TOOLS_WORDS.add}
      </h2>
      <ReadyOnes />
    </>
  );
}

function ReadyOnes() {
  const names = new Set(tools.value.map(({ json }) => nameOf(json)));
  return (
    <>
      <p class="quiet">{tools.value.length === 0 ? TOOLS_WORDS.none : TOOLS_WORDS.galleryHint}</p>
      <ul class="gallery">
        <li>
          <button type="button" class="tool-row blank" onClick={() => add(BLANK)}>
            <span class="tool-name">{TOOLS_WORDS.blank}</span>
            <span class="tool-does">{TOOLS_WORDS.blankHint}</span>
          </button>
        </li>
        {GALLERY.map((tool) => {
          const { name, description, mode } = formOf(tool);
          return (
            <li key={name}>
              <button type="button" class="tool-row" title={MODE_HINT_WORDS[mode]} onClick={() => add(tool)}>
                <span class="tool-name">{name}</span>
                <ModeBadge mode={mode} />
                <span class="tool-does">{description}</span>
                {names.has(name) && <span class="quiet">{TOOLS_WORDS.have}</span>}
              </button>
            </li>
          );
        })}
      </ul>
    </>
  );
}

export function BackToTools() {
  return (
    <button
      type="button"
      class="quiet-button back"
      onClick={() => {
        place.value = { view: "list" };
      }}
    >
      <Icon name="back" /> {TOOLS_WORDS.back}
    </button>
  );
}
