import type { Problem } from "../../protocol/tools.ts";
import { TOOLS_WORDS } from "../words.ts";
import { edit } from "./tool-desk.ts";
import { type ToolDraft, textOf, tidied, withText } from "./tool-draft.ts";
import { Field } from "./tool-field.tsx";

interface ToolJsonProps {
  readonly draft: ToolDraft;
  readonly problem: Problem | null;
}

/** The tool as it is stored, to be edited as text. */
export function ToolJsonField({ draft, problem }: ToolJsonProps) {
  return (
    <Field
      label={TOOLS_WORDS.jsonLabel}
      hint={TOOLS_WORDS.jsonHint}
      problem={problem && `${problem.path} ${problem.problem}`.trim()}
    >
      {(attributes) => (
        <textarea
          {...attributes}
          class="code"
          rows={16}
          spellcheck={false}
          autocapitalize="off"
          value={textOf(draft)}
          onInput={({ currentTarget }) => edit(withText(draft, currentTarget.value))}
          onBlur={() => edit(tidied(draft))}
        />
      )}
    </Field>
  );
}
