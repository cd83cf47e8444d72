import { useState } from "preact/hooks";
import { CopyButton } from "../ui/copy-button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { TwoTaps } from "../ui/two-taps.tsx";
import { RECOVERY_WORDS, SHEET_WORDS, WELCOME_WORDS } from "../words.ts";
import { me, refreshMe, welcome } from "./session.ts";
import { newRecoveryPhrase } from "./student-client.ts";
import { useRequest } from "./use-request.ts";

/** The words that bring a student back: nobody can show them again, so new ones are made. */
export function RecoverySheet({ onClose }: { readonly onClose: () => void }) {
  const [phrase, setPhrase] = useState<string | null>(null);
  const { isBusy, problem, run } = useRequest(async () => {
    const answer = await newRecoveryPhrase();
    if (!answer.ok) return answer.sentence;
    setPhrase(answer.value);
    // The words shown at joining are no longer any good.
    welcome.value = null;
    await refreshMe();
    return null;
  });
  const hasWords = me.value?.recovery.set ?? false;
  return (
    <Dialog title={SHEET_WORDS.recovery} onClose={onClose} className="recovery-sheet">
      <p>{RECOVERY_WORDS.lead}</p>
      <div role="status">
        {phrase !== null && <p>{RECOVERY_WORDS.writeDown}</p>}
        {phrase !== null && <p class="phrase">{phrase}</p>}
      </div>
      {phrase !== null && <CopyButton text={phrase} what={WELCOME_WORDS.words} />}
      {phrase === null && hasWords && (
        <>
          <p class="quiet">{RECOVERY_WORDS.replaces}</p>
          <TwoTaps
            label={RECOVERY_WORDS.make}
            sure={RECOVERY_WORDS.sure}
            keep={RECOVERY_WORDS.keep}
            isBusy={isBusy}
            onSure={run}
          />
        </>
      )}
      {phrase === null && !hasWords && (
        <button type="button" class="primary" aria-disabled={isBusy} onClick={run}>
          {RECOVERY_WORDS.make}
        </button>
      )}
      <p class="alert" role="alert">
        {problem}
      </p>
    </Dialog>
  );
}
