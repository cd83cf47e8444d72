import { LANGUAGE_WORDS } from "../words.ts";
import { draftOf, edit } from "./drafts.ts";
import { languageChoices } from "./languages.ts";
import { SaveLine } from "./save-line.tsx";
import { me } from "./session.ts";

/** What callers speak: a hint for the transcript. */
export function LanguageField() {
  const language = draftOf("language");
  return (
    <div class="field">
      <div class="field-top">
        <label for="language">{LANGUAGE_WORDS.title}</label>
        <SaveLine fields={["language"]} />
      </div>
      <p id="language-hint" class="hint">
        {LANGUAGE_WORDS.hint}
      </p>
      <select
        id="language"
        value={language ?? ""}
        aria-describedby="language-hint"
        onChange={({ currentTarget: { value } }) => edit({ language: value === "" ? null : value })}
      >
        <option value="">{LANGUAGE_WORDS.none}</option>
        {languageChoices(me.value?.config.language ?? null).map(({ code, label }) => (
          <option key={code} value={code}>
            {label}
          </option>
        ))}
      </select>
    </div>
  );
}
