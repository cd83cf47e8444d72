import { useState } from "preact/hooks";
import { number, orNull } from "../../protocol/read-fields.ts";
import { TwoTaps } from "../ui/two-taps.tsx";
import { AnnounceDialog } from "./announce-dialog.tsx";
import { poolOf } from "./lent.ts";
import { LentMeter } from "./lent-bar.tsx";
import { PlaceLink } from "./place-link.tsx";
import { PushDialog } from "./push-dialog.tsx";
import type { Room } from "./room.ts";
import { askInstructor, hasFallback, routeOf, workshop } from "./session.ts";
import { NeedShape } from "./shapes.tsx";
import { countWords, shortCost, spendWords } from "./words.ts";
import { LENT_WORDS } from "./words-money.ts";
import { BAR_WORDS, stopAgainWords } from "./words-wall.ts";
import "./room-bar.css";

/** How the workshop goes, in four numbers and the money that is lent, and what can be done for everybody at once. */
export function RoomBar({ room }: { readonly room: Room }) {
  const [open, setOpen] = useState<"announce" | "push" | null>(null);
  const [alert, setAlert] = useState("");
  const close = (): void => setOpen(null);
  const { wall, workshopId } = room;
  // No call goes on, and none can begin.
  const isClosed = (workshop.value?.closing ?? null) !== null;
  const ask = async (what: "pause" | "resume"): Promise<void> => {
    setAlert("");
    const answer = await askInstructor(
      "POST",
      routeOf(workshopId, `/${what}`),
      ({ count }) => orNull(number, count),
      {},
    );
    if (!answer.ok) setAlert(answer.sentence);
  };
  return (
    <section class="room-bar" aria-label={BAR_WORDS.actions}>
      <Numbers room={room} />
      <Pool room={room} />
      <div class="actions">
        {!isClosed && (
          <>
            <button type="button" onClick={() => setOpen("announce")}>
              {BAR_WORDS.announce}
            </button>
            <button type="button" onClick={() => setOpen("push")}>
              {BAR_WORDS.push}
            </button>
          </>
        )}
        <a class="button" href={`/api/workshop${routeOf(workshopId, "/export.csv")}`} download>
          {BAR_WORDS.export}
        </a>
        {isClosed ? null : wall.facts.value.paused ? (
          <button type="button" class="primary" onClick={() => void ask("resume")}>
            {BAR_WORDS.resume}
          </button>
        ) : (
          <TwoTaps
            label={BAR_WORDS.stop}
            sure={stopAgainWords(wall.totals.value.calls)}
            keep={BAR_WORDS.keep}
            onSure={() => void ask("pause")}
          />
        )}
      </div>
      <p class="alert" role="alert">
        {alert}
      </p>
      {open === "announce" && <AnnounceDialog room={room} onClose={close} />}
      {open === "push" && <PushDialog room={room} onClose={close} />}
    </section>
  );
}

function Numbers({ room: { wall } }: { readonly room: Room }) {
  const { counts, students, spend } = wall.totals.value;
  return (
    <dl class="numbers">
      <div>
        <dt>
          <NeedShape kind="in-call" /> {BAR_WORDS.inCall}
        </dt>
        <dd>{countWords(counts["in-call"])}</dd>
      </div>
      <div class={counts.stuck > 0 ? "has-stuck" : ""}>
        <dt>
          <NeedShape kind="stuck" /> {BAR_WORDS.stuck}
        </dt>
        <dd>{countWords(counts.stuck)}</dd>
      </div>
      <div>
        <dt>{BAR_WORDS.students}</dt>
        <dd>{countWords(students)}</dd>
      </div>
      <div title={spendWords(spend.student)}>
        <dt>{BAR_WORDS.them}</dt>
        <dd>{shortCost(spend.student)}</dd>
      </div>
    </dl>
  );
}

/** What is lent to the class, or was; it leads to who has it. */
function Pool({ room: { wall, workshopId } }: { readonly room: Room }) {
  const money = wall.money.value;
  if (money === null || (!hasFallback.value && money.spentMicroUsd + money.heldMicroUsd === 0)) return null;
  return (
    <PlaceLink to={{ workshopId, view: "spend" }} className="pool">
      <LentMeter name={LENT_WORDS.pool} lent={poolOf(money, wall.totals.value.isPoolRefused)} />
    </PlaceLink>
  );
}
