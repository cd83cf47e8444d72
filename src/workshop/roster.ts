import { LIMITS } from "../limits.ts";
import type { CallId, SessionToken, StudentId } from "../protocol/ids.ts";
import type { WallStudent } from "../protocol/live-messages.ts";
import type { CallEntry, CallStatus, CallSummary } from "./call-report.ts";
import {
  addCall,
  type LiveCall,
  NEW_CALL,
  NEW_SEAT,
  type Seat,
  type SeededStudent,
  seatSeeded,
  wallStudent,
} from "./seat.ts";

/** What of a call counts for whether there is room. */
type Place = Pick<LiveCall, "callId" | "sessionToken">;

/** A call that never said it ended is taken off the roster after this: longer than any call and its last retry. */
const STALE_MS = LIMITS.callMaxMs + 5 * 60_000;

export const isStale = (call: Pick<LiveCall, "enteredAtMs">, nowMs: number): boolean =>
  nowMs - call.enteredAtMs > STALE_MS;

/** Whether one more call fits beside those that are live. A call that asks again is already in. */
export function mayEnter(live: readonly Place[], call: Place, callsPerWorkshop: number): boolean {
  if (live.some(({ callId }) => callId === call.callId)) return true;
  if (live.length >= callsPerWorkshop) return false;
  const ofStudent = live.filter(({ sessionToken }) => sessionToken === call.sessionToken);
  return ofStudent.length < LIMITS.callsPerStudent;
}

const NOTHING_LENT = { lentMicroUsd: 0, heldMicroUsd: 0 };

/** What has changed since it was last asked for: to be kept, and to be shown. */
export interface RosterChanges {
  readonly seats: ReadonlySet<StudentId>;
  readonly calls: ReadonlySet<CallId>;
  /** Calls that report a status and nothing else: worth less than a write each. */
  readonly statuses: ReadonlySet<CallId>;
}

/**
 * The class: a fold of what its calls report and of what is known of its students. No clock, no storage, no sockets; built
 * from what was kept, it goes on where it was.
 */
export class Roster {
  readonly #seats = new Map<StudentId, Seat>();
  readonly #calls = new Map<CallId, LiveCall>();
  readonly #isOver: () => boolean;
  #changedSeats = new Set<StudentId>();
  #changedCalls = new Set<CallId>();
  #changedStatuses = new Set<CallId>();

  /** @param isOver nobody is in the class any more, and whoever is still on their way is not taken in. */
  constructor(seats: readonly Seat[] = [], calls: readonly LiveCall[] = [], isOver = (): boolean => false) {
    this.#isOver = isOver;
    for (const seat of seats) this.#seats.set(seat.studentId, seat);
    for (const call of calls) this.#calls.set(call.callId, call);
  }

  get calls(): readonly LiveCall[] {
    return [...this.#calls.values()];
  }

  get studentIds(): readonly StudentId[] {
    return [...this.#seats.keys()];
  }

  call(callId: CallId): LiveCall | undefined {
    return this.#calls.get(callId);
  }

  seat(studentId: StudentId): Seat | undefined {
    return this.#seats.get(studentId);
  }

  callsOf(token: SessionToken): readonly LiveCall[] {
    return this.calls.filter(({ sessionToken }) => sessionToken === token);
  }

  /** Calls with sound that this one may take the place of, if their caller has not come: oldest first. */
  mayGiveWay({ callId, sessionToken }: Place): readonly LiveCall[] {
    return this.callsOf(sessionToken)
      .filter((call) => !call.joined && call.callId !== callId)
      .toSorted((a, b) => a.enteredAtMs - b.enteredAtMs);
  }

  enter(entry: CallEntry, nowMs: number): void {
    this.seen(entry, nowMs);
    if (this.#calls.has(entry.callId)) return;
    const { studentName: _, ...call } = entry;
    // A caller in text brings the call with them; one with sound comes to a call that waits.
    this.#putCall({ ...NEW_CALL, ...call, joined: entry.wayIn === "conversation-relay", enteredAtMs: nowMs });
  }

  /** A student did something that may be all that is known of them. */
  seen(entry: Pick<CallEntry, "studentId" | "sessionToken" | "studentName">, nowMs: number): void {
    const { studentId, sessionToken, studentName } = entry;
    if (studentId === null) return;
    const seat = this.#seats.get(studentId) ?? { ...NEW_SEAT, studentId, sessionToken, name: studentName };
    this.#putSeat({ ...seat, lastSeenAtMs: nowMs });
  }

  /** Its caller is there; returns whether that is news. */
  join(callId: CallId): boolean {
    const call = this.#calls.get(callId);
    if (!call || call.joined) return false;
    this.#putCall({ ...call, joined: true });
    return true;
  }

  report(callId: CallId, status: CallStatus, nowMs: number): void {
    const call = this.#calls.get(callId);
    if (!call) return;
    const { counted } = call;
    this.#calls.set(callId, { ...call, status, counted: counted === "by-next-report" ? status : counted });
    this.#changedStatuses.add(callId);
    const seat = call.studentId === null ? undefined : this.#seats.get(call.studentId);
    // Kept with the next thing that is worth it: for an age in minutes that is soon enough.
    if (seat) this.#seats.set(seat.studentId, { ...seat, lastSeenAtMs: nowMs });
  }

  /**
   * A call is over, or was never let in. Told twice it counts once. Of one that is unknown, of a student who is: they were
   * erased, and nothing of them comes back.
   */
  leave(entry: CallEntry, summary: CallSummary | null): void {
    const call = this.#calls.get(entry.callId);
    if (call) {
      this.#calls.delete(entry.callId);
      this.#changedCalls.add(entry.callId);
    }
    const { studentId } = entry;
    const seat = studentId === null ? undefined : this.#seats.get(studentId);
    if (!seat) return;
    if (!summary || seat.lastCall?.callId === entry.callId) this.#changedSeats.add(seat.studentId);
    else this.#putSeat(addCall(seat, entry, summary, call?.counted ?? null));
  }

  /** What is known of a student changed elsewhere. */
  know(facts: Pick<Seat, "studentId" | "sessionToken" | "name" | "keyStatus">): void {
    const { studentId, sessionToken, name, keyStatus } = facts;
    this.#putSeat({ ...NEW_SEAT, ...this.#seats.get(studentId), studentId, sessionToken, name, keyStatus });
  }

  /**
   * Everybody whom Postgres knew when it was asked, and nobody else but those who are here: they may have joined since.
   * `withSums`: what they have used is taken from there too; while a wall is watched it is counted here, and newer.
   */
  seed(students: readonly SeededStudent[], withSums: boolean, isOnline = (_: StudentId): boolean => false): void {
    const present = new Set([...students, ...this.calls].map(({ studentId }) => studentId));
    for (const studentId of this.#seats.keys()) {
      if (!present.has(studentId) && !isOnline(studentId)) this.#remove(studentId);
    }
    for (const student of students) {
      const seat = this.#seats.get(student.studentId);
      const takesSums = withSums || !seat;
      this.#putSeat(seatSeeded(seat, student, takesSums));
      if (!takesSums) continue;
      for (const call of this.calls) {
        // Their rows hold some of it already: as much as they report next, as good as exactly.
        if (call.studentId === student.studentId) this.#putCall({ ...call, counted: "by-next-report" });
      }
    }
  }

  /** Nobody has a key any more. */
  forgetKeys(): void {
    for (const seat of this.#seats.values()) if (seat.keyStatus !== null) this.#putSeat({ ...seat, keyStatus: null });
  }

  /** A student was erased; returns their id, if they were known. */
  forget(token: SessionToken): StudentId | undefined {
    for (const { callId } of this.callsOf(token)) this.drop(callId);
    const seat = [...this.#seats.values()].find(({ sessionToken }) => sessionToken === token);
    if (seat) this.#remove(seat.studentId);
    return seat?.studentId;
  }

  /** Takes a call off without a word about it. */
  drop(callId: CallId): void {
    const call = this.#calls.get(callId);
    if (!call) return;
    this.#calls.delete(callId);
    this.#changedCalls.add(callId);
    if (call.studentId !== null && this.#seats.has(call.studentId)) this.#changedSeats.add(call.studentId);
  }

  dropStale(nowMs: number): void {
    for (const call of this.calls) if (isStale(call, nowMs)) this.drop(call.callId);
  }

  /** A student's place on the wall; `undefined` when there is none any more. */
  onWall(
    studentId: StudentId,
    online: boolean,
    moneyOf: (token: SessionToken) => Pick<WallStudent, "lentMicroUsd" | "heldMicroUsd"> = () => NOTHING_LENT,
  ): WallStudent | undefined {
    const seat = this.#seats.get(studentId);
    const calls = this.calls.filter((call) => call.studentId === studentId);
    return seat && wallStudent(seat, calls, online, moneyOf(seat.sessionToken));
  }

  takeChanges(): RosterChanges {
    const changes = { seats: this.#changedSeats, calls: this.#changedCalls, statuses: this.#changedStatuses };
    this.#changedSeats = new Set();
    this.#changedCalls = new Set();
    this.#changedStatuses = new Set();
    return changes;
  }

  #putSeat(seat: Seat): void {
    if (this.#isOver()) return;
    this.#seats.set(seat.studentId, seat);
    this.#changedSeats.add(seat.studentId);
  }

  #putCall(call: LiveCall): void {
    if (this.#isOver()) return;
    this.#calls.set(call.callId, call);
    this.#changedCalls.add(call.callId);
    if (call.studentId !== null && this.#seats.has(call.studentId)) this.#changedSeats.add(call.studentId);
  }

  #remove(studentId: StudentId): void {
    this.#seats.delete(studentId);
    this.#changedSeats.add(studentId);
  }
}
