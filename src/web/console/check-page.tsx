import { useEffect, useState } from "preact/hooks";
import { CHECKS, type CheckName } from "../../protocol/rest-workshop.ts";
import { PhoneNumberList } from "./phone-numbers.tsx";
import { readChecks, type ShownCheck } from "./read-replies.ts";
import { askInstructor } from "./session.ts";
import { CheckShape } from "./shapes.tsx";
import { CHECK_NAMES, CHECK_STATUS_WORDS, CHECK_WORDS, checkSumWords } from "./words.ts";
import "./check-page.css";

type Line = ShownCheck | { readonly name: string; readonly status: "running" };

const RUNNING: readonly Line[] = CHECKS.map((name) => ({ name, status: "running" }));

const isCheckName = (name: string): name is CheckName => Object.hasOwn(CHECK_NAMES, name);

/** Whether the server is ready, line by line, with what to do beside what is not. */
export function CheckPage() {
  const [lines, setLines] = useState(RUNNING);
  const [isRunning, setRunning] = useState(true);
  const [alert, setAlert] = useState("");
  const run = async (): Promise<void> => {
    setRunning(true);
    setAlert("");
    // A line that was there once stays, so that nothing jumps.
    setLines((before) => before.map(({ name }) => ({ name, status: "running" })));
    const answer = await askInstructor("GET", "/check", readChecks);
    setRunning(false);
    if (answer.ok) setLines(answer.value);
    else setAlert(answer.sentence);
  };
  useEffect(() => void run(), []);
  const count = (status: Line["status"]): number => lines.filter((line) => line.status === status).length;
  return (
    <main class="narrow check-page">
      <div class="title-row">
        <h1>{CHECK_WORDS.title}</h1>
        <button type="button" disabled={isRunning} onClick={() => void run()}>
          {CHECK_WORDS.again}
        </button>
      </div>
      <p class="quiet" role="status">
        {isRunning ? CHECK_WORDS.lead : alert === "" && checkSumWords(count("failed"), count("warning"))}
      </p>
      <p class="alert" role="alert">
        {alert}
      </p>
      <ul class="checks" aria-busy={isRunning}>
        {(isRunning || alert === "") && lines.map((line) => <CheckLine key={line.name} line={line} />)}
      </ul>
      <PhoneNumberList />
    </main>
  );
}

const CheckLine = ({ line }: { readonly line: Line }) => (
  <li class="check" data-status={line.status}>
    <p class="check-name">{isCheckName(line.name) ? CHECK_NAMES[line.name] : line.name}</p>
    <p class="check-status">
      <CheckShape status={line.status} />
      {line.status === "running" ? CHECK_WORDS.running : CHECK_STATUS_WORDS[line.status]}
    </p>
    {line.status !== "running" && (
      <div class="check-found">
        <p>{line.found}</p>
        {line.fix !== "" && <p class="check-fix">{line.fix}</p>}
      </div>
    )}
  </li>
);
