import { useEffect, useRef } from "preact/hooks";
import { JOIN_WORDS } from "../words.ts";
import { refreshMe } from "./session.ts";
import { recover } from "./student-client.ts";
import { useRequest } from "./use-request.ts";

/** Four words instead of a code. `stillOut` says why nobody is signed in after all. */
export function Recover({ stillOut }: { readonly stillOut: () => string | null }) {
  const phrase = useRef<HTMLInputElement>(null);
  useEffect(() => phrase.current?.focus(), []);
  const { isBusy, problem, run } = useRequest(async () => {
    const answer = await recover(phrase.current?.value.trim() ?? "");
    if (!answer.ok) return answer.sentence;
    await refreshMe();
    return stillOut();
  });
  return (
    <form onSubmit={run}>
      <h2>{JOIN_WORDS.backTitle}</h2>
      <p class="quiet">{JOIN_WORDS.backLead}</p>
      <label for="recovery-phrase">{JOIN_WORDS.phrase}</label>
      <input
        ref={phrase}
        id="recovery-phrase"
        required
        maxLength={200}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
      />
      <button class="primary" type="submit" aria-disabled={isBusy}>
        {isBusy ? JOIN_WORDS.comingIn : JOIN_WORDS.comeIn}
      </button>
      <p class="alert" role="alert">
        {problem}
      </p>
    </form>
  );
}
