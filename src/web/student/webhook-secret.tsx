import { useState } from "preact/hooks";
import { CopyButton } from "../ui/copy-button.tsx";
import { type Tab, Tabs } from "../ui/tabs.tsx";
import { SECRET_WORDS } from "../words.ts";
import { me } from "./session.ts";
import { makeWebhookSecret } from "./tool-client.ts";
import { useRequest } from "./use-request.ts";
import { NODE_SNIPPET, PYTHON_SNIPPET } from "./webhook-snippets.ts";

type Language = "node" | "python";
const LANGUAGES: readonly Tab<Language>[] = [
  { name: "node", label: "Node.js" },
  { name: "python", label: "Python" },
];
const SNIPPETS: Readonly<Record<Language, string>> = { node: NODE_SNIPPET, python: PYTHON_SNIPPET };

/** The secret that signs requests to webhooks, shown once, and how a server checks with it. */
export function WebhookSecret() {
  const [secret, setSecret] = useState<string | null>(null);
  const [language, setLanguage] = useState<Language>("node");
  const { isBusy, problem, run } = useRequest(async () => {
    const answer = await makeWebhookSecret();
    if (!answer.ok) return answer.sentence;
    setSecret(answer.value);
    if (me.value) me.value = { ...me.value, webhookSecret: { set: true } };
    return null;
  });
  const isSet = me.value?.webhookSecret.set === true;
  return (
    <section class="secret" aria-label={SECRET_WORDS.title}>
      <h3>{SECRET_WORDS.title}</h3>
      <p class="hint">{SECRET_WORDS.hint}</p>
      <div role="status">
        {secret !== null && (
          <>
            <p class="secret-text">
              <code>{secret}</code>
              <CopyButton text={secret} what={SECRET_WORDS.copy} />
            </p>
            <p class="hint">{SECRET_WORDS.once}</p>
          </>
        )}
      </div>
      {isSet && secret === null && <p class="hint">{SECRET_WORDS.replaces}</p>}
      <button type="button" disabled={isBusy} onClick={run}>
        {isSet ? SECRET_WORDS.another : SECRET_WORDS.make}
      </button>
      <p class="alert" role="alert">
        {problem}
      </p>
      <details>
        <summary>{SECRET_WORDS.check}</summary>
        <Tabs label={SECRET_WORDS.languages} tabs={LANGUAGES} chosen={language} onChoose={setLanguage}>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be within reach of the keyboard */}
          <pre tabIndex={0} class="snippet">
            {SNIPPETS[language]}
          </pre>
          <CopyButton text={SNIPPETS[language]} what={SECRET_WORDS.copyCode} />
        </Tabs>
      </details>
    </section>
  );
}
