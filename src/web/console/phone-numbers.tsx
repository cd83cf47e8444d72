import { useEffect, useState } from "preact/hooks";
import type { NumberTarget } from "../../protocol/observed.ts";
import { type PhoneNumbers, readPhoneNumbers } from "./read-observed.ts";
import { askInstructor } from "./session.ts";
import { CheckShape } from "./shapes.tsx";
import { NUMBER_TARGET_WORDS, NUMBERS_WORDS, numberDetailWords } from "./words-metrics.ts";

const SHAPES = { here: "ok", elsewhere: "warning", nothing: "off" } as const satisfies Record<NumberTarget, string>;

/** Numbers of the instructor's Twilio account and where they lead; nothing where no account is set up. */
export function PhoneNumberList() {
  const [found, setFound] = useState<PhoneNumbers | null>(null);
  const [alert, setAlert] = useState("");
  useEffect(() => {
    void askInstructor("GET", "/phone-numbers", readPhoneNumbers).then((answer) => {
      if (answer.ok) setFound(answer.value);
      else if (answer.code !== "unauthorized") setAlert(answer.sentence);
    });
  }, []);
  if (alert === "" && (found === null || found.twilio === "off")) return null;
  return (
    <section class="phone-numbers" aria-labelledby="numbers-title">
      <h2 id="numbers-title">{NUMBERS_WORDS.title}</h2>
      {alert !== "" && (
        <p class="alert" role="alert">
          {alert}
        </p>
      )}
      {found?.twilio === "failed" && <p class="note warn">{NUMBERS_WORDS.failed}</p>}
      {found?.twilio === "ok" && <Numbers numbers={found.numbers} />}
    </section>
  );
}

function Numbers({ numbers }: Pick<PhoneNumbers, "numbers">) {
  if (numbers.length === 0) return <p class="quiet">{NUMBERS_WORDS.none}</p>;
  return (
    <>
      <p class="quiet">{NUMBERS_WORDS.lead}</p>
      <ul class="checks">
        {numbers.map(({ number, name, target, host, studentId }) => (
          <li key={number} class="check" data-status={target === "elsewhere" ? "warning" : target}>
            <p class="check-name">
              {number}
              {name !== "" && name !== number && <span class="quiet"> {name}</span>}
            </p>
            <p class="check-status">
              <CheckShape status={SHAPES[target]} />
              {NUMBER_TARGET_WORDS[target]}
            </p>
            <div class="check-found">
              <p>{numberDetailWords(target, host, studentId !== null)}</p>
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}
