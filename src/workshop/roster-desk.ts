import type { CallId, StudentId } from "../protocol/ids.ts";
import type { WorkshopFacts } from "../protocol/live-messages.ts";
import { Roster } from "./roster.ts";
import type { RosterStorage } from "./roster-storage.ts";

/** What the desk reaches the world by. */
export interface RosterPorts {
  readonly storage: Pick<RosterStorage, "read" | "keep" | "keepFacts" | "open">;
  readonly startTimer: (run: () => void, afterMs: number) => void;
  /** The students are erased. */
  readonly isOver: () => boolean;
  /** A student's place on the wall shows something else. */
  readonly changedOnWall: (studentId: StudentId) => void;
}

/** How a call is doing is written down this much later: it changes many times a second, and is soon told anew. */
const STATUS_KEPT_AFTER_MS = 2_000;

/** Where the class is kept: its roster and its facts, as they were before a sleep, and whatever becomes of them after. */
export class RosterDesk {
  readonly #ports: RosterPorts;
  readonly #unkept = new Set<CallId>();
  #roster: Roster;
  #facts: WorkshopFacts;

  constructor(ports: RosterPorts) {
    this.#ports = ports;
    const { seats, calls, facts } = ports.storage.read();
    this.#roster = new Roster(seats, calls, ports.isOver);
    this.#facts = facts;
  }

  get roster(): Roster {
    return this.#roster;
  }

  get facts(): WorkshopFacts {
    return this.#facts;
  }

  changeFacts(facts: WorkshopFacts): void {
    this.#facts = facts;
    this.#ports.storage.keepFacts(facts);
  }

  /** Keeps and tells what the roster has changed. */
  changed(): void {
    const { seats, calls, statuses } = this.#roster.takeChanges();
    this.#ports.storage.keep(this.#roster, { seats, calls });
    for (const studentId of seats) this.#ports.changedOnWall(studentId);
    for (const callId of statuses) {
      const studentId = this.#roster.call(callId)?.studentId;
      if (studentId) this.#ports.changedOnWall(studentId);
      if (this.#unkept.size === 0) this.#ports.startTimer(() => this.#keepStatuses(), STATUS_KEPT_AFTER_MS);
      this.#unkept.add(callId);
    }
  }

  /** Nobody is in the class any more. */
  empty(): void {
    const { studentIds } = this.#roster;
    this.#roster = new Roster([], [], this.#ports.isOver);
    this.#facts = { announcement: null, paused: false };
    this.#unkept.clear();
    for (const studentId of studentIds) this.#ports.changedOnWall(studentId);
  }

  /** The storage is empty: everything is written down again. */
  rewrite(): void {
    const { storage } = this.#ports;
    const { studentIds, calls } = this.#roster;
    storage.open();
    storage.keep(this.#roster, { seats: studentIds, calls: calls.map(({ callId }) => callId) });
    storage.keepFacts(this.#facts);
    this.#unkept.clear();
  }

  #keepStatuses(): void {
    this.#ports.storage.keep(this.#roster, { seats: [], calls: this.#unkept });
    this.#unkept.clear();
  }
}
