import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { STEP_DONE_WORDS, STEP_OPEN_WORDS, STEP_WORDS, STEPS_TITLE, stepsWords } from "../words.ts";
import { type CallFacts, FIRST_STEPS, stepsDone } from "./checklist-facts.ts";
import { callsChanged, me } from "./session.ts";
import { latestCalls, usedTool } from "./student-client.ts";

/** Calls that are looked into for a tool, the latest first. */
const MOST_LOOKED_INTO = 5;
/** Calls that are over do not change. */
const withTool = new Map<string, boolean>();

async function callFacts(): Promise<CallFacts | null> {
  const latest = await latestCalls();
  if (!latest.ok) return null;
  const keySources = latest.value.map(({ keySource }) => keySource);
  for (const { id } of latest.value.filter(({ turnCount }) => turnCount > 0).slice(0, MOST_LOOKED_INTO)) {
    if (!withTool.has(id)) {
      const answer = await usedTool(id);
      if (answer.ok) withTool.set(id, answer.value);
    }
    if (withTool.get(id)) return { keySources, usedTool: true };
  }
  return { keySources, usedTool: false };
}

/** First steps that tick themselves; in nobody's way. */
export function Checklist() {
  const facts = useSignal<CallFacts>({ keySources: [], usedTool: false });
  const changes = callsChanged.value;
  // Each call that ends may tick a step.
  useEffect(() => {
    let isHere = true;
    void callFacts().then((found) => {
      if (isHere && found) facts.value = found;
    });
    return () => {
      isHere = false;
    };
  }, [changes]);
  if (!me.value) return null;
  const done = stepsDone(me.value, facts.value);
  return (
    <details class="checklist">
      <summary>
        <span class="steps-title">{STEPS_TITLE}</span>
        <span class="dots" aria-hidden="true">
          {FIRST_STEPS.map((step) => (
            <i key={step} class={done.has(step) ? "done" : ""} />
          ))}
        </span>
        <span class="quiet">{stepsWords(done.size, FIRST_STEPS.length)}</span>
      </summary>
      <ol>
        {FIRST_STEPS.map((step) => (
          <li key={step} class={done.has(step) ? "done" : ""}>
            <svg class="tick" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
              <circle cx="10" cy="10" r="8" />
              {done.has(step) && <path d="m6 10.5 3 3 5.5-6.5" />}
            </svg>
            <div>
              <span class="hidden-label">{done.has(step) ? STEP_DONE_WORDS : STEP_OPEN_WORDS}</span>
              <strong>{STEP_WORDS[step][0]}</strong>
              {!done.has(step) && <p class="hint">{STEP_WORDS[step][1]}</p>}
            </div>
          </li>
        ))}
      </ol>
    </details>
  );
}
