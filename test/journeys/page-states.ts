import type { Browser } from "playwright-core";
import type { CallMessage } from "../../src/protocol/call-messages.ts";
import * as say from "../../src/web/words.ts";
import { milliseconds, seconds } from "../../src/web/words.ts";
import { type FakeMicrophone, fakeMicrophone } from "./fake-microphone.ts";
import { StudentPage } from "./page.ts";
import type { PageCall } from "./page-call.ts";
import { BILL, billLine, billOf, budgetOf, METER, meterOf, NO_MONEY } from "./page-money.ts";
import { PageServer } from "./page-server.ts";
import { CALL_START, CONVERSATION, LISTENING, ME, OWN_KEY, TIMINGS, tool, turn, WATCHED } from "./page-world.ts";
import { eventually } from "./room.ts";

/** One row of the table of states, on a page of its own. */
export interface PageState {
  /** As the table names it, and where it has several ways, which. */
  readonly row: string;
  readonly microphone?: FakeMicrophone;
  /** Nobody is signed in. */
  readonly isOut?: boolean;
  /** Time is the test's: it can be moved on. */
  readonly ownTime?: boolean;
  readonly before?: (server: PageServer) => void;
  readonly act: (scene: Scene) => Promise<unknown>;
  /** What stands on the screen then. */
  readonly words: readonly string[];
}

export class Scene {
  readonly server: PageServer;
  readonly student: StudentPage;

  constructor(server: PageServer, student: StudentPage) {
    this.server = server;
    this.student = student;
  }

  /** A call that has begun, with that already said. */
  async calling(...messages: readonly CallMessage[]): Promise<PageCall> {
    await this.student.dial();
    const call = await this.server.call();
    call.send(CALL_START, LISTENING, ...messages);
    await eventually(async () => (await this.student.status()) !== say.PHASE_WORDS.dialling, "the call to begin");
    return call;
  }

  /** A call that ended like that. */
  async ended(...messages: readonly CallMessage[]): Promise<void> {
    const call = await this.calling(...messages);
    call.close(1000);
    await eventually(async () => (await this.student.status()) === say.PHASE_WORDS.ended, "the call to end");
  }

  async close(): Promise<void> {
    await this.student.close();
    await this.server.close();
  }
}

/** Opens a page in that state; `words` are on the screen when it is there. */
export async function openState(browser: Browser, state: PageState, context = {}): Promise<Scene> {
  const server = await PageServer.open();
  server.api.isEverybodyIn = !(state.isOut ?? false);
  state.before?.(server);
  const student = await StudentPage.open(server.url, {
    browser,
    context,
    before: async (page) => {
      if (state.microphone) await page.addInitScript(fakeMicrophone, state.microphone);
      if (state.ownTime) await page.clock.install();
    },
  });
  const scene = new Scene(server, student);
  await state.act(scene);
  return scene;
}

const refused = (code: string, row: string): PageState => ({
  row,
  before: ({ api }) => api.refuse("POST /api/calls", { code, error: "A sentence of the server's.", status: 402 }),
  act: ({ student }) => student.dial(),
  words: failure(code),
});

/** The sentence of a failure, and what stands beside it to be done. */
function failure(code: string): string[] {
  const [sentence, ...actions] = say.FAILURE_WORDS[code] ?? [code];
  return [sentence, ...actions.map((action) => say.FAILURE_ACTION_WORDS[action])];
}

/** The call broke off over that. */
const broken = (code: string, row: string, endReason: "key-failed" | "upstream-failed"): PageState => ({
  row,
  act: (scene) =>
    scene.ended({ type: "error", code, error: "A sentence of the server's." }, { type: "call-end", endReason }),
  words: [say.END_WORDS[endReason], ...failure(code).slice(0, 1)],
});

const ended = (endReason: keyof typeof say.END_WORDS, row: string): PageState => ({
  row,
  act: (scene) => scene.ended({ type: "call-end", endReason }),
  words: [say.PHASE_WORDS.ended, say.END_WORDS[endReason]],
});

const microphone = (kind: FakeMicrophone, row: string, ...words: readonly string[]): PageState => ({
  row,
  microphone: kind,
  act: ({ student }) => student.dial(),
  words,
});

/** Every row of the table of states that can occur, in its order. */
export const CALL_STATES: readonly PageState[] = [
  { row: "Nothing yet", act: async () => {}, words: [say.CALL_WORDS.nothingYet, say.PHASE_WORDS.idle] },
  microphone("asking", "Asking for microphone", say.ASKING_WORDS),
  {
    ...microphone("asking", "Asking for microphone, after 10 s", say.ASKING_LATE_WORDS, say.BUTTON_WORDS.cancel),
    ownTime: true,
    act: async ({ student }) => {
      await student.dial();
      await student.page.getByText(say.ASKING_WORDS).waitFor();
      await student.page.clock.fastForward(10_500);
    },
  },
  microphone("NotAllowedError", "Denied", say.MICROPHONE_WORDS.denied, say.CALL_WORDS.dialTyping),
  microphone("NotFoundError", "No device", say.MICROPHONE_WORDS.none, say.CALL_WORDS.dialTyping),
  {
    ...microphone("NotFoundError", "No device, and then one", say.MICROPHONE_FOUND_WORDS),
    act: async ({ student }) => {
      await student.dial();
      await student.page.getByText(say.MICROPHONE_WORDS.none).waitFor();
      await student.page.evaluate(() => navigator.mediaDevices.dispatchEvent(new Event("devicechange")));
    },
  },
  microphone("NotReadableError", "Device busy", say.MICROPHONE_WORDS.busy),
  {
    ...microphone("OverconstrainedError once", "Unsupported constraint", say.STATE_WORDS.listening),
    act: (scene) => scene.calling(),
  },
  microphone("no https", "Not https", say.MICROPHONE_WORDS.insecure),
  microphone("embedded", "Embedded view", say.MICROPHONE_WORDS.embedded),
  {
    ...microphone("silent", "Mic on, silence", say.CANNOT_HEAR_WORDS),
    act: (scene) => scene.calling(),
  },
  {
    ...microphone(
      "echo",
      "Speakers echo",
      say.ECHO_WORDS.question,
      say.ECHO_WORDS.headphones,
      say.ECHO_WORDS.pushToTalk,
    ),
    act: (scene) => scene.calling(),
  },
  {
    row: "Connecting",
    act: ({ student }) => student.dial(),
    words: [say.PHASE_WORDS.dialling, say.BUTTON_WORDS.cancel],
  },
  {
    row: "Key missing",
    before: ({ api }) => Object.assign(api, { me: { ...ME, payer: null, fallback: false } }),
    act: async () => {},
    words: [say.STANDSTILL_WORDS["no-key"], say.CALL_WORDS.addKey],
  },
  refused("no_key", "Key missing, found out at the call"),
  refused("key_unreadable", "Key missing: the stored one cannot be read"),
  refused("key_rejected", "Key rejected (401)"),
  broken("key_rejected", "Key rejected (401), in mid-call", "key-failed"),
  refused("key_restricted", "Restricted key"),
  refused("no_credit", "No credit (429 insufficient_quota)"),
  broken("no_credit", "No credit, in mid-call", "key-failed"),
  {
    row: "Rate limited (429 other)",
    act: (scene) => scene.calling({ type: "error", code: "upstream_rate_limited", error: "A sentence." }),
    words: failure("upstream_rate_limited").slice(0, 1),
  },
  refused("model_not_available", "Model not available"),
  broken("upstream_unavailable", "OpenAI down (5xx, timeout)", "upstream-failed"),
  broken("upstream_timeout", "OpenAI down (timeout)", "upstream-failed"),
  {
    row: "Reconnecting",
    act: async (scene) => {
      const call = await scene.calling(...CONVERSATION.slice(0, 2));
      scene.server.isDown = true;
      call.drop();
    },
    words: [say.PHASE_WORDS.lost, CONVERSATION[1]?.text ?? ""],
  },
  {
    row: "Reconnected",
    act: async (scene) => {
      const turns = CONVERSATION.slice(0, 2);
      (await scene.calling(...turns)).drop();
      (await scene.server.call(1)).send({ ...CALL_START, resumed: true, turns }, LISTENING);
    },
    words: [say.gapWords(0), say.STATE_WORDS.listening],
  },
  {
    row: "Server updated",
    act: async (scene) => {
      (await scene.calling()).close(1012);
      (await scene.server.call(1)).send({ ...CALL_START, resumed: true }, LISTENING);
    },
    words: [say.gapWords(0), say.STATE_WORDS.listening],
  },
  {
    row: "Fallback in use",
    before: (server) => {
      server.money = { ...NO_MONEY, lent: budgetOf("student", 120_000) };
    },
    act: (scene) => scene.calling(METER),
    words: [`${say.PAYER_WORDS.instructor} · $0.38 left`, say.ON_KEY_WORDS.instructor, say.LAYER_WORDS.transcription],
  },
  {
    row: "Own key in use",
    before: ({ api }) => Object.assign(api, { me: { ...ME, payer: "student", key: OWN_KEY } }),
    act: async (scene) => {
      await scene.student.dial();
      (await scene.server.call()).send({ ...CALL_START, keySource: "student" }, LISTENING);
    },
    words: [say.ON_KEY_WORDS.student],
  },
  {
    row: "Fallback used up",
    before: (server) => {
      server.money = { ...NO_MONEY, lent: budgetOf("student", 500_000) };
    },
    act: async () => {},
    words: [say.STANDSTILL_WORDS.student, say.CALL_WORDS.addKey, `${say.PAYER_WORDS.instructor} · used up`],
  },
  {
    row: "Fallback used up, for the class",
    before: (server) => {
      server.money = { ...NO_MONEY, lent: budgetOf("pool", 10_000_000, 10_000_000) };
    },
    act: async () => {},
    words: [say.STANDSTILL_WORDS.pool, say.CALL_WORDS.addKey],
  },
  refused("allowance_used", "Reservation refused: the student's allowance"),
  refused("pool_used", "Reservation refused: the pool"),
  refused("own_cap_used", "Reservation refused: the student's own limit"),
  refused("fallback_off", "Reservation refused: nothing is lent"),
  refused("model_not_lent", "Reservation refused: not for this model"),
  refused("unpriced_model", "Reservation refused: a model without a price"),
  refused("money_unreachable", "Reservation refused: nobody counts"),
  {
    row: "80% of budget",
    act: (scene) => scene.calling(METER, { type: "budget", budget: budgetOf("student", 405_000) }),
    words: [say.lowWords("student"), `${say.PAYER_WORDS.instructor} · $0.09 left`],
  },
  {
    row: "Budget spent",
    act: (scene) =>
      scene.ended(
        METER,
        { type: "budget", budget: budgetOf("student", 500_100) },
        { type: "error", code: "allowance_used", error: "A sentence of the server's." },
        { type: "call-end", endReason: "budget" },
      ),
    words: [...failure("allowance_used"), say.END_WORDS.budget, say.RECEIPT_WORDS.total],
  },
  {
    row: "Budget spent: the student's own limit",
    before: (server) => {
      Object.assign(server.api, { me: { ...ME, payer: "student", key: OWN_KEY, ownCapMicroUsd: 1_000_000 } });
      server.money = { ...NO_MONEY, own: budgetOf("own", 1_000_000, 1_000_000) };
    },
    act: async () => {},
    words: [say.STANDSTILL_WORDS.own, say.CALL_WORDS.raiseLimit],
  },
  {
    row: "A model without a price",
    act: (scene) =>
      scene.calling(
        meterOf(billOf("student", [billLine("text", "output", 1_234, 0, 0, { usd: null, costMicroUsd: null })])),
      ),
    words: [say.METER_WORDS.unpriced, say.unpricedWords("gpt-realtime-2.1-mini"), say.tokenWords(1_234)],
  },
  {
    row: "How the cost adds up",
    act: async (scene) => {
      await scene.calling(METER);
      await scene.student.page.getByText(say.METER_WORDS.open).click();
    },
    words: ["205 tokens × $20.00 per million = $0.0041", "742 tokens × $0.60 per million ≈ $0.000445"],
  },
  {
    row: "Class stopped",
    before: ({ api }) => Object.assign(api, { facts: { announcement: null, paused: true } }),
    act: async () => {},
    words: [say.STANDSTILL_WORDS.paused],
  },
  ended("paused", "Class stopped, in mid-call"),
  {
    row: "Muted",
    act: async (scene) => {
      await scene.calling();
      await scene.student.page.getByRole("button", { name: say.BUTTON_WORDS.mute, exact: true }).click();
    },
    words: [say.MUTED_WORDS, say.COSTS_WHILE_MUTED_WORDS, say.BUTTON_WORDS.unmute],
  },
  {
    row: "Push-to-talk",
    act: async (scene) => {
      await scene.calling();
      await scene.student.page.getByRole("button", { name: say.CALL_WORDS.pushToTalk }).click();
    },
    words: [say.HOLD_TO_TALK_WORDS, say.CALL_WORDS.hold],
  },
  {
    row: "Tool slow",
    act: (scene) => scene.calling(tool(1, "pending"), { type: "state", state: "using-tool" }),
    words: [say.usingToolWords("check_orders"), say.toolWords("pending", null)],
  },
  { row: "Tool failed", act: (scene) => scene.calling(tool(1, "failed")), words: [say.toolWords("failed", 87)] },
  ended("silence", "Idle"),
  {
    row: "Max length, a minute before",
    act: async (scene) => {
      await scene.student.dial();
      (await scene.server.call()).send({ ...CALL_START, endsAtMs: CALL_START.startedAtMs + 50_000 }, LISTENING);
    },
    words: [say.lastMinuteWords(50_000).split(seconds(50_000))[1] ?? ""],
  },
  ended("call-cap", "Max length"),
  {
    ...refused("too_many_calls", "Second tab"),
    before: (server) => {
      refused("too_many_calls", "").before?.(server);
      server.watched = [{ ...WATCHED, wayIn: "browser" }];
    },
  },
  { ...refused("too_many_calls", "Second device"), words: [say.SEAT_BUSY_WORDS] },
  {
    row: "Phone call, followed live",
    act: async ({ server }) => {
      (await server.live()).send(
        { type: "call", call: WATCHED },
        { type: "call-messages", callId: WATCHED.callId, messages: [turn(1, "agent", "Juno's bakery!")] },
      );
    },
    words: [say.WATCHED_WORDS["media-streams"], say.WATCHED_HINT_WORDS, "Juno's bakery!"],
  },
  {
    row: "Transcript late",
    act: (scene) => scene.calling(turn(1, "caller", ""), turn(2, "agent", "Four.")),
    words: [say.WAITING_WORDS, "Four."],
  },
  {
    row: "Barge-in",
    act: (scene) => scene.calling(...CONVERSATION),
    words: [say.NOT_HEARD_WORDS, say.latencyWords(TIMINGS), milliseconds(412)],
  },
  {
    row: "Receipt",
    act: (scene) => scene.ended(...CONVERSATION, METER, { type: "call-end", endReason: "agent-ended" }),
    words: [
      say.RECEIPT_WORDS.title,
      say.END_WORDS["agent-ended"],
      say.PAID_ON_WORDS.instructor,
      say.exactWords(BILL.costMicroUsd ?? 0),
      say.repricedWords("gpt-realtime-2.1", 21_812),
    ],
  },
];
