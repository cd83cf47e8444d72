import type { LendingLimits } from "../../src/protocol/bill.ts";
import type { CallMessage, TurnMessage } from "../../src/protocol/call-messages.ts";
import type { WallStudent, WatchedCall, WorkshopMoney } from "../../src/protocol/live-messages.ts";
import type { CallReply, CallView, MeReply, TurnView } from "../../src/protocol/rest.ts";
import { type Check, NO_SPEND, type StudentSummary, type WorkshopView } from "../../src/protocol/rest-workshop.ts";
import { BILL, ESTIMATES, REPRICED, USAGE } from "./page-money.ts";

/** What a scripted server has to tell: one student, their agent and calls, and a workshop with its wall. */

export const JOIN_CODE = "MAPLE-7F";
export const CALL_ID = "0b5a3c1e-7d2f-4e6a-9b8c-1d2e3f405162";
/** A fixed morning, so that pictures do not change with the day. */
export const STARTED_AT_MS = Date.UTC(2026, 10, 20, 9, 30);

export const ME: MeReply = {
  success: true,
  studentId: "st_page",
  name: "Ada",
  email: null,
  workshop: { id: "default", name: "Voice agents", state: "open", opensAt: null, closesAt: null, closing: null },
  payer: "instructor",
  fallback: true,
  recovery: { set: true },
  phone: true,
  models: { text: "gpt-6-luna", voice: "gpt-realtime-2.1-mini" },
  estimates: ESTIMATES,
  ownCapMicroUsd: null,
  config: {
    prompt: "You are Juno, who answers the phone of a small bakery. Be brief and warm.",
    greeting: "Juno's bakery, good morning!",
    voice: "marin",
    tools: [],
    language: "en",
    turnEnd: null,
    patience: null,
  },
  key: null,
  webhookSecret: { set: false },
  websocketUrl: "ws://127.0.0.1/ws/wst_page",
  voiceUrl: "http://127.0.0.1/twilio/voice/wst_page",
  limits: {
    bodyBytes: 65_536,
    promptBytes: 16_384,
    greetingBytes: 2_048,
    nameBytes: 128,
    tools: 16,
    callMs: 900_000,
    callsAtOnce: 2,
    keyChecksPerMinute: 10,
  },
};

export const OWN_KEY: NonNullable<MeReply["key"]> = {
  status: "connected",
  hint: "a1b2",
  connectedAt: "2026-11-20T09:00:00.000Z",
  lastUsedAt: "2026-11-20T09:30:00.000Z",
};

export const CALL_START: Extract<CallMessage, { type: "call-start" }> = {
  type: "call-start",
  callId: CALL_ID,
  resumed: false,
  keySource: "instructor",
  model: "gpt-realtime-2.1-mini",
  voice: "marin",
  startedAtMs: STARTED_AT_MS,
  endsAtMs: STARTED_AT_MS + 900_000,
  resumeTicket: "second-ticket",
  turns: [],
};

export const LISTENING: CallMessage = { type: "state", state: "listening" };

export const turn = (seq: number, speaker: TurnMessage["speaker"], text: string): TurnMessage => ({
  type: "turn",
  seq,
  speaker,
  startedAtMs: STARTED_AT_MS + seq * 2_000,
  text,
  heardText: null,
  toolCall: null,
  timings: null,
  usage: null,
  failure: null,
});

export const TIMINGS: NonNullable<TurnMessage["timings"]> = {
  ttftMs: 310,
  ttfbMs: 340,
  turnLatencyMs: 345,
  heardLatencyMs: 412,
  turnMs: 2_300,
};

export const tool = (
  seq: number,
  outcome: NonNullable<TurnMessage["toolCall"]>["outcome"],
  name = "check_orders",
): TurnMessage => ({
  ...turn(seq, "tool", ""),
  toolCall: {
    toolCallId: `tool-${seq}`,
    name,
    arguments: '{"order":"17"}',
    outcome,
    output: outcome === "pending" ? null : '{"status":"baked"}',
    durationMs: outcome === "pending" ? null : 87,
  },
});

/** A short conversation with everything in it: an interruption, a tool, timings. */
export const CONVERSATION: readonly TurnMessage[] = [
  turn(1, "agent", "Juno's bakery, good morning!"),
  turn(2, "caller", "Is my order ready? It is number seventeen."),
  { ...tool(3, "ok"), timings: null },
  { ...turn(4, "agent", "Yes, order seventeen is baked. Would you like me to read what is in it?"), timings: TIMINGS },
  { ...turn(5, "agent", "There are four rolls, a rye bread"), heardText: "There are four rolls,", timings: TIMINGS },
  turn(6, "caller", "That is fine, thank you. Goodbye!"),
  {
    ...turn(7, "agent", "See you soon. Goodbye!"),
    timings: { ...TIMINGS, ttftMs: 220, ttfbMs: 290, turnLatencyMs: 295, heardLatencyMs: 350 },
  },
];

export const CALL: CallView = {
  id: CALL_ID,
  wayIn: "browser",
  startedAt: new Date(STARTED_AT_MS).toISOString(),
  endedAt: new Date(STARTED_AT_MS + 42_000).toISOString(),
  endReason: "caller-left",
  keySource: "instructor",
  model: "gpt-realtime-2.1-mini",
  transcriptionModel: "gpt-transcribe",
  usage: USAGE,
  costMicroUsd: BILL.costMicroUsd,
};

export const turnViews = (turns: readonly TurnMessage[]): TurnView[] =>
  turns.map(({ type: _, startedAtMs, ...shown }) => ({ ...shown, startedAt: new Date(startedAtMs).toISOString() }));

export const CALL_REPLY: CallReply = {
  success: true,
  call: CALL,
  turns: turnViews(CONVERSATION),
  bill: BILL,
  repriced: REPRICED,
};

export const WATCHED: WatchedCall = {
  callId: "5e0c7a42-3b1d-4f68-8a97-c6d5e4f30211",
  wayIn: "media-streams",
  keySource: "student",
  model: "gpt-realtime-2.1-mini",
  startedAtMs: STARTED_AT_MS,
};

/** What is lent of the instructor's key. */
const LENDING: LendingLimits = { poolMicroUsd: 10_000_000, studentMicroUsd: 500_000, callMicroUsd: null, models: null };

export const WORKSHOP: WorkshopView = {
  id: "default",
  name: "Voice agents",
  joinCode: JOIN_CODE,
  joinUrl: `http://127.0.0.1/#${JOIN_CODE}`,
  state: "open",
  opensAt: null,
  closesAt: null,
  seats: null,
  studentCount: 200,
  callMaxMs: null,
  fallbackAllowed: true,
  lending: LENDING,
  closing: null,
};

export const WORKSHOP_MONEY: WorkshopMoney = { limits: LENDING, spentMicroUsd: 3_405_000, heldMicroUsd: 118_000 };

const NAMES = ["Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald", "Radia", "Linus", "Margaret", "Tim"] as const;
const STATES = ["listening", "thinking", "using-tool", "speaking"] as const;

/** Student `at` of a class: each fifth in a call, each seventh stuck, each third on the instructor's key. */
export function wallStudent(at: number, change = 0): WallStudent {
  const isInCall = at % 5 === 0;
  const isStuck = at % 7 === 3;
  const keySource = at % 3 === 0 ? "instructor" : "student";
  return {
    studentId: `st_${String(at).padStart(3, "0")}`,
    name: `${NAMES[at % NAMES.length]} ${at}`,
    keyStatus: at % 3 === 0 ? null : isStuck ? "rejected" : "connected",
    online: at % 11 !== 10,
    lastSeenAtMs: STARTED_AT_MS - at * 1_000,
    calls: isInCall
      ? [
          {
            callId: `00000000-0000-4000-8000-${String(at).padStart(12, "0")}`,
            wayIn: at % 10 === 0 ? "browser" : "conversation-relay",
            keySource,
            state: STATES[(at + change) % STATES.length] ?? "listening",
            startedAtMs: STARTED_AT_MS - at * 1_000,
          },
        ]
      : [],
    lastCall: isStuck
      ? {
          wayIn: "browser",
          endedAtMs: STARTED_AT_MS - 60_000,
          endReason: "key-failed",
          failure: "key_rejected",
          keySource,
        }
      : {
          wayIn: "browser",
          endedAtMs: STARTED_AT_MS - (at % 13) * 60_000,
          endReason: "caller-left",
          failure: null,
          keySource,
        },
    failuresInARow: isStuck ? 3 : 0,
    turnCount: at + change,
    latenciesMs: [420, 390, 610, 380 + ((at * 13 + change * 29) % 300)],
    spend: {
      student: { ...NO_SPEND, calls: at % 4, ms: at * 4_000, inputTokens: at * 90, costMicroUsd: at * 700 },
      instructor:
        keySource === "student" ? NO_SPEND : { ...NO_SPEND, calls: 2, ms: at * 2_000, costMicroUsd: at * 21_000 },
    },
    lentMicroUsd: keySource === "instructor" ? Math.min(at * 21_000, 500_000) : 0,
    heldMicroUsd: isInCall && keySource === "instructor" ? 21_000 : 0,
  };
}

export const wallOf = (count: number): WallStudent[] => Array.from({ length: count }, (_, at) => wallStudent(at));

export const summaryOf = ({ studentId, name, keyStatus, spend, turnCount }: WallStudent): StudentSummary => ({
  studentId,
  name,
  joinedAt: new Date(STARTED_AT_MS - 3_600_000).toISOString(),
  keyStatus,
  keyHint: keyStatus === null ? null : "a1b2",
  spend,
  turnCount,
  lastCall: null,
});

export const CHECKS: readonly Check[] = [
  { name: "secrets", status: "ok", found: "ENCRYPTION_KEY, DATABASE_URL and INSTRUCTOR_TOKEN are set.", fix: "" },
  { name: "master-key", status: "ok", found: "What is sealed now can be unsealed.", fix: "" },
  { name: "sealed-rows", status: "ok", found: "All 24 stored keys are sealed with the newest key.", fix: "" },
  { name: "database", status: "ok", found: "Postgres answered after 12 ms.", fix: "" },
  { name: "migrations", status: "ok", found: "All 4 are applied.", fix: "" },
  { name: "openai", status: "ok", found: "api.openai.com answered after 180 ms.", fix: "" },
  {
    name: "fallback-key",
    status: "failed",
    found: "OpenAI does not know the instructor's key.",
    fix: "npx wrangler secret put OPENAI_API_KEY",
  },
  {
    name: "models",
    status: "warning",
    found: "The voice model is not in the list of this key.",
    fix: "Choose another.",
  },
  {
    name: "prices",
    status: "warning",
    found: "The prices are 41 days old.",
    fix: "Look them up again.",
  },
  { name: "twilio-signature", status: "off", found: "TWILIO_AUTH_TOKEN is not set: there is no phone line.", fix: "" },
  { name: "public-origin", status: "ok", found: "This page is open at the address that links name.", fix: "" },
  { name: "clock", status: "ok", found: "Within a second of the database's.", fix: "" },
];
