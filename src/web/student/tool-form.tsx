import type { Problem } from "../../protocol/tools.ts";
import { FORM_WORDS, fillerWords, MODE_HINT_WORDS, MODE_WORDS, TOOLS_WORDS } from "../words.ts";
import { AnswerFields } from "./tool-answer.tsx";
import { edit } from "./tool-desk.ts";
import { type ToolForm as Form, formOf, MODES, type ToolDraft, withForm, withJson } from "./tool-draft.ts";
import { Field, useTyped } from "./tool-field.tsx";
import { ModeBadge } from "./tool-list.tsx";
import { ParameterTable } from "./tool-parameters.tsx";

interface ToolFormProps {
  readonly draft: ToolDraft;
  readonly problem: Problem | null;
}

/** Changes fields of the form, and with them the JSON. */
export type ChangeForm = (change: Partial<Form>) => void;

/** The tool as a form; what the form does not know stays in the JSON as it is. */
export function ToolForm({ draft, problem }: ToolFormProps) {
  const form = formOf(draft.json);
  const change: ChangeForm = (part) => edit(withJson(draft, withForm(draft.json, part)));
  const problemOf = (path: string): string | null => (problem?.path.startsWith(path) ? problem.problem : null);
  return (
    <div class="tool-form">
      {problem?.path === "" && <p class="problem">{draft.text === null ? problem.problem : TOOLS_WORDS.jsonBroken}</p>}
      <Field label={FORM_WORDS.name} hint={FORM_WORDS.nameHint} problem={problemOf("function.name")}>
        {(attributes) => (
          <input
            {...attributes}
            class="code"
            value={form.name}
            maxLength={64}
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            onInput={({ currentTarget }) => change({ name: currentTarget.value })}
          />
        )}
      </Field>
      <Field
        label={FORM_WORDS.description}
        hint={FORM_WORDS.descriptionHint}
        problem={problemOf("function.description")}
      >
        {(attributes) => (
          <textarea
            {...attributes}
            rows={2}
            value={form.description}
            onInput={({ currentTarget }) => change({ description: currentTarget.value })}
          />
        )}
      </Field>
      <ParameterTable
        schema={form.parameters}
        problem={problemOf("function.parameters")}
        onChange={(parameters) => change({ parameters })}
      />
      <fieldset class="modes">
        <legend>{FORM_WORDS.mode}</legend>
        <div class="mode-choices">
          {MODES.map((mode) => (
            <label key={mode} class="mode-choice">
              <input
                type="radio"
                name={`mode-${draft.id}`}
                checked={form.mode === mode}
                aria-describedby={`mode-${draft.id}-${mode}`}
                aria-label={MODE_WORDS[mode]}
                onChange={() => change({ mode, ...(mode === "builtin" && { builtin: form.builtin }) })}
              />
              <span>
                <ModeBadge mode={mode} />
                <span id={`mode-${draft.id}-${mode}`} class="hint">
                  {MODE_HINT_WORDS[mode]}
                </span>
              </span>
            </label>
          ))}
        </div>
      </fieldset>
      <AnswerFields key={form.mode} form={form} problemOf={problemOf} change={change} />
      <Fillers lines={form.fillers} problem={problemOf("fillers")} onChange={(fillers) => change({ fillers })} />
    </div>
  );
}

interface FillersProps {
  readonly lines: readonly string[];
  readonly problem: string | null;
  readonly onChange: (lines: readonly string[]) => void;
}

const LINES = 3;

/** Lines of speech. What is typed keeps its place; only lines with words are stored. */
function Fillers({ lines, problem, onChange }: FillersProps) {
  const { text, type } = useTyped(lines, AS_LINES, onChange);
  const shown = text.split("\n");
  return (
    <fieldset class="fillers">
      <legend>{FORM_WORDS.fillers}</legend>
      <p class="hint">{FORM_WORDS.fillersHint}</p>
      {problem && <p class="problem">{problem}</p>}
      {Array.from({ length: Math.max(LINES, shown.length) }, (_, at) => (
        <input
          key={at}
          aria-label={fillerWords(at + 1)}
          value={shown[at] ?? ""}
          maxLength={200}
          onInput={({ currentTarget }) =>
            type(
              Array.from({ length: Math.max(LINES, shown.length) }, (__, line) =>
                line === at ? currentTarget.value : (shown[line] ?? ""),
              ).join("\n"),
            )
          }
        />
      ))}
    </fieldset>
  );
}

const AS_LINES = {
  write: (lines: readonly string[]): string => lines.join("\n"),
  read: (text: string): readonly string[] => text.split("\n").filter((line) => line.trim() !== ""),
};
