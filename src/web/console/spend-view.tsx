import { computed, effect } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { platformWorld } from "../call-socket-world.ts";
import type { Answer } from "../rest-client.ts";
import { BorrowerList } from "./borrower-list.tsx";
import { Paced } from "./paced.ts";
import { PoolCard } from "./pool-card.tsx";
import { type Ledger, readSpend } from "./read-replies.ts";
import type { Room } from "./room.ts";
import { askInstructor, routeOf } from "./session.ts";
import { SpendTables } from "./spend-tables.tsx";
import { SPEND_WORDS, unreadableWords } from "./words-money.ts";
import "./spend-view.css";

/** While money is spent the ledger is read again this often at most: all of it is added up each time. */
const LEDGER_MS = 5_000;
/** The first that is spent is waited for: the ledger follows the line within a second or so. */
const FIRST_MS = 700;
const FIRST_TRIES = 5;

/** What the workshop has cost, who uses the instructor's key, and what is left of it. */
export function SpendView({ room }: { readonly room: Room }) {
  const { ledger, alert, refresh } = useLedger(room);
  const csv = (name: string): string => `/api/workshop${routeOf(room.workshopId, name)}`;
  return (
    <div class="spend">
      <div class="title-row">
        <h2>{SPEND_WORDS.title}</h2>
        <div class="field-row">
          <a class="button" href={csv("/export.csv")} download>
            {SPEND_WORDS.callsCsv}
          </a>
          <a class="button" href={csv("/ledger.csv")} download>
            {SPEND_WORDS.ledgerCsv}
          </a>
          <button type="button" onClick={refresh}>
            {SPEND_WORDS.again}
          </button>
          <button type="button" onClick={() => print()}>
            {SPEND_WORDS.print}
          </button>
        </div>
      </div>
      <PoolCard room={room} />
      <p class="alert" role="alert">
        {alert}
      </p>
      {ledger === null ? (
        alert === "" && <p class="looking quiet">{SPEND_WORDS.loading}</p>
      ) : (
        <>
          <BorrowerList room={room} rows={ledger.rows} />
          <SpendTables rows={ledger.rows} />
          {ledger.unreadable > 0 && <p class="alert">{unreadableWords(ledger.unreadable)}</p>}
        </>
      )}
      <p class="hint">{SPEND_WORDS.note}</p>
    </div>
  );
}

interface ShownLedger {
  /** `null`: not here yet. */
  readonly ledger: Ledger | null;
  /** Why it is not newer. */
  readonly alert: string;
  readonly refresh: () => void;
}

/** The ledger's sums, read again whenever somebody has spent something. */
function useLedger({ wall, workshopId }: Room): ShownLedger {
  const [ledger, setLedger] = useState<Ledger | null>(null);
  const [alert, setAlert] = useState("");
  const paced = useRef<Paced | null>(null);
  useEffect(() => {
    let isEmpty = false;
    let tries = 0;
    let stopTimer = (): void => {};
    const spentMicroUsd = computed(() => {
      const { student, instructor } = wall.totals.value.spend;
      return (wall.money.value?.spentMicroUsd ?? 0) + student.knownMicroUsd + instructor.knownMicroUsd;
    });
    const asking = new Paced(
      async () => {
        const answer: Answer<Ledger> = await askInstructor("GET", routeOf(workshopId, "/spend"), readSpend);
        setAlert(answer.ok ? "" : answer.sentence);
        if (!answer.ok) return;
        setLedger(answer.value);
        isEmpty = answer.value.rows.length === 0;
        if (isEmpty && spentMicroUsd.peek() > 0 && tries < FIRST_TRIES) {
          tries += 1;
          stopTimer = platformWorld.startTimer(() => asking.hurry(), FIRST_MS);
        }
      },
      LEDGER_MS,
      platformWorld,
    );
    paced.current = asking;
    const stop = effect(() => {
      if (spentMicroUsd.value > 0 && isEmpty && tries === 0) asking.hurry();
      else asking.want();
    });
    return () => {
      stop();
      stopTimer();
      asking.close();
    };
  }, [wall, workshopId]);
  return { ledger, alert, refresh: () => paced.current?.hurry() };
}
