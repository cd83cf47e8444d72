import { useEffect, useState } from "preact/hooks";
import { DEFAULT_PROMPT } from "../../protocol/agent-config.ts";
import type { PromptVersion } from "../../protocol/rest.ts";
import { VERSION_WORDS } from "../words.ts";
import { draftOf, edit, saveNow } from "./drafts.ts";
import { lineDiff } from "./line-diff.ts";
import { me } from "./session.ts";
import { promptVersions } from "./student-client.ts";
import { whenWords } from "./when.ts";

const SIGNS = { same: " ", gone: "−", new: "+" } as const;

/** What the prompt was before, what has changed since, and the way back. */
export function PromptVersions() {
  const current = draftOf("prompt") ?? "";
  const [versions, setVersions] = useState<readonly PromptVersion[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [chosen, choose] = useState<PromptVersion | null>(null);
  const [isRestored, setRestored] = useState(false);
  const savedPrompt = me.value?.config.prompt;
  // Each save is another version.
  useEffect(() => {
    let isHere = true;
    void promptVersions().then((answer) => {
      if (!isHere) return;
      if (answer.ok) setVersions(answer.value);
      else setProblem(answer.sentence);
    });
    return () => {
      isHere = false;
    };
  }, [savedPrompt]);

  if (problem !== null) {
    return (
      <p class="alert" role="alert">
        {problem}
      </p>
    );
  }
  if (versions === null) return <p class="hint">{VERSION_WORDS.loading}</p>;
  if (versions.length === 0) return <p class="hint">{VERSION_WORDS.none}</p>;
  const restore = (prompt: string | null): void => {
    edit({ prompt });
    setRestored(true);
    choose(null);
    void saveNow();
  };
  return (
    <div class="versions">
      <ul class="version-list" aria-label={VERSION_WORDS.list}>
        {versions.map((version) => (
          <li key={version.savedAt}>
            <button
              type="button"
              aria-pressed={version.savedAt === chosen?.savedAt}
              onClick={() => {
                setRestored(false);
                choose(version.savedAt === chosen?.savedAt ? null : version);
              }}
            >
              <span>
                {whenWords(version.savedAt, Date.now())} · {VERSION_WORDS[version.savedBy]}
                {(version.prompt ?? "") === current && ` · ${VERSION_WORDS.now}`}
              </span>
              <span class="excerpt">{version.prompt?.trim().split("\n")[0] ?? VERSION_WORDS.default}</span>
            </button>
            {version.savedAt === chosen?.savedAt && (
              <div class="version">
                <p class="hint">{VERSION_WORDS.legend}</p>
                <Compared before={version.prompt ?? DEFAULT_PROMPT} after={current || DEFAULT_PROMPT} />
                {(version.prompt ?? "") !== current && (
                  <button type="button" class="small" onClick={() => restore(version.prompt)}>
                    {VERSION_WORDS.restore}
                  </button>
                )}
              </div>
            )}
          </li>
        ))}
      </ul>
      <p class="hint" role="status">
        {isRestored && VERSION_WORDS.restored}
      </p>
    </div>
  );
}

function Compared({ before, after }: { readonly before: string; readonly after: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be within reach of the keyboard
    <section class="diff" aria-label={VERSION_WORDS.compare} tabIndex={0}>
      {lineDiff(before, after).map(({ mark, text }, at) => (
        <p key={at} class={mark}>
          <span aria-hidden="true">{SIGNS[mark]}</span>
          {mark !== "same" && <span class="hidden-label">{VERSION_WORDS[mark]}</span>}
          <span>{text}</span>
        </p>
      ))}
    </section>
  );
}
