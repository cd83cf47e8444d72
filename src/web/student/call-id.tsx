import { CopyButton } from "../ui/copy-button.tsx";
import { HISTORY_WORDS } from "../words.ts";

/** What whoever runs the server finds this call by. */
export const CallId = ({ callId }: { readonly callId: string }) => (
  <p class="call-id quiet small">
    {HISTORY_WORDS.callId} <code>{callId}</code> <CopyButton text={callId} what={HISTORY_WORDS.callId} />
  </p>
);
