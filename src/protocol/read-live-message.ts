import { CALL_STATES } from "./call-messages.ts";
import { END_REASONS, KEY_SOURCES, WAYS_IN } from "./call-record.ts";
import type {
  ConsoleLiveMessage,
  StudentLiveMessage,
  StudentMoney,
  WallCall,
  WallLastCall,
  WallStudent,
  WatchedCall,
  WatchedMessage,
  WorkshopFacts,
  WorkshopMoney,
} from "./live-messages.ts";
import { readBudget, readLendingLimits } from "./read-bill.ts";
import { readCallMessage } from "./read-call-message.ts";
import { type Fields, fields, flag, list, number, oneOf, orNull, readFrame, words } from "./read-fields.ts";
import { SAVERS, SHOWN_KEY_STATUSES } from "./rest.ts";
import type { Spend } from "./rest-workshop.ts";

/** Reads a message to a student's page. `undefined`: a newer server's, or none at all; to be passed over. */
export const parseStudentLiveMessage = (text: string): StudentLiveMessage | undefined =>
  readFrame(text, (message) => {
    switch (message.type) {
      case "live-start":
        return {
          type: "live-start",
          calls: list(message.calls).map(readWatchedCall),
          money: readStudentMoney(message.money),
          ...readFacts(message),
        };
      case "workshop":
        return { type: "workshop", ...readFacts(message) };
      case "money":
        return { type: "money", money: readStudentMoney(message.money) };
      case "me-changed":
        return { type: "me-changed", by: oneOf(SAVERS, message.by) };
      case "call":
        return { type: "call", call: readWatchedCall(message.call) };
      case "call-messages":
        return {
          type: "call-messages",
          callId: words(message.callId),
          messages: list(message.messages).flatMap(readWatchedMessage),
        };
      default:
        return undefined;
    }
  });

/** Reads a message to the console; as {@link parseStudentLiveMessage}. */
export const parseConsoleLiveMessage = (text: string): ConsoleLiveMessage | undefined =>
  readFrame(text, (message) => {
    switch (message.type) {
      case "wall-start":
        return {
          type: "wall-start",
          workshopId: words(message.workshopId),
          nowMs: number(message.nowMs),
          students: list(message.students).map(readWallStudent),
          money: readWorkshopMoney(message.money),
          ...readFacts(message),
        };
      case "money":
        return { type: "money", money: readWorkshopMoney(message.money) };
      case "workshop":
        return { type: "workshop", ...readFacts(message) };
      case "wall":
        return {
          type: "wall",
          nowMs: number(message.nowMs),
          students: list(message.students).map(readWallStudent),
          gone: list(message.gone).map(words),
        };
      default:
        return undefined;
    }
  });

function readStudentMoney(value: unknown): StudentMoney {
  const { lent, own } = fields(value);
  return { lent: orNull(readBudget, lent), own: orNull(readBudget, own) };
}

function readWorkshopMoney(value: unknown): WorkshopMoney {
  const { limits, spentMicroUsd, heldMicroUsd } = fields(value);
  return {
    limits: readLendingLimits(limits),
    spentMicroUsd: number(spentMicroUsd),
    heldMicroUsd: number(heldMicroUsd),
  };
}

const readFacts = ({ announcement, paused }: Fields): WorkshopFacts => ({
  announcement: orNull(words, announcement),
  paused: flag(paused),
});

function readWatchedCall(value: unknown): WatchedCall {
  const call = fields(value);
  return {
    callId: words(call.callId),
    wayIn: oneOf(WAYS_IN, call.wayIn),
    keySource: oneOf(KEY_SOURCES, call.keySource),
    model: words(call.model),
    startedAtMs: number(call.startedAtMs),
  };
}

/** One that nobody knows, and one that is no watcher's business, is left out. */
function readWatchedMessage(value: unknown): readonly WatchedMessage[] {
  const message = readCallMessage(fields(value));
  if (!message || message.type === "call-start" || message.type === "clear" || message.type === "pong") return [];
  return [message];
}

function readWallStudent(value: unknown): WallStudent {
  const student = fields(value);
  return {
    studentId: words(student.studentId),
    name: orNull(words, student.name),
    keyStatus: orNull((status) => oneOf(SHOWN_KEY_STATUSES, status), student.keyStatus),
    online: flag(student.online),
    lastSeenAtMs: orNull(number, student.lastSeenAtMs),
    calls: list(student.calls).map(readWallCall),
    lastCall: orNull(readLastCall, student.lastCall),
    failuresInARow: number(student.failuresInARow),
    turnCount: number(student.turnCount),
    latenciesMs: list(student.latenciesMs).map(number),
    spend: readSpendByPayer(student.spend),
    lentMicroUsd: number(student.lentMicroUsd),
    heldMicroUsd: number(student.heldMicroUsd),
  };
}

function readWallCall(value: unknown): WallCall {
  const call = fields(value);
  return {
    callId: words(call.callId),
    wayIn: oneOf(WAYS_IN, call.wayIn),
    keySource: oneOf(KEY_SOURCES, call.keySource),
    state: oneOf(CALL_STATES, call.state),
    startedAtMs: number(call.startedAtMs),
  };
}

function readLastCall(value: unknown): WallLastCall {
  const call = fields(value);
  return {
    wayIn: oneOf(WAYS_IN, call.wayIn),
    endedAtMs: number(call.endedAtMs),
    endReason: orNull((reason) => oneOf(END_REASONS, reason), call.endReason),
    failure: orNull(words, call.failure),
    keySource: oneOf(KEY_SOURCES, call.keySource),
  };
}

/** @throws Unreadable */
export function readSpendByPayer(value: unknown): WallStudent["spend"] {
  const { student, instructor } = fields(value);
  return { student: readSpend(student), instructor: readSpend(instructor) };
}

function readSpend(value: unknown): Spend {
  const spend = fields(value);
  return {
    calls: number(spend.calls),
    ms: number(spend.ms),
    inputTokens: number(spend.inputTokens),
    outputTokens: number(spend.outputTokens),
    costMicroUsd: orNull(number, spend.costMicroUsd),
  };
}
