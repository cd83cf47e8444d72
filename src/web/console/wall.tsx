import { signal } from "@preact/signals";
import { JoinCard } from "./join-card.tsx";
import { FILTERS } from "./need.ts";
import type { Room } from "./room.ts";
import { workshop } from "./session.ts";
import { NeedShape } from "./shapes.tsx";
import { StudentSheet } from "./student-sheet.tsx";
import { StudentTile } from "./student-tile.tsx";
import { countWords, JOIN_CARD_WORDS } from "./words.ts";
import { CLOSED_ROOM_WORDS } from "./words-closing.ts";
import { FILTER_WORDS, WALL_WORDS } from "./words-wall.ts";
import "./wall.css";

type Layout = "grid" | "list";

/** More do not fit on a screen as tiles. */
const GRID_STUDENTS = 40;

const opened = signal<string | null>(null);
/** `null`: whichever fits the number of students. */
const chosenLayout = signal<Layout | null>(null);

/** Every student, those who need somebody first. */
export function Wall({ room }: { readonly room: Room }) {
  const { wall, workshopId } = room;
  if (!wall.isKnown.value) return <p class="looking quiet">{WALL_WORDS.connecting}</p>;
  if (wall.entries.value.size === 0 && workshop.value?.closing) {
    return (
      <div class="nobody">
        <h2>{CLOSED_ROOM_WORDS.title}</h2>
        <p class="quiet">{CLOSED_ROOM_WORDS.noWall}</p>
      </div>
    );
  }
  if (wall.entries.value.size === 0) {
    return (
      <div class="nobody">
        <h2>{JOIN_CARD_WORDS.nobody}</h2>
        <p class="quiet">{JOIN_CARD_WORDS.nobodyHint}</p>
        <JoinCard room={room} />
      </div>
    );
  }
  const layout = chosenLayout.value ?? (wall.entries.value.size > GRID_STUDENTS ? "list" : "grid");
  const sheetOf = opened.value === null ? undefined : wall.entries.value.get(opened.value);
  return (
    <section aria-label={WALL_WORDS.title}>
      <Tools room={room} layout={layout} />
      <Tiles room={room} layout={layout} />
      {sheetOf && (
        <StudentSheet
          key={`${workshopId} ${sheetOf.studentId}`}
          room={room}
          entry={sheetOf}
          onClose={() => {
            opened.value = null;
          }}
        />
      )}
    </section>
  );
}

function Tools({ room: { wall }, layout }: { readonly room: Room; readonly layout: Layout }) {
  const { counts } = wall.totals.value;
  return (
    <div class="wall-tools">
      <fieldset class="chips">
        <legend class="hidden-label">{WALL_WORDS.filters}</legend>
        {FILTERS.map((filter) => (
          <button
            key={filter}
            type="button"
            class="chip"
            aria-pressed={wall.filter.value === filter}
            onClick={() => wall.choose(filter)}
          >
            {filter !== "all" && <NeedShape kind={filter === "limit" ? "near-limit" : filter} />}
            {FILTER_WORDS[filter]} <span class="count">{countWords(counts[filter])}</span>
          </button>
        ))}
      </fieldset>
      <input
        type="search"
        class="search"
        aria-label={WALL_WORDS.search}
        placeholder={WALL_WORDS.search}
        autocomplete="off"
        value={wall.search.value}
        onInput={(event) => wall.look(event.currentTarget.value)}
      />
      <fieldset class="chips layouts">
        <legend class="hidden-label">{WALL_WORDS.layout}</legend>
        {(["grid", "list"] as const).map((name) => (
          <button
            key={name}
            type="button"
            class="chip"
            aria-pressed={layout === name}
            onClick={() => {
              chosenLayout.value = name;
            }}
          >
            {WALL_WORDS[name]}
          </button>
        ))}
      </fieldset>
    </div>
  );
}

const studentAt = (target: EventTarget | null): string | null =>
  target instanceof Element ? (target.closest<HTMLElement>("[data-student]")?.dataset.student ?? null) : null;

const open = (studentId: string): void => {
  opened.value = studentId;
};

const STEPS: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };

/** Arrows go from tile to tile; the Tab key does as well. */
function step(event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void {
  const by = STEPS[event.key];
  if (by === undefined) return;
  const buttons = [...event.currentTarget.querySelectorAll<HTMLElement>(".tile-name")];
  const at = event.target instanceof HTMLElement ? buttons.indexOf(event.target) : -1;
  const next = at === -1 ? undefined : buttons[at + by];
  if (next === undefined) return;
  event.preventDefault();
  next.focus();
}

function Tiles({ room: { wall }, layout }: { readonly room: Room; readonly layout: Layout }) {
  const shown = wall.shown.value;
  if (shown.length === 0) return <p class="looking quiet">{WALL_WORDS.noMatch}</p>;
  return (
    <ul
      class="wall"
      data-layout={layout}
      data-stale={wall.staleMs.value !== null}
      onPointerOver={(event) => wall.hold("pointer", studentAt(event.target))}
      onPointerLeave={() => wall.hold("pointer", null)}
      onFocusIn={(event) => wall.hold("focus", studentAt(event.target))}
      onFocusOut={() => wall.hold("focus", null)}
      onKeyDown={step}
    >
      {shown.map((entry) => (
        <StudentTile key={entry.studentId} entry={entry} wall={wall} onOpen={open} />
      ))}
    </ul>
  );
}
