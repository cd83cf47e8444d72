import { useState } from "preact/hooks";
import { DEFAULT_PROMPT } from "../../protocol/agent-config.ts";
import { languageCodeOf } from "../../protocol/language.ts";
import { later } from "../ui/later.tsx";
import { bytesLeftWords, PROMPT_WORDS } from "../words.ts";
import { draftOf, edit } from "./drafts.ts";
import { LintList } from "./lint-list.tsx";
import { lintPrompt } from "./prompt-lint.ts";
import { SaveLine } from "./save-line.tsx";
import { me } from "./session.ts";
import { bytesOf } from "./spoken-length.ts";

const versions = later(async () => (await import("./prompt-versions.tsx")).PromptVersions);

/** The counter is of no interest before. */
const NEARLY_FULL = 0.8;
const LINE_CHARACTERS = 70;
const FEWEST_ROWS = 6;
const MOST_ROWS = 24;

/** Where the browser cannot fit the field to its text by itself, lines are guessed. */
function rowsOf(text: string): number {
  const lines = text.split("\n").reduce((sum, line) => sum + 1 + Math.floor(line.length / LINE_CHARACTERS), 0);
  return Math.min(MOST_ROWS, Math.max(FEWEST_ROWS, lines));
}

/** An emptied prompt is none: the default is used again. */
export const editPrompt = (text: string): void => edit({ prompt: text === "" ? null : text });

/** What the agent is told to be. */
export function PromptEditor() {
  const [showsVersions, showVersions] = useState(false);
  const prompt = draftOf("prompt") ?? "";
  const language = draftOf("language");
  const mostBytes = me.value?.limits.promptBytes ?? 0;
  const bytes = bytesOf(prompt);
  const findings = lintPrompt(prompt, { languageCode: language && languageCodeOf(language) });
  return (
    <div class="field">
      <div class="field-top">
        <label for="prompt">{PROMPT_WORDS.title}</label>
        <SaveLine fields={["prompt"]} />
      </div>
      <p id="prompt-hint" class="hint">
        {PROMPT_WORDS.hint} {prompt === "" && PROMPT_WORDS.usesDefault}
      </p>
      <textarea
        id="prompt"
        class="prompt"
        value={prompt}
        placeholder={DEFAULT_PROMPT}
        rows={rowsOf(prompt || DEFAULT_PROMPT)}
        aria-describedby="prompt-hint"
        aria-invalid={bytes > mostBytes}
        onInput={({ currentTarget }) => editPrompt(currentTarget.value)}
      />
      {bytes > mostBytes * NEARLY_FULL && (
        <p class={bytes > mostBytes ? "hint bad" : "hint"}>{bytesLeftWords(mostBytes - bytes)}</p>
      )}
      <LintList findings={findings} onFix={editPrompt} />
      <div class="row">
        {prompt === "" && (
          <button type="button" class="small" onClick={() => editPrompt(DEFAULT_PROMPT)}>
            {PROMPT_WORDS.startFromDefault}
          </button>
        )}
        <button
          type="button"
          class="small"
          aria-expanded={showsVersions}
          aria-controls="prompt-versions"
          onClick={() => showVersions(!showsVersions)}
        >
          {showsVersions ? PROMPT_WORDS.hideVersions : PROMPT_WORDS.versions}
        </button>
      </div>
      <div id="prompt-versions">{showsVersions && <versions.Part />}</div>
    </div>
  );
}
