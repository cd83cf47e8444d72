import { useRef, useState } from "preact/hooks";
import { Dialog } from "../ui/dialog.tsx";
import { TwoTaps } from "../ui/two-taps.tsx";
import {
  KEY_SHEET_WORDS,
  keyEnd,
  OUTCOME_WORDS,
  PAYS_TITLE,
  PAYS_WORDS,
  SHEET_WORDS,
  tooManyChecksWords,
} from "../words.ts";
import { type KeyCheckState, looksLikeKey, pastedKey, stagesOf } from "./key-check.ts";
import { KeyGuide } from "./key-guide.tsx";
import { KeyVerdict } from "./key-verdict.tsx";
import { OwnCap } from "./own-cap.tsx";
import { me, refreshMe } from "./session.ts";
import { connectKey, forgetKey } from "./student-client.ts";
import { useRequest } from "./use-request.ts";
import { whenWords } from "./when.ts";

/** The student's OpenAI key: what it is, how to make one, and the one field it is ever typed into. */
export function KeySheet({ onClose }: { readonly onClose: () => void }) {
  const [check, setCheck] = useState<KeyCheckState | null>(null);
  const [isReplacing, setReplacing] = useState(false);
  const [isForgotten, setForgotten] = useState(false);
  const student = me.value;
  const key = student?.key ?? null;
  const showsField = isReplacing || key === null || key.status === "unreadable";

  const checked = (state: KeyCheckState): void => {
    setCheck(state);
    setForgotten(false);
    const isSaved = stagesOf(state).some(({ stage, mark }) => stage === "saved" && mark === "passed");
    if (isSaved) setReplacing(false);
  };
  const forget = useRequest(async () => {
    const answer = await forgetKey();
    if (!answer.ok) return answer.sentence;
    setCheck(null);
    setForgotten(true);
    await refreshMe();
    return null;
  });

  if (!student) return null;
  return (
    <Dialog title={SHEET_WORDS.key} onClose={onClose} className="key-sheet">
      <p>{KEY_SHEET_WORDS.what}</p>
      <p class="quiet">{KEY_SHEET_WORDS.safe}</p>
      {key && <ConnectedKey saysTrouble={check === null} />}
      {showsField && <KeyForm onCheck={checked} hasOld={key !== null && key.status !== "unreadable"} />}
      {check !== null && <KeyVerdict state={check} onClose={onClose} hasOld={key !== null} isAlone={!showsField} />}
      {key && !showsField && (
        <div class="row">
          <button
            type="button"
            onClick={() => {
              setReplacing(true);
              setCheck(null);
            }}
          >
            {KEY_SHEET_WORDS.replace}
          </button>
          <TwoTaps
            label={KEY_SHEET_WORDS.forget}
            sure={KEY_SHEET_WORDS.sure}
            keep={KEY_SHEET_WORDS.keep}
            isBusy={forget.isBusy}
            onSure={forget.run}
          />
        </div>
      )}
      {key && isReplacing && (
        <button
          type="button"
          class="link"
          onClick={() => {
            setReplacing(false);
            setCheck(null);
          }}
        >
          {KEY_SHEET_WORDS.cancel}
        </button>
      )}
      <p class="hint" role="status">
        {isForgotten && KEY_SHEET_WORDS.forgotten}
      </p>
      <p class="alert" role="alert">
        {forget.problem}
      </p>
      {showsField && <KeyGuide />}
      <h3>{PAYS_TITLE}</h3>
      <p>
        {PAYS_WORDS[student.payer ?? "none"]}{" "}
        {student.payer === "student" && PAYS_WORDS[student.fallback ? "backTo" : "nothingBehind"]}
      </p>
      {(key || student.ownCapMicroUsd !== null) && <OwnCap />}
    </Dialog>
  );
}

/** What is left to see of a key: its end, its dates, and whether OpenAI liked it. */
function ConnectedKey({ saysTrouble }: { readonly saysTrouble: boolean }) {
  const key = me.value?.key;
  if (!key) return null;
  const { status, hint, connectedAt, lastUsedAt } = key;
  const nowMs = Date.now();
  return (
    <div class={`connected-key ${status}`}>
      <p class="key-end">{keyEnd(hint).trim()}</p>
      <dl>
        <dt>{KEY_SHEET_WORDS.connectedAt}</dt>
        <dd>{connectedAt === null ? "–" : whenWords(connectedAt, nowMs)}</dd>
        <dt>{KEY_SHEET_WORDS.lastUsedAt}</dt>
        <dd>{lastUsedAt === null ? KEY_SHEET_WORDS.never : whenWords(lastUsedAt, nowMs)}</dd>
      </dl>
      {saysTrouble && status !== "connected" && <p class="trouble">{OUTCOME_WORDS[status][0]}</p>}
    </div>
  );
}

interface KeyFormProps {
  readonly onCheck: (state: KeyCheckState) => void;
  readonly hasOld: boolean;
}

/** The key is read from the field once, and the field is empty before anything else happens. */
function KeyForm({ onCheck, hasOld }: KeyFormProps) {
  const field = useRef<HTMLInputElement>(null);
  const { isBusy, problem, run } = useRequest(async () => {
    const input = field.current;
    const pasted = pastedKey(input?.value ?? "");
    if (!looksLikeKey(pasted)) {
      onCheck("bad-shape");
      return null;
    }
    if (input) input.value = "";
    onCheck("asking");
    const answer = await connectKey(pasted);
    if (answer.ok) {
      if (answer.value.status !== "unreadable") onCheck(answer.value.status);
      await refreshMe();
      return null;
    }
    if (answer.code === "key_rejected" || answer.code === "bad_key_shape") {
      onCheck(answer.code === "key_rejected" ? "rejected" : "bad-shape");
      return null;
    }
    onCheck("not-asked");
    return answer.code === "too_many_requests"
      ? tooManyChecksWords(me.value?.limits.keyChecksPerMinute ?? 1)
      : answer.sentence;
  });
  return (
    <form class="key-form" onSubmit={run}>
      <label for="openai-key">{KEY_SHEET_WORDS.field}</label>
      <div class="row">
        <input
          ref={field}
          id="openai-key"
          type="password"
          required
          maxLength={600}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          data-1p-ignore
          data-lpignore="true"
          aria-describedby="openai-key-hint"
        />
        <button class="primary" type="submit" aria-disabled={isBusy}>
          {isBusy ? KEY_SHEET_WORDS.checking : KEY_SHEET_WORDS.check}
        </button>
      </div>
      <p id="openai-key-hint" class="hint">
        {KEY_SHEET_WORDS.fieldHint} {hasOld && KEY_SHEET_WORDS.oldStays}
      </p>
      <p class="alert" role="alert">
        {problem}
      </p>
    </form>
  );
}
