/**
 * The wire of `/live`, from the workshop to a page. Text frames of JSON, one message each. A page sends the text `ping`
 * now and then and is answered `pong`; it sends nothing else.
 */

import type { Budget, LendingLimits } from "./bill.ts";
import type { CallMessage, CallState } from "./call-messages.ts";
import type { EndReason, KeySource, WayIn } from "./call-record.ts";
import type { ShownKeyStatus } from "./rest.ts";
import type { Spend } from "./rest-workshop.ts";

/** What both a student and the instructor are told of the workshop. */
export interface WorkshopFacts {
  /** Words of the instructor's for everybody. */
  readonly announcement: string | null;
  /** All calls are stopped, and none may begin. */
  readonly paused: boolean;
}

/** A call of the student's own agent, as the page follows it: by phone, or in another tab. */
export interface WatchedCall {
  readonly callId: string;
  readonly wayIn: WayIn;
  readonly keySource: KeySource;
  readonly model: string;
  readonly startedAtMs: number;
}

/** What the call would show its own caller; tickets are left out. */
export type WatchedMessage = Exclude<CallMessage, { readonly type: "call-start" | "clear" | "pong" }>;

/** What a student may still spend, as the workshop's object counts. Null: nothing limits it. */
export interface StudentMoney {
  /** On the instructor's key: the nearest of the limits. */
  readonly lent: Budget | null;
  /** On their own, by their own cap. */
  readonly own: Budget | null;
}

/** What the instructor lends, and what has become of it. */
export interface WorkshopMoney {
  readonly limits: LendingLimits;
  /** On the instructor's key, all students together, voices that were tried out included. */
  readonly spentMicroUsd: number;
  /** Reserved by calls that go on. */
  readonly heldMicroUsd: number;
}

/** To a student's page. */
export type StudentLiveMessage =
  /** First on every socket, with the calls that go on. */
  | ({
      readonly type: "live-start";
      readonly calls: readonly WatchedCall[];
      readonly money: StudentMoney;
    } & WorkshopFacts)
  | ({ readonly type: "workshop" } & WorkshopFacts)
  | { readonly type: "money"; readonly money: StudentMoney }
  /** Something of `GET /api/me` is another than before: the agent, the key, the workshop's dates. */
  | { readonly type: "me-changed"; readonly by: "student" | "instructor" }
  /** A call has begun. For one that had when this page came, its turns so far follow. */
  | { readonly type: "call"; readonly call: WatchedCall }
  /** In the order in which they were made. */
  | { readonly type: "call-messages"; readonly callId: string; readonly messages: readonly WatchedMessage[] };

/** A student's call that goes on, for the wall: a state, never a word. */
export interface WallCall {
  readonly callId: string;
  readonly wayIn: WayIn;
  readonly keySource: KeySource;
  readonly state: CallState;
  readonly startedAtMs: number;
}

export interface WallLastCall {
  readonly wayIn: WayIn;
  readonly endedAtMs: number;
  readonly endReason: EndReason | null;
  /** A code of `failure.ts`: why it did not go as it should have. */
  readonly failure: string | null;
  readonly keySource: KeySource;
}

/** One student on the instructor's wall. */
export interface WallStudent {
  readonly studentId: string;
  readonly name: string | null;
  readonly keyStatus: ShownKeyStatus | null;
  /** A page of theirs is open. */
  readonly online: boolean;
  /** When they last did anything; `null`: not since anybody looked. */
  readonly lastSeenAtMs: number | null;
  readonly calls: readonly WallCall[];
  readonly lastCall: WallLastCall | null;
  /** Calls that failed one after the other, the last of them `lastCall`. */
  readonly failuresInARow: number;
  readonly turnCount: number;
  /** Of the last turns, oldest first: caller's turn-end → first sound or text, milliseconds. */
  readonly latenciesMs: readonly number[];
  readonly spend: Readonly<Record<KeySource, Spend>>;
  /** Spent on the instructor's key, as it counts against what is lent to them; and held for calls that go on. */
  readonly lentMicroUsd: number;
  readonly heldMicroUsd: number;
}

/** To the instructor's console. */
export type ConsoleLiveMessage =
  /** First on every socket. `nowMs`: the server's clock, for ages. */
  | ({
      readonly type: "wall-start";
      readonly workshopId: string;
      readonly nowMs: number;
      readonly students: readonly WallStudent[];
      readonly money: WorkshopMoney;
    } & WorkshopFacts)
  | ({ readonly type: "workshop" } & WorkshopFacts)
  | { readonly type: "money"; readonly money: WorkshopMoney }
  /** Students that are new or another than before, several times a second at most; and ids of those who are gone. */
  | {
      readonly type: "wall";
      readonly nowMs: number;
      readonly students: readonly WallStudent[];
      readonly gone: readonly string[];
    };

/** Text that asks for a sign of life, and its answer. */
export const LIVE_PING = "ping";
export const LIVE_PONG = "pong";
