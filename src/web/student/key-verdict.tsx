import { useEffect, useRef } from "preact/hooks";
import { KEY_SHEET_WORDS, KEY_URLS, MARK_WORDS, OUTCOME_WORDS, STAGE_WORDS } from "../words.ts";
import { type KeyCheckState, type StageMark, stagesOf } from "./key-check.ts";

const MARK_PATHS: Readonly<Record<StageMark, string>> = {
  passed: "m5.5 10.5 3 3 6-7",
  failed: "m6 6 8 8m0-8-8 8",
  unknown: "M7.5 8a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .8-1 1.7M10 14.5v.1",
  busy: "M10 4a6 6 0 0 1 6 6",
  open: "M7 10h6",
};

const LINKS: Readonly<Partial<Record<KeyCheckState, string>>> = {
  rejected: KEY_URLS.keys,
  restricted: KEY_URLS.keys,
  no_credit: KEY_URLS.billing,
};

interface KeyVerdictProps {
  readonly state: KeyCheckState;
  readonly onClose: () => void;
  /** Another key is connected, and stays so unless this one is saved. */
  readonly hasOld: boolean;
  /** The field is gone, and with it the focus. */
  readonly isAlone: boolean;
}

/** The check of a key, stage by stage, and the one thing to do about its outcome. */
export function KeyVerdict({ state, onClose, hasOld, isAlone }: KeyVerdictProps) {
  const next = useRef<HTMLButtonElement & HTMLAnchorElement>(null);
  useEffect(() => {
    if (isAlone && document.activeElement === document.body) next.current?.focus();
  }, [isAlone]);
  if (state === "not-asked") return null;
  const [sentence, action] = state === "asking" ? [null, null] : OUTCOME_WORDS[state];
  const link = LINKS[state];
  const isGood = state === "connected";
  return (
    <div class="verdict">
      <ol class="stages" aria-label={KEY_SHEET_WORDS.stages}>
        {stagesOf(state).map(({ stage, mark }) => (
          <li key={`${stage}-${mark}`} class={mark}>
            <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
              <path d={MARK_PATHS[mark]} />
            </svg>
            <span>{STAGE_WORDS[stage]}</span>
            <span class="hidden-label">: {MARK_WORDS[mark]}</span>
          </li>
        ))}
      </ol>
      <div role={isGood ? "status" : "alert"} class={`note ${isGood ? "good" : "warn"}`} hidden={sentence === null}>
        <p>
          {sentence} {state === "rejected" && hasOld && KEY_SHEET_WORDS.oldStays}
        </p>
        {action !== null && link !== undefined && (
          <a ref={next} class="button" href={link} target="_blank" rel="noopener noreferrer">
            {action}
          </a>
        )}
        {action !== null && link === undefined && (
          <button ref={next} type="button" class={isGood ? "primary" : ""} onClick={onClose}>
            {action}
          </button>
        )}
      </div>
    </div>
  );
}
