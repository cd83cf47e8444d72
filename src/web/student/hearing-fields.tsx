import { DEFAULT_PATIENCE, DEFAULT_TURN_END, PATIENCES, TURN_ENDS } from "../../protocol/agent-config.ts";
import { HEARING_WORDS, PATIENCE_WORDS, TURN_END_WORDS } from "../words.ts";
import { type DraftedField, draftOf, edit } from "./drafts.ts";
import { SaveLine } from "./save-line.tsx";

/** How the agent knows that it is its turn. */
export function HearingFields() {
  return (
    <>
      <Question
        field="patience"
        values={PATIENCES}
        words={PATIENCE_WORDS}
        chosen={draftOf("patience") ?? DEFAULT_PATIENCE}
        onChoose={(patience) => edit({ patience })}
      />
      <Question
        field="turnEnd"
        values={TURN_ENDS}
        words={TURN_END_WORDS}
        chosen={draftOf("turnEnd") ?? DEFAULT_TURN_END}
        onChoose={(turnEnd) => edit({ turnEnd })}
      />
    </>
  );
}

interface QuestionProps<Value extends string> {
  readonly field: DraftedField & keyof typeof HEARING_WORDS;
  readonly values: readonly Value[];
  readonly words: Readonly<Record<Value, readonly [string, string]>>;
  readonly chosen: Value;
  readonly onChoose: (value: Value) => void;
}

function Question<Value extends string>({ field, values, words, chosen, onChoose }: QuestionProps<Value>) {
  return (
    <fieldset class="field">
      <legend class="field-top">
        {HEARING_WORDS[field]} <SaveLine fields={[field]} />
      </legend>
      <div class="answers">
        {values.map((value) => (
          <label key={value} class="answer">
            <input type="radio" name={field} checked={value === chosen} onChange={() => onChoose(value)} />
            <span>
              {words[value][0]}
              <span class="hint">{words[value][1]}</span>
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
