import { useId, useRef, useState } from "preact/hooks";
import { dollarField, readDollars } from "../dollars.ts";
import { CAP_WORDS, capSpentWords } from "../words.ts";
import { me, money, patchMe } from "./session.ts";
import { useRequest } from "./use-request.ts";
import "./own-cap.css";

/** The student's own limit of what calls on their own key may cost, all together. */
export function OwnCap() {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const [isSaved, setSaved] = useState(false);
  const { isBusy, problem, run } = useRequest(async () => {
    setSaved(false);
    const typed = readDollars(field.current?.value ?? "");
    // A limit of nothing is no key at all, which is another button.
    if (!typed.ok || typed.microUsd === 0) return CAP_WORDS.noAmount;
    const answer = await patchMe({ ownCapMicroUsd: typed.microUsd });
    if (!answer.ok) return answer.sentence;
    if (field.current) field.current.value = dollarField(answer.value.ownCapMicroUsd);
    setSaved(true);
    return null;
  });
  const own = money.value?.own ?? null;
  return (
    <form class="own-cap" onSubmit={run}>
      <h3>{CAP_WORDS.title}</h3>
      <label for={id}>{CAP_WORDS.field}</label>
      <div class="row">
        <span class="dollars">
          <span aria-hidden="true">$</span>
          <input
            ref={field}
            id={id}
            inputMode="decimal"
            defaultValue={dollarField(me.value?.ownCapMicroUsd ?? null)}
            maxLength={16}
            autocomplete="off"
            aria-describedby={`${id}-hint`}
            aria-invalid={problem !== null}
            onInput={() => setSaved(false)}
          />
        </span>
        <button type="submit" aria-disabled={isBusy}>
          {CAP_WORDS.save}
        </button>
      </div>
      <p id={`${id}-hint`} class="hint">
        {CAP_WORDS.hint}
      </p>
      {own !== null && <p class={own.stage === "ok" ? "" : "note warn"}>{capSpentWords(own)}</p>}
      <p class="hint" role="status">
        {isSaved && (me.value?.ownCapMicroUsd === null ? CAP_WORDS.savedNone : CAP_WORDS.saved)}
      </p>
      <p class="alert" role="alert">
        {problem}
      </p>
    </form>
  );
}
