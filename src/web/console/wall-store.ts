import { batch, type Signal, signal } from "@preact/signals";
import type { LendingLimits } from "../../protocol/bill.ts";
import type { ConsoleLiveMessage, WallStudent, WorkshopFacts, WorkshopMoney } from "../../protocol/live-messages.ts";
import { wasRefused } from "./lent.ts";
import { FILTERS, type Filter, isBehind, isSameNeed, type Need, needOf } from "./need.ts";
import { addSpend, NO_SUM, type SpendSum } from "./spend-sum.ts";
import { arrange, byNeed } from "./wall-order.ts";
import { EMPTY_WALL, foldWall } from "./wall-view.ts";

/** One student of the wall. Each has signals of their own, so that what happens to one draws one tile. */
export interface Entry {
  readonly studentId: string;
  readonly student: Signal<WallStudent>;
  readonly need: Signal<Need>;
}

export interface Totals {
  readonly students: number;
  /** Calls that go on; a student may be in two. */
  readonly calls: number;
  readonly spend: { readonly student: SpendSum; readonly instructor: SpendSum };
  /** How many are behind each filter. */
  readonly counts: Readonly<Record<Filter, number>>;
  /** Somebody's last call was refused the class's money. */
  readonly isPoolRefused: boolean;
}

export interface Learned {
  readonly joinedAtMs?: ReadonlyMap<string, number>;
  readonly hasFallback?: boolean;
  readonly limits?: LendingLimits;
}

export type Holder = "pointer" | "focus";

export interface WallStoreWorld {
  /** Milliseconds since 1970, by this machine. */
  nowMs(): number;
  /** Whoever is on the wall and has no join time yet is asked for, by REST. */
  onUnknownStudents(): void;
  /** Returns what takes the timer back. */
  startTimer(run: () => void, afterMs: number): () => void;
}

/** The order is made anew this often at most, however much happens. */
export const ARRANGE_MS = 2_000;
/**
 * Changes are shown this often, of so many students at a time. A class in which everything happens at once is then drawn in
 * slices, each far shorter than a frame that anybody would miss.
 */
export const SHOW_MS = 50;
export const SLICE_STUDENTS = 25;

/** What the wall shows: the fold of `/live` as signals, the order, the filter. No DOM; time is told by {@link tick}. */
export class WallStore {
  readonly entries = signal<ReadonlyMap<string, Entry>>(new Map());
  readonly shown = signal<readonly Entry[]>([]);
  readonly totals = signal<Totals>(totalsOf([]));
  readonly facts = signal<WorkshopFacts>(EMPTY_WALL.facts);
  /** What is lent of the instructor's key; `null`: not told yet. */
  readonly money = signal<WorkshopMoney | null>(null);
  /** How much of it one student may have, apart: all tiles hang on it. `null`: no limit. */
  readonly studentMicroUsd = signal<number | null>(null);
  /** Whether the wall has been told at all. */
  readonly isKnown = signal(false);
  readonly filter = signal<Filter>("all");
  readonly search = signal("");
  /** The server's clock, as far as it was told, moved on by {@link tick}. */
  readonly nowMs = signal(0);
  /** For how long nothing has come because the line is lost; `null`: what is shown is so now. */
  readonly staleMs = signal<number | null>(null);
  readonly #world: WallStoreWorld;
  #view = EMPTY_WALL;
  #offsetMs = 0;
  #joinedAtMs: ReadonlyMap<string, number> = new Map();
  #hasFallback = true;
  #lostAtMs: number | null = null;
  readonly #held: Record<Holder, string | null> = { pointer: null, focus: null };
  #arrangedAtMs = Number.NEGATIVE_INFINITY;
  /** Students that have changed and are not shown so yet, longest waiting first. */
  readonly #waiting = new Set<string>();
  #stopShowing: (() => void) | undefined;

  constructor(world: WallStoreWorld) {
    this.#world = world;
  }

  apply(message: ConsoleLiveMessage): void {
    const { view, changed, gone } = foldWall(this.#view, message);
    this.#view = view;
    this.#lostAtMs = null;
    this.staleMs.value = null;
    if ("nowMs" in message) this.#offsetMs = message.nowMs - this.#world.nowMs();
    if (!this.isKnown.peek()) this.tick();
    this.isKnown.value = true;
    this.facts.value = view.facts;
    if (view.money !== null && view.money !== this.money.peek()) this.#lend(view.money);
    const known = this.entries.peek();
    const added = changed.filter((id) => !known.has(id));
    for (const id of changed) if (known.has(id)) this.#waiting.add(id);
    if (added.length > 0 || gone.length > 0) this.#recruit(added, gone);
    if (this.#waiting.size > 0) this.#stopShowing ??= this.#world.startTimer(() => this.#show(), SHOW_MS);
    if (added.some((id) => !this.#joinedAtMs.has(id))) this.#world.onUnknownStudents();
  }

  /** Nothing more is shown. */
  close(): void {
    this.#stopShowing?.();
  }

  /** The line is gone: from now on all that is shown grows old. */
  lose(): void {
    this.#lostAtMs ??= this.#world.nowMs();
    this.tick();
  }

  /** What REST tells: when each joined, whether the instructor's key may pay, and how much, before the line says so. */
  learn(facts: Learned): void {
    this.#joinedAtMs = facts.joinedAtMs ?? this.#joinedAtMs;
    this.#hasFallback = facts.hasFallback ?? this.#hasFallback;
    const money = this.money.peek();
    if (facts.limits && money) this.#lend({ ...money, limits: facts.limits });
    this.#reconsider();
  }

  #lend(money: WorkshopMoney): void {
    this.#view = { ...this.#view, money };
    this.money.value = money;
    if (this.studentMicroUsd.peek() === money.limits.studentMicroUsd) return;
    this.studentMicroUsd.value = money.limits.studentMicroUsd;
    this.#reconsider();
  }

  joinedAtMs(studentId: string): number | null {
    return this.#joinedAtMs.get(studentId) ?? null;
  }

  /** Time passes: ages grow, somebody falls quiet, and what has changed since finds its place. */
  tick(): void {
    this.nowMs.value = this.#timeMs;
    this.staleMs.value = this.#lostAtMs === null ? null : this.#world.nowMs() - this.#lostAtMs;
    this.#reconsider();
    if (this.#world.nowMs() - this.#arrangedAtMs >= ARRANGE_MS) this.arrange();
  }

  /** The tile that the pointer or the keyboard is on; `null`: none. The pointer comes first: it is about to press. */
  hold(holder: Holder, studentId: string | null): void {
    this.#held[holder] = studentId;
  }

  choose(filter: Filter): void {
    this.filter.value = filter;
    this.arrange();
  }

  look(search: string): void {
    this.search.value = search;
    this.arrange();
  }

  /** Puts everybody in their place now. */
  arrange(): void {
    this.#arrangedAtMs = this.#world.nowMs();
    const entries = this.entries.peek();
    const wanted = [...entries.values()]
      .filter((entry) => this.#isWanted(entry))
      .map(rankedOf)
      .sort(byNeed);
    const current = this.shown.peek();
    const before = current.map(({ studentId }) => studentId);
    const held = this.#held.pointer ?? this.#held.focus;
    const heldId = held !== null && entries.has(held) ? held : null;
    const after = arrange(
      before,
      wanted.map(({ studentId }) => studentId),
      heldId,
    );
    if (after !== before) this.shown.value = after.flatMap((id) => entries.get(id) ?? []);
  }

  #isWanted({ student, need }: Entry): boolean {
    const search = this.search.peek().trim().toLocaleLowerCase();
    const name = (student.peek().name ?? "").toLocaleLowerCase();
    return isBehind(this.filter.peek(), need.peek()) && name.includes(search);
  }

  /** Who comes and who goes is shown at once. */
  #recruit(added: readonly string[], gone: readonly string[]): void {
    const entries = new Map(this.entries.peek());
    for (const studentId of added) {
      const student = this.#view.students.get(studentId);
      if (student) entries.set(studentId, { studentId, student: signal(student), need: signal(this.#needOf(student)) });
    }
    for (const id of gone) {
      entries.delete(id);
      this.#waiting.delete(id);
    }
    this.entries.value = entries;
    this.totals.value = totalsOf([...entries.values()]);
    this.arrange();
  }

  /** Brings the next slice of those that wait to what the view has. */
  #show(): void {
    this.#stopShowing = undefined;
    const entries = this.entries.peek();
    batch(() => {
      for (const id of [...this.#waiting].slice(0, SLICE_STUDENTS)) {
        this.#waiting.delete(id);
        const [entry, student] = [entries.get(id), this.#view.students.get(id)];
        if (!entry || !student) continue;
        entry.student.value = student;
        setNeed(entry, this.#needOf(student));
      }
      this.totals.value = totalsOf([...entries.values()]);
    });
    if (this.#waiting.size > 0) this.#stopShowing = this.#world.startTimer(() => this.#show(), SHOW_MS);
  }

  /** The server's clock. While the line is lost it stands still: what is shown does not change behind its age. */
  get #timeMs(): number {
    return (this.#lostAtMs ?? this.#world.nowMs()) + this.#offsetMs;
  }

  #reconsider(): void {
    const entries = [...this.entries.peek().values()];
    for (const entry of entries) setNeed(entry, this.#needOf(entry.student.peek()));
    this.totals.value = totalsOf(entries);
  }

  #needOf(student: WallStudent): Need {
    return needOf(student, {
      nowMs: this.#timeMs,
      joinedAtMs: this.joinedAtMs(student.studentId),
      hasFallback: this.#hasFallback,
      studentMicroUsd: this.studentMicroUsd.peek(),
    });
  }
}

/** A need that says the same is the same: its tile is not drawn again. */
function setNeed({ need }: Entry, next: Need): void {
  if (!isSameNeed(need.peek(), next)) need.value = next;
}

const rankedOf = ({ studentId, student, need }: Entry) => ({
  studentId,
  kind: need.peek().kind,
  name: student.peek().name ?? "",
});

function totalsOf(entries: readonly Entry[]): Totals {
  const counts = { all: 0, stuck: 0, limit: 0, "in-call": 0, fallback: 0, quiet: 0 };
  let calls = 0;
  let isPoolRefused = false;
  let own = NO_SUM;
  let instructor = NO_SUM;
  for (const { student, need } of entries) {
    for (const filter of FILTERS) if (isBehind(filter, need.peek())) counts[filter] += 1;
    isPoolRefused ||= wasRefused(student.peek(), "pool_used");
    calls += student.peek().calls.length;
    own = addSpend(own, student.peek().spend.student);
    instructor = addSpend(instructor, student.peek().spend.instructor);
  }
  return { students: entries.length, calls, spend: { student: own, instructor }, counts, isPoolRefused };
}
