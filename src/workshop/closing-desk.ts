import { Failure, type Reason, reasonOf } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import type { WorkshopId } from "../protocol/ids.ts";
import { type ClosingDates, type ClosingPlan, isSameClosing, newPlan } from "./closing-plan.ts";

/** The workshop's row, which is the truth. Each step does only what the row says is due, and returns what it says then. */
export interface ClosingRows {
  find(id: WorkshopId): Promise<ClosingRow>;
  /** `isDone`: no live call holds a key either. */
  deleteKeys(id: WorkshopId, nowMs: number, isDone: boolean): Promise<ClosingRow>;
  erase(id: WorkshopId, nowMs: number): Promise<ClosingRow>;
}

/** `undefined`: there is no such workshop. */
export type ClosingRow = { readonly closing: ClosingDates | null } | undefined;

export interface ClosingPorts {
  readonly nowMs: () => number;
  readonly storage: { readPlan(): ClosingPlan | undefined; keepPlan(plan: ClosingPlan | undefined): void };
  /** Milliseconds since 1970; `null`: never. */
  readonly setAlarm: (atMs: number | null) => Promise<void>;
  readonly rows: ClosingRows;
  /** Ends all live calls, each once; returns how many could not be told. */
  readonly endCalls: (notice: "closed" | "revoked") => Promise<number>;
  /** Pages and consoles ask again. */
  readonly changed: () => void;
  /** The students' keys are gone. */
  readonly keysDeleted: () => void;
  /** Lets go of everybody, in memory and in storage, this plan included; with `keepsSums` amounts without names stay. */
  readonly clear: (keepsSums: boolean) => Promise<void>;
  readonly failed: (code: Reason, retryMs: number) => void;
}

/**
 * The end of a workshop, step by step and each at its time: calls, keys, students. What is to happen is in the workshop's
 * row and nowhere else; this wakes up, asks it and does what is due. A step that fails is tried again until it succeeds; a
 * step that is done twice does nothing. So neither a crash between two steps nor a console that changes its mind can leave
 * more than the row says, or less.
 */
export class ClosingDesk {
  readonly #ports: ClosingPorts;
  #plan: ClosingPlan | undefined;
  #isAsked = false;
  #running: Promise<void> | undefined;

  constructor(ports: ClosingPorts) {
    this.#ports = ports;
    this.#plan = ports.storage.readPlan();
  }

  /** No call begins any more. */
  get isClosed(): boolean {
    return this.#plan !== undefined && (this.#plan.isGone || this.#plan.closing !== null);
  }

  /** The students are erased: whatever of them is still on its way is not taken in. */
  get isErased(): boolean {
    return this.#plan !== undefined && (this.#plan.isGone || (this.#plan.closing?.erasedAtMs ?? null) !== null);
  }

  /** What a row said when somebody came here: if that is news, the row is asked itself. It may be old already. */
  learn(workshopId: WorkshopId, closing: ClosingDates | null): void {
    if (!this.#plan?.isGone && isSameClosing(this.#plan?.closing ?? null, closing)) return;
    if (!this.#plan) this.#keep(newPlan(workshopId));
    void this.#ports.setAlarm(this.#ports.nowMs());
  }

  /**
   * The row is another than before, or gone: does what is due. Whoever asks while that is going on waits for a look that began
   * after they asked.
   *
   * @throws what a step threw: then it is tried again by alarm, and may be asked for again.
   */
  look(workshopId: WorkshopId): Promise<void> {
    if (!this.#plan) this.#keep(newPlan(workshopId));
    this.#isAsked = true;
    this.#running ??= this.#run();
    return this.#running;
  }

  /** The storage was written anew, and the alarm went with it: the row is asked when it must be set again. */
  async rewrite(): Promise<void> {
    if (!this.#plan) return;
    this.#keep(this.#plan);
    await this.#ports.setAlarm(this.#ports.nowMs());
  }

  /** It rang. Never rejects: the next alarm is set already. */
  async alarm(): Promise<void> {
    if (this.#plan) await this.look(this.#plan.workshopId).catch(() => {});
  }

  async #run(): Promise<void> {
    try {
      while (this.#isAsked) {
        this.#isAsked = false;
        await this.#try();
      }
    } finally {
      this.#running = undefined;
    }
  }

  async #try(): Promise<void> {
    if (!this.#plan) return;
    const { workshopId, failures } = this.#plan;
    const retryMs = Math.min(LIMITS.closingRetryMs * 2 ** failures, LIMITS.closingRetryMaxMs);
    // Set before anything else: a crash on the way is woken up from.
    await this.#ports.setAlarm(this.#ports.nowMs() + retryMs);
    try {
      await this.#ports.setAlarm(await this.#step(workshopId));
      this.#change({ failures: 0 });
    } catch (thrown) {
      this.#change({ failures: failures + 1 });
      await this.#ports.setAlarm(this.#ports.nowMs() + retryMs);
      this.#ports.failed(reasonOf(thrown), retryMs);
      throw thrown;
    }
  }

  /** Does what is due; returns when to look again, `null` for never. */
  async #step(id: WorkshopId): Promise<number | null> {
    const before = this.#plan;
    let row = this.#take(await this.#ports.rows.find(id));
    if (row && row.closing === null) {
      this.#keep(undefined);
      return null;
    }
    const untold = await this.#ports.endCalls(row ? "closed" : "revoked");
    const keysMs = this.#dueMs(row?.closing?.keysAtMs);
    if (keysMs !== undefined) {
      row = this.#take(await this.#ports.rows.deleteKeys(id, keysMs, untold === 0));
      this.#ports.keysDeleted();
    }
    const eraseMs = this.#dueMs(row?.closing?.eraseAtMs);
    if (eraseMs !== undefined) row = this.#take(await this.#ports.rows.erase(id, eraseMs));
    // Nobody is let go of while a call of theirs may still go on.
    if (untold > 0) throw new Failure("internal");
    const isOver = row === undefined || (row.closing !== null && row.closing.erasedAtMs !== null);
    if (isOver) await this.#clear(id, row);
    return this.#nextMs(before);
  }

  /** Also done again a while later: for what was on its way. Of a workshop that is gone nothing at all stays then. */
  async #clear(workshopId: WorkshopId, row: ClosingRow): Promise<void> {
    const isAgain = this.#plan?.isCleared === true;
    await this.#ports.clear(row !== undefined);
    if (row === undefined && isAgain) this.#keep(undefined);
    else this.#keep({ ...newPlan(workshopId), closing: row?.closing ?? null, isGone: !row, isCleared: true });
  }

  /** The row as it is now. */
  #take(row: ClosingRow): ClosingRow {
    const closing = row?.closing ?? null;
    const isNews = !isSameClosing(this.#plan?.closing ?? null, closing);
    this.#change({ closing, isGone: row === undefined });
    if (isNews) this.#ports.changed();
    return row;
  }

  /** The time to do by what is due; `undefined`: it is not. What is now by the clock that wrote the date is now here too. */
  #dueMs(atMs: number | undefined): number | undefined {
    const nowMs = this.#ports.nowMs();
    return atMs !== undefined && atMs <= nowMs + LIMITS.closingEarlyMs ? Math.max(atMs, nowMs) : undefined;
  }

  #nextMs(before: ClosingPlan | undefined): number | null {
    const nowMs = this.#ports.nowMs();
    const plan = this.#plan;
    if (!plan) return null;
    const hasDone = doneBy(plan) > doneBy(before);
    const dates: number[] = hasDone ? [nowMs + LIMITS.closingAgainMs] : [];
    if (plan.closing?.keysDeletedAtMs === null) dates.push(plan.closing.keysAtMs);
    // Once a day at the least: what this object was not told of a row, it finds out.
    if (plan.closing?.erasedAtMs === null) dates.push(plan.closing.eraseAtMs, nowMs + LIMITS.closingLookMs);
    return dates.length === 0 ? null : Math.max(nowMs, Math.min(...dates));
  }

  #change(changes: Partial<ClosingPlan>): void {
    if (this.#plan) this.#keep({ ...this.#plan, ...changes });
  }

  #keep(plan: ClosingPlan | undefined): void {
    this.#plan = plan;
    this.#ports.storage.keepPlan(plan);
  }
}

/** How many steps are behind it. */
const doneBy = (plan: ClosingPlan | undefined): number =>
  plan
    ? Number(typeof plan.closing?.keysDeletedAtMs === "number") +
      Number(typeof plan.closing?.erasedAtMs === "number") +
      Number(plan.isCleared)
    : 0;
