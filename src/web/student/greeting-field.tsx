import { bytesLeftWords, GREETING_WORDS, LONG_GREETING_WORDS, spokenWords } from "../words.ts";
import { draftOf, edit } from "./drafts.ts";
import { LintList } from "./lint-list.tsx";
import { lintGreeting } from "./prompt-lint.ts";
import { SaveLine } from "./save-line.tsx";
import { me } from "./session.ts";
import { bytesOf, spokenSeconds } from "./spoken-length.ts";

const LONG_SECONDS = 12;
const NEARLY_FULL = 0.8;

/** An emptied greeting is none. */
const editGreeting = (text: string): void => edit({ greeting: text === "" ? null : text });

/** The agent's first words. */
export function GreetingField() {
  const greeting = draftOf("greeting") ?? "";
  const seconds = spokenSeconds(greeting);
  const bytesLeft = (me.value?.limits.greetingBytes ?? 0) - bytesOf(greeting);
  const isNearlyFull = bytesLeft < (1 - NEARLY_FULL) * (me.value?.limits.greetingBytes ?? 0);
  return (
    <div class="field">
      <div class="field-top">
        <label for="greeting">{GREETING_WORDS.title}</label>
        <SaveLine fields={["greeting"]} />
      </div>
      <p id="greeting-hint" class="hint">
        {GREETING_WORDS.hint}
      </p>
      <textarea
        id="greeting"
        class="greeting"
        rows={2}
        value={greeting}
        aria-describedby="greeting-hint greeting-length"
        aria-invalid={bytesLeft < 0}
        onInput={({ currentTarget }) => editGreeting(currentTarget.value)}
      />
      <p id="greeting-length" class={bytesLeft < 0 ? "hint bad" : "hint"}>
        {greeting === "" ? GREETING_WORDS.empty : spokenWords(seconds)}
        {seconds > LONG_SECONDS && ` · ${LONG_GREETING_WORDS}`}
        {isNearlyFull && ` · ${bytesLeftWords(bytesLeft)}`}
      </p>
      <LintList findings={lintGreeting(greeting)} onFix={editGreeting} />
    </div>
  );
}
