import { useState } from "preact/hooks";
import { type CallView, isUp } from "../call-view.ts";
import { FAILURE_ACTION_WORDS, FAILURE_WORDS, type FailureAction, SEAT_BUSY_WORDS } from "../words.ts";
import { isSaidInFull } from "./call-status.ts";
import { callView, startCall } from "./current-call.ts";
import { watchedCalls } from "./live.ts";
import { sheet } from "./session.ts";
import { takeOver } from "./take-over.ts";

/** Pages of OpenAI's where a student helps themselves. */
const ADDRESSES: Readonly<Partial<Record<FailureAction, string>>> = {
  credit: "https://platform.openai.com/settings/organization/billing/overview",
  "keys-page": "https://platform.openai.com/api-keys",
  "openai-status": "https://status.openai.com/",
};

/** What went wrong, and what can be done about it. */
export function FailureCard() {
  const view = callView.value;
  const { failure, phase, startedAtMs } = view;
  const hasReceipt = phase === "ended" && startedAtMs !== null;
  if (failure === null || (hasReceipt && isSaidInFull(failure.code))) return null;
  if (failure.code === "too_many_calls") return <SeatBusy />;
  const known = FAILURE_WORDS[failure.code ?? ""];
  const [sentence, ...actions] = known ?? [failure.sentence, "again" as const];
  return (
    <div class="alert" role="alert">
      <p>{sentence}</p>
      <Actions actions={actions.filter((action) => action !== "again" || isAgainDue(view))} />
    </div>
  );
}

/** After a call that had begun the stage's own button says it; one that goes on need not be begun. */
const isAgainDue = (view: CallView): boolean => !isUp(view) && view.startedAtMs === null;

function Actions({ actions }: { readonly actions: readonly FailureAction[] }) {
  if (actions.length === 0) return null;
  return (
    <p class="actions">
      {actions.map((action) => {
        const address = ADDRESSES[action];
        const words = FAILURE_ACTION_WORDS[action];
        return address === undefined ? (
          <button key={action} type="button" onClick={() => act(action)}>
            {words}
          </button>
        ) : (
          <a key={action} href={address} target="_blank" rel="noreferrer">
            {words}
          </a>
        );
      })}
    </p>
  );
}

function act(action: FailureAction): void {
  if (action === "key" || action === "connect" || action === "limit") sheet.value = "key";
  if (action === "again") void startCall(true);
}

/** A call in another window of this browser can be ended from here; on another device it cannot. */
function SeatBusy() {
  const [isElsewhere, setElsewhere] = useState(false);
  const isInBrowser = watchedCalls.value.some(({ call, view }) => call.wayIn === "browser" && isUp(view));
  const [question] = FAILURE_WORDS.too_many_calls ?? [SEAT_BUSY_WORDS];
  const take = async (): Promise<void> => {
    const { hasMicrophone } = callView.value;
    if (await takeOver()) await startCall(hasMicrophone);
    else setElsewhere(true);
  };
  const mayTake = isInBrowser && !isElsewhere;
  return (
    <div class="alert" role="alert">
      <p>{mayTake ? question : SEAT_BUSY_WORDS}</p>
      {mayTake && (
        <p class="actions">
          <button type="button" onClick={() => void take()}>
            {FAILURE_ACTION_WORDS["take-over"]}
          </button>
        </p>
      )}
    </div>
  );
}
