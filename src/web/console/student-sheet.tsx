import { useState } from "preact/hooks";
import type { WallCall } from "../../protocol/live-messages.ts";
import type { StudentSummary } from "../../protocol/rest-workshop.ts";
import { type Method, nothing } from "../rest-client.ts";
import { CopyButton } from "../ui/copy-button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { TwoTaps } from "../ui/two-taps.tsx";
import { milliseconds } from "../words.ts";
import { allowanceOf } from "./lent.ts";
import { LentMeter } from "./lent-bar.tsx";
import type { Room } from "./room.ts";
import { askInstructor, routeOf } from "./session.ts";
import { NeedShape } from "./shapes.tsx";
import { asSum } from "./spend-sum.ts";
import type { Entry } from "./wall-store.ts";
import { ageWords, countWords, spendWords } from "./words.ts";
import { METRICS_WORDS, traceCommand } from "./words-metrics.ts";
import { LENT_WORDS } from "./words-money.ts";
import {
  adviceWords,
  CALL_STATE_WORDS,
  END_WORDS,
  failureWords,
  hintWords,
  KEY_STATUS_WORDS,
  LIMIT_ADVICE,
  NEED_WORDS,
  PAYER_WORDS,
  SHEET_WORDS,
  seenWords,
  stuckWords,
  WALL_WORDS,
  WAY_IN_WORDS,
} from "./words-wall.ts";
import "./student-sheet.css";
import "./fields.css";

interface StudentSheetProps {
  readonly room: Room;
  readonly entry: Entry;
  readonly onClose: () => void;
}

/** One student: first why they do not get on, then the facts, then what can be done. Never a word of a call, never a key. */
export function StudentSheet({ room, entry, onClose }: StudentSheetProps) {
  const [done, setDone] = useState("");
  const [alert, setAlert] = useState("");
  const student = entry.student.value;
  const { kind, reason, stage } = entry.need.value;
  const lent = allowanceOf(student, room.wall.studentMicroUsd.value);
  const path = (rest: string): string => routeOf(room.workshopId, rest);
  const own = `/students/${encodeURIComponent(entry.studentId)}`;

  const ask = async (method: Method, route: string, words: string): Promise<boolean> => {
    setDone("");
    setAlert("");
    const answer = await askInstructor(method, path(route), nothing, method === "POST" ? {} : undefined);
    if (answer.ok) setDone(words);
    else setAlert(answer.sentence);
    return answer.ok;
  };
  const erase = async (): Promise<void> => {
    if (await ask("DELETE", own, "")) onClose();
  };
  return (
    <Dialog title={student.name ?? WALL_WORDS.unnamed} onClose={onClose} className="student-sheet">
      <div class="sheet-need" data-kind={kind}>
        <p>
          <NeedShape kind={kind} /> <strong>{NEED_WORDS[kind]}</strong>
          {reason && <span>: {stuckWords(reason)}</span>}
        </p>
        {reason && <p class="hint">{adviceWords(reason)}</p>}
        {!reason && stage !== "ok" && <p class="hint">{LIMIT_ADVICE[stage]}</p>}
      </div>
      {(student.keyStatus === null || lent.spentMicroUsd + lent.heldMicroUsd > 0) && (
        <LentMeter name={LENT_WORDS.student} lent={lent} />
      )}
      <Facts room={room} entry={entry} summary={room.summaries.value?.get(entry.studentId)} />
      {student.calls.length > 0 && (
        <section aria-labelledby="sheet-calls">
          <h3 id="sheet-calls">{SHEET_WORDS.live}</h3>
          <ul class="sheet-calls">
            {student.calls.map((call) => (
              <li key={call.callId}>
                <span>{callWords(call, room.wall.nowMs.value)}</span>
                <p class="trace">
                  <code>{traceCommand(call.callId)}</code>{" "}
                  <CopyButton text={traceCommand(call.callId)} what={METRICS_WORDS.trace} />
                </p>
                <TwoTaps
                  label={SHEET_WORDS.endCall}
                  sure={SHEET_WORDS.endCallAgain}
                  keep={SHEET_WORDS.keep}
                  onSure={() =>
                    void ask("POST", `/calls/${encodeURIComponent(call.callId)}/end`, SHEET_WORDS.callEnded)
                  }
                />
              </li>
            ))}
          </ul>
        </section>
      )}
      <div class="field-row sheet-actions">
        {student.keyStatus !== null && (
          <TwoTaps
            label={SHEET_WORDS.forgetKey}
            sure={SHEET_WORDS.forgetKeyAgain}
            keep={SHEET_WORDS.keep}
            onSure={() => void ask("DELETE", `${own}/key`, SHEET_WORDS.keyForgotten)}
          />
        )}
        <TwoTaps
          label={SHEET_WORDS.erase}
          sure={SHEET_WORDS.eraseAgain}
          keep={SHEET_WORDS.keep}
          onSure={() => void erase()}
        />
      </div>
      <p class="hint">{SHEET_WORDS.eraseHint}</p>
      <p class="report" role="status">
        {done}
      </p>
      <p class="alert" role="alert">
        {alert}
      </p>
    </Dialog>
  );
}

interface FactsProps {
  readonly room: Room;
  readonly entry: Entry;
  readonly summary: StudentSummary | undefined;
}

function Facts({ room: { wall }, entry, summary }: FactsProps) {
  const { keyStatus, online, lastSeenAtMs, lastCall, turnCount, latenciesMs, spend } = entry.student.value;
  const nowMs = wall.nowMs.value;
  const joinedAtMs = wall.joinedAtMs(entry.studentId);
  const ago = (atMs: number): string => seenWords(ageWords(nowMs - atMs));
  const key = keyStatus && `${KEY_STATUS_WORDS[keyStatus]}${hintWords(summary?.keyHint ?? null)}`;
  const facts: readonly (readonly [name: string, words: string])[] = [
    [SHEET_WORDS.key, key ?? SHEET_WORDS.noKey],
    [SHEET_WORDS.page, online ? SHEET_WORDS.online : SHEET_WORDS.closed],
    ...(lastSeenAtMs === null ? [] : [[SHEET_WORDS.seen, ago(lastSeenAtMs)] as const]),
    ...(joinedAtMs === null ? [] : [[SHEET_WORDS.joined, ago(joinedAtMs)] as const]),
    [SHEET_WORDS.turns, countWords(turnCount)],
    ...(latenciesMs.length === 0
      ? []
      : [[WALL_WORDS.latency, latenciesMs.map((ms) => milliseconds(ms)).join(", ")] as const]),
    [
      SHEET_WORDS.lastCall,
      lastCall
        ? [
            WAY_IN_WORDS[lastCall.wayIn],
            PAYER_WORDS[lastCall.keySource],
            lastCall.failure === null
              ? lastCall.endReason && END_WORDS[lastCall.endReason]
              : failureWords(lastCall.failure),
            ago(lastCall.endedAtMs),
          ]
            .filter(Boolean)
            .join(" · ")
        : SHEET_WORDS.none,
    ],
    [SHEET_WORDS.you, spendWords(asSum(spend.instructor))],
    [SHEET_WORDS.them, spendWords(asSum(spend.student))],
  ];
  return (
    <dl class="facts-list">
      {facts.map(([name, words]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{words}</dd>
        </div>
      ))}
    </dl>
  );
}

const callWords = ({ wayIn, state, keySource, startedAtMs }: WallCall, nowMs: number): string =>
  [WAY_IN_WORDS[wayIn], CALL_STATE_WORDS[state], PAYER_WORDS[keySource], ageWords(nowMs - startedAtMs)].join(" · ");
