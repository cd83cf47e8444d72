import { CopyButton } from "../ui/copy-button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { PHONE_WORDS, phoneEstimateWords, SHEET_WORDS } from "../words.ts";
import { me } from "./session.ts";

/** How a telephone number rings the student's agent. */
export function PhoneSheet({ onClose }: { readonly onClose: () => void }) {
  const student = me.value;
  if (!student) return null;
  return (
    <Dialog title={SHEET_WORDS.phone} onClose={onClose} className="phone-sheet">
      {student.phone ? (
        <>
          <p>{PHONE_WORDS.lead}</p>
          <ol class="how-to">
            {PHONE_WORDS.steps.map((step) => (
              <li key={step}>{step}</li>
            ))}
          </ol>
          <Address what={PHONE_WORDS.relay} url={student.voiceUrl} />
          <Address what={PHONE_WORDS.media} url={`${student.voiceUrl}?wayIn=media-streams`} />
          <p class="quiet">{PHONE_WORDS.secret}</p>
          {student.payer !== null && <p>{phoneEstimateWords(student.payer, student.estimates.phone)}</p>}
        </>
      ) : (
        <>
          <p>{PHONE_WORDS.none}</p>
          <p class="quiet">{PHONE_WORDS.noneHint}</p>
        </>
      )}
    </Dialog>
  );
}

function Address({ what, url }: { readonly what: string; readonly url: string }) {
  return (
    <div class="address">
      <p>{what}</p>
      <code>{url}</code>
      <CopyButton text={url} what={what} />
    </div>
  );
}
