import type { Closing } from "../../src/protocol/closing.ts";
import type { ShownKeyStatus } from "../../src/protocol/rest.ts";
import * as say from "../../src/web/words.ts";
import { CLOSING, CLOSING_SOON, closedMe, RECEIPT } from "./closing-world.ts";
import { budgetOf, ESTIMATES, NO_MONEY } from "./page-money.ts";
import type { PageServer } from "./page-server.ts";
import type { PageState, Scene } from "./page-states.ts";
import { JOIN_CODE, ME, OWN_KEY } from "./page-world.ts";

const NEVER = "2026-12-01T09:00:00.000Z";

/** Somebody who presses Join with a name and the code. */
async function join({ student }: Scene, code: string = JOIN_CODE): Promise<void> {
  await student.page.getByLabel(say.JOIN_WORDS.code).fill(code);
  await student.page.getByLabel(say.JOIN_WORDS.name).fill("Ada");
  await student.page.getByRole("button", { name: say.JOIN_WORDS.join, exact: true }).click();
}

const joinRefused = (code: string, row: string, ...words: readonly string[]): PageState => ({
  row: `Join: ${row}`,
  isOut: true,
  before: ({ api }) =>
    api.refuse("POST /api/join", {
      code,
      error: "A sentence of the server's.",
      status: 409,
      ...(code === "workshop_not_open" && { opensAt: NEVER }),
    }),
  act: (scene) => join(scene),
  words: words.length === 0 ? ["A sentence of the server's."] : words,
});

const openKeySheet = ({ student }: Scene): Promise<void> =>
  student.page.getByRole("button", { name: say.PAYER_WORDS.pays }).first().click();

/** Pastes a key and has it checked. */
async function checkKey(scene: Scene): Promise<void> {
  await openKeySheet(scene);
  const { page } = scene.student;
  await page.getByLabel(say.KEY_SHEET_WORDS.field, { exact: true }).fill("sk-proj-0123456789-0123456789");
  await page.getByRole("button", { name: say.KEY_SHEET_WORDS.check }).click();
}

async function saveLimit(scene: Scene, typed: string): Promise<void> {
  await openKeySheet(scene);
  const { page } = scene.student;
  await page.getByLabel(say.CAP_WORDS.field).fill(typed);
  await page.getByRole("button", { name: say.CAP_WORDS.save }).click();
}

function keyOutcome(status: ShownKeyStatus): PageState {
  return {
    row: `Key sheet: ${status}`,
    before: ({ api }) => {
      const key = { ...OWN_KEY, status };
      if (status === "rejected") {
        const openai = { status, hint: "6789" };
        api.refuse("PUT /api/me/key", { code: "key_rejected", error: "No.", status: 422, openai });
      } else {
        api.say("PUT /api/me/key", () => {
          api.me = { ...api.me, payer: "student", key };
          return { status: 200, body: { success: true, key } };
        });
      }
    },
    act: checkKey,
    words: [say.OUTCOME_WORDS[status][0], say.STAGE_WORDS.known],
  };
}

const tab =
  (view: keyof typeof say.VIEW_WORDS) =>
  async (scene: Scene): Promise<void> =>
    scene.student.page.getByRole("tab", { name: say.VIEW_WORDS[view], exact: true }).click();

const menu =
  (item: string) =>
  async ({ student }: Scene): Promise<void> => {
    await student.page.getByRole("button", { name: say.TOP_WORDS.menu }).click();
    await student.page.getByText(item, { exact: true }).filter({ visible: true }).first().click();
  };

const withMe =
  (change: Partial<typeof ME>) =>
  ({ api }: PageServer): void => {
    api.me = { ...ME, ...change };
  };

/** The workshop was closed for good. */
const closed =
  (closing: Closing = CLOSING, key = RECEIPT.key) =>
  ({ api }: PageServer): void => {
    api.me = closedMe(closing);
    api.receipt = { ...RECEIPT, closing, key };
  };

/** Comes back when the server does not know them any more. */
async function away({ server, student: { page } }: Scene, code: string): Promise<void> {
  await page.getByRole("heading", { name: say.CLOSED_WORDS.receipt }).waitFor();
  server.api.refuse("GET /api/me", { code, error: "Nobody is signed in." });
  await page.reload();
}

/** Every other state of the student's page. */
export const PANEL_STATES: readonly PageState[] = [
  { row: "Join", isOut: true, act: async () => {}, words: [say.JOIN_WORDS.title, say.JOIN_WORDS.stored] },
  {
    row: "Join: what is stored",
    isOut: true,
    act: ({ student }) => student.page.getByText(say.JOIN_WORDS.stored).click(),
    words: [say.STORED_WORDS[0]?.[1] ?? "", say.STORED_WORDS.at(-1)?.[1] ?? ""],
  },
  {
    row: "Join: not a code",
    isOut: true,
    before: ({ api }) =>
      api.refuse("POST /api/join", { code: "bad_request", error: "No.", field: "joinCode: is no code", status: 400 }),
    act: (scene) => join(scene, "?!"),
    words: [say.JOIN_WORDS.noSuchCode],
  },
  joinRefused("unknown_join_code", "unknown code"),
  joinRefused("workshop_not_open", "waiting room", say.WAITING_ROOM_WORDS.title, say.waitingFor("Ada")),
  joinRefused("workshop_closed", "ended", say.JOIN_WORDS.ended),
  joinRefused("workshop_full", "full", say.JOIN_WORDS.full),
  {
    row: "Join: back with four words",
    isOut: true,
    act: ({ student }) => student.page.getByText(say.JOIN_WORDS.back).click(),
    words: [say.JOIN_WORDS.backTitle, say.JOIN_WORDS.phrase],
  },
  {
    row: "Join: words of nobody",
    isOut: true,
    before: ({ api }) =>
      api.refuse("POST /api/recover", { code: "unknown_phrase", error: "A sentence of the server's.", status: 404 }),
    act: async ({ student: { page } }) => {
      await page.getByText(say.JOIN_WORDS.back).click();
      await page.getByLabel(say.JOIN_WORDS.phrase).fill("one two three four");
      await page.getByRole("button", { name: say.JOIN_WORDS.comeIn }).click();
    },
    words: ["A sentence of the server's."],
  },
  {
    row: "Joined: the words to write down, and a name that was taken",
    isOut: true,
    before: withMe({ name: "Ada 2" }),
    act: async (scene) => {
      await join(scene);
    },
    words: [say.WELCOME_WORDS.lead, "maple river candle stone", say.nameTakenWords("Ada", "Ada 2")],
  },
  {
    row: "Nobody answers",
    before: ({ api }) => api.say("GET /api/me", { status: 502, body: "no" }),
    act: async () => {},
    words: [say.UNREACHABLE_WORDS],
  },
  { row: "Key sheet", act: openKeySheet, words: [say.KEY_SHEET_WORDS.what, say.PAYS_WORDS.instructor] },
  {
    row: "Key sheet: a key is connected",
    before: withMe({ payer: "student", key: OWN_KEY }),
    act: openKeySheet,
    words: [say.PAYS_WORDS.student, say.KEY_SHEET_WORDS.forget, say.KEY_SHEET_WORDS.connectedAt],
  },
  {
    row: "Key sheet: not a key",
    act: async (scene) => {
      await openKeySheet(scene);
      await scene.student.page.getByLabel(say.KEY_SHEET_WORDS.field, { exact: true }).fill("not a key");
      await scene.student.page.getByRole("button", { name: say.KEY_SHEET_WORDS.check }).click();
    },
    words: [say.OUTCOME_WORDS["bad-shape"][0]],
  },
  ...(["connected", "rejected", "restricted", "no_credit", "unverified"] as const).map(keyOutcome),
  {
    row: "Key sheet: own limit, nearly reached",
    before: (server) => {
      withMe({ payer: "student", key: OWN_KEY, ownCapMicroUsd: 1_000_000 })(server);
      server.money = { ...NO_MONEY, own: budgetOf("own", 840_000, 1_000_000) };
    },
    act: openKeySheet,
    words: [say.CAP_WORDS.field, "Spent so far: $0.84 of $1.00.", "$0.16 left"],
  },
  {
    row: "Key sheet: own limit, not an amount",
    before: withMe({ payer: "student", key: OWN_KEY }),
    act: (scene) => saveLimit(scene, "a lot"),
    words: [say.CAP_WORDS.noAmount],
  },
  {
    row: "Key sheet: own limit, saved",
    before: withMe({ payer: "student", key: OWN_KEY }),
    act: (scene) => saveLimit(scene, "1,5"),
    words: [say.CAP_WORDS.saved],
  },
  {
    row: "Before a call: what a minute costs",
    act: async () => {},
    words: [say.estimateWords("instructor", ESTIMATES.browser, ESTIMATES.text)],
  },
  {
    row: "Before a call: no price is known",
    before: withMe({
      payer: "student",
      key: OWN_KEY,
      estimates: { ...ESTIMATES, browser: { ...ESTIMATES.browser, microUsdPerMinute: null } },
    }),
    act: async () => {},
    words: ["Price not known for gpt-realtime-2.1-mini."],
  },
  {
    row: "Recovery words",
    act: menu(say.TOP_WORDS.recovery),
    words: [say.RECOVERY_WORDS.lead, say.RECOVERY_WORDS.make],
  },
  { row: "Erase me", act: menu(say.TOP_WORDS.erase), words: [say.ERASE_WORDS.lead, say.ERASE_WORDS.live] },
  {
    row: "Phone",
    act: menu(say.TOP_WORDS.phone),
    words: [say.PHONE_WORDS.lead, say.PHONE_WORDS.secret, say.phoneEstimateWords("instructor", ESTIMATES.phone)],
  },
  {
    row: "Phone: no Twilio set up",
    before: withMe({ phone: false }),
    act: menu(say.TOP_WORDS.phone),
    words: [say.PHONE_WORDS.none],
  },
  {
    row: "Announcement",
    before: ({ api }) => Object.assign(api, { facts: { announcement: "Lunch at twelve!", paused: false } }),
    act: async () => {},
    words: [say.BANNER_WORDS.announcement, "Lunch at twelve!"],
  },
  {
    row: "Workshop ended",
    before: withMe({
      workshop: { id: "default", name: "Voice agents", state: "ended", opensAt: null, closesAt: NEVER, closing: null },
    }),
    act: async () => {},
    words: [say.BANNER_WORDS.ended, say.STANDSTILL_WORDS.ended],
  },
  {
    row: "Workshop closed: the keys are deleted",
    before: closed(),
    act: async () => {},
    words: [
      say.CLOSED_WORDS.title,
      say.thanksWords("Voice agents"),
      say.CLOSED_WORDS.stillWorks,
      say.spentWords(RECEIPT.ms),
    ],
  },
  {
    row: "Workshop closed: the keys are still here",
    before: closed(CLOSING_SOON, { hint: "a1b2", deletedAt: null }),
    act: async () => {},
    words: ["Keys will be deleted", say.keyWords({ hint: "a1b2", deletedAt: null }, CLOSING_SOON.keysAt)],
  },
  {
    row: "Workshop closed: no key, and no price for some of it",
    before: (server) => {
      closed()(server);
      server.api.receipt = { ...RECEIPT, key: null, ownMicroUsd: 0, lentMicroUsd: null };
    },
    act: async () => {},
    words: [say.CLOSED_WORDS.noKey, say.METER_WORDS.unpriced, say.CLOSED_WORDS.nothing],
  },
  {
    row: "Workshop closed: the receipt does not come",
    before: (server) => {
      closed()(server);
      server.api.refuse("GET /api/me/receipt", { code: "x", error: "No receipt now.", status: 503 });
    },
    act: async () => {},
    words: ["No receipt now.", say.CLOSED_WORDS.again],
  },
  {
    row: "Workshop closed: everything is erased",
    before: closed(),
    act: async (scene) => away(scene, "unknown_session"),
    words: [say.AFTERWARDS_WORDS.erased, say.CLOSED_WORDS.receipt, say.AFTERWARDS_WORDS.forget],
  },
  {
    row: "Workshop closed: signed out",
    before: closed(),
    act: async (scene) => away(scene, "unauthorized"),
    words: [say.AFTERWARDS_WORDS.away, say.CLOSED_WORDS.receipt, say.AFTERWARDS_WORDS.back],
  },
  {
    row: "Workshop not open",
    before: withMe({
      workshop: {
        id: "default",
        name: "Voice agents",
        state: "not-open",
        opensAt: null,
        closesAt: null,
        closing: null,
      },
    }),
    act: async () => {},
    words: [say.STANDSTILL_WORDS["not-open"], say.notOpenWords(null)],
  },
  {
    row: "Agent: how it will sound",
    before: withMe({ config: { ...ME.config, prompt: "- Answer as a **list** of links" } }),
    act: tab("agent"),
    words: [say.LINT_WORDS.markup[0]],
  },
  {
    row: "Agent: earlier prompts",
    before: ({ api }) => {
      api.prompts = [
        { savedAt: "2026-11-20T09:00:00.000Z", prompt: "You are Juno, brief and warm.", savedBy: "instructor" },
        { savedAt: "2026-11-20T08:00:00.000Z", prompt: null, savedBy: "student" },
      ];
    },
    act: async (scene) => {
      await tab("agent")(scene);
      await scene.student.page.getByRole("button", { name: say.PROMPT_WORDS.versions }).click();
    },
    words: [say.VERSION_WORDS.instructor, say.VERSION_WORDS.student],
  },
];
