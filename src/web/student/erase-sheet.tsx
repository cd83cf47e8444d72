import { Dialog } from "../ui/dialog.tsx";
import { TwoTaps } from "../ui/two-taps.tsx";
import { ERASE_WORDS, SHEET_WORDS } from "../words.ts";
import { signedOut } from "./session.ts";
import { eraseMe } from "./student-client.ts";
import { useRequest } from "./use-request.ts";

/** Everything about a student, gone at once. */
export function EraseSheet({ onClose }: { readonly onClose: () => void }) {
  const { isBusy, problem, run } = useRequest(async () => {
    const answer = await eraseMe();
    if (!answer.ok) return answer.sentence;
    signedOut("erased");
    return null;
  });
  return (
    <Dialog title={SHEET_WORDS.erase} onClose={onClose} className="erase-sheet">
      <p>{ERASE_WORDS.lead}</p>
      <ul>
        {ERASE_WORDS.gone.map((what) => (
          <li key={what}>{what}</li>
        ))}
      </ul>
      <p>{ERASE_WORDS.live}</p>
      <TwoTaps label={ERASE_WORDS.erase} sure={ERASE_WORDS.sure} keep={ERASE_WORDS.keep} isBusy={isBusy} onSure={run} />
      <p class="alert" role="alert">
        {problem}
      </p>
    </Dialog>
  );
}
