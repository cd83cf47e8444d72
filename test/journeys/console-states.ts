import type { Browser } from "playwright-core";
import type { Closing } from "../../src/protocol/closing.ts";
import type { WorkshopMoney } from "../../src/protocol/live-messages.ts";
import * as consoleWords from "../../src/web/console/words.ts";
import * as closingWords from "../../src/web/console/words-closing.ts";
import * as metricsWords from "../../src/web/console/words-metrics.ts";
import * as moneyWords from "../../src/web/console/words-money.ts";
import * as wallWords from "../../src/web/console/words-wall.ts";
import { CLOSING, CLOSING_SOON, ERASED, ERASED_REPORT, RECEIPT } from "./closing-world.ts";
import { NO_METRICS, NUMBERS, TWILIO_FAILED } from "./observed-world.ts";
import { type OpenedPage, openPage } from "./page-browser.ts";
import { PageServer } from "./page-server.ts";
import { summaryOf, WORKSHOP, WORKSHOP_MONEY, wallOf } from "./page-world.ts";

const say = { ...consoleWords, ...closingWords, ...metricsWords, ...moneyWords, ...wallWords };

/** One view of the instructor's console, or one state of it. */
export interface ConsoleState {
  readonly row: string;
  /** Of the address, behind `/console`. */
  readonly query?: string;
  readonly isOut?: boolean;
  readonly before?: (server: PageServer) => void;
  readonly act?: (scene: ConsoleScene) => Promise<unknown>;
  readonly words: readonly string[];
}

export interface ConsoleScene extends OpenedPage {
  readonly server: PageServer;
}

/** Opens the console in that state, with a class of 30. */
export async function openConsole(browser: Browser, state: ConsoleState, context = {}): Promise<ConsoleScene> {
  const server = await PageServer.open();
  server.api.isEverybodyIn = !(state.isOut ?? false);
  server.wall = wallOf(30);
  server.api.students = server.wall.map(summaryOf);
  state.before?.(server);
  const opened = await openPage(`${server.url}/console${state.query ?? ""}`, { browser, context });
  const scene: ConsoleScene = {
    ...opened,
    server,
    close: async () => {
      await opened.close();
      await server.close();
    },
  };
  await state.act?.(scene);
  return scene;
}

const ROOM = "?workshop=default";

async function logIn({ page }: ConsoleScene): Promise<void> {
  await page.getByLabel(say.LOGIN_WORDS.token).fill("a token");
  await page.getByRole("button", { name: say.LOGIN_WORDS.enter }).click();
}

const loginRefused = (code: string, row: string, ...words: readonly string[]): ConsoleState => ({
  row: `Login: ${row}`,
  isOut: true,
  before: ({ api }) =>
    api.refuse("POST /api/workshop/login", { code, error: "A sentence of the server's.", retryAfterSeconds: 30 }),
  act: logIn,
  words,
});

const press =
  (name: string) =>
  async ({ page }: ConsoleScene): Promise<void> =>
    page.getByRole("button", { name, exact: true }).click();

/** What is lent, with that of it changed. */
const money = (change: Partial<WorkshopMoney>, row: string, ...words: readonly string[]): ConsoleState => ({
  row: `Money: ${row}`,
  query: ROOM,
  before: (server) => Object.assign(server, { wallMoney: { ...WORKSHOP_MONEY, ...change } }),
  words,
});

const shut =
  (closing: Closing) =>
  ({ api }: PageServer): void => {
    api.workshops = [{ ...WORKSHOP, state: "ended", closing }];
  };

const closed = (row: string, closing: Closing, ...words: readonly string[]): ConsoleState => ({
  row: `Closed: ${row}`,
  query: `${ROOM}&view=settings`,
  before: shut(closing),
  words: [say.CLOSING_WORDS.closedTitle, ...words],
});

/** Every view of the console, and its empty and broken states. */
export const CONSOLE_STATES: readonly ConsoleState[] = [
  { row: "Login", isOut: true, words: [say.LOGIN_WORDS.title, say.LOGIN_WORDS.lead] },
  loginRefused("bad_token", "wrong token", "A sentence of the server's."),
  loginRefused("too_many_logins", "too many wrong tokens", say.waitWords(30).replace(/\d+ s\.$/, "")),
  {
    row: "Workshops",
    words: [WORKSHOP.name, WORKSHOP.joinCode, say.WORKSHOPS_WORDS.create, say.worstWords(10_000_000)],
  },
  {
    row: "No workshop yet",
    before: ({ api }) => Object.assign(api, { workshops: [] }),
    words: [say.WORKSHOPS_WORDS.none],
  },
  { row: "A workshop that is not there", query: "?workshop=gone", words: [say.CONSOLE_WORDS.notThere] },
  { row: "Wall", query: ROOM, words: [say.NEED_WORDS.stuck, say.NEED_WORDS["in-call"], "Edsger 3"] },
  {
    row: "Wall: nobody has joined",
    query: ROOM,
    before: (server) => Object.assign(server, { wall: [] }),
    words: [say.JOIN_CARD_WORDS.nobody],
  },
  {
    row: "Wall: all calls are stopped",
    query: ROOM,
    before: ({ api }) => Object.assign(api, { facts: { announcement: null, paused: true } }),
    words: [say.WALL_WORDS.paused, say.BAR_WORDS.resume],
  },
  {
    row: "Wall: what students read",
    query: ROOM,
    before: ({ api }) => Object.assign(api, { facts: { announcement: "Lunch at twelve!", paused: false } }),
    words: [say.WALL_WORDS.announced, "Lunch at twelve!"],
  },
  {
    row: "Wall: connection lost",
    query: ROOM,
    act: async ({ page, server }) => {
      await page.getByText("Edsger 3").first().waitFor();
      server.isDown = true;
      (await server.live("default")).drop();
    },
    words: [say.lostWords(0).split(".")[0] ?? ""],
  },
  { row: "Wall: as a list", query: ROOM, act: press(say.WALL_WORDS.list), words: ["Edsger 3"] },
  {
    row: "A student",
    query: ROOM,
    act: ({ page }) => page.getByRole("button", { name: "Donald 25" }).first().click(),
    words: [say.SHEET_WORDS.endCall, say.SHEET_WORDS.forgetKey, say.SHEET_WORDS.erase, say.SHEET_WORDS.eraseHint],
  },
  { row: "Announce", query: ROOM, act: press(say.BAR_WORDS.announce), words: [say.ANNOUNCE_WORDS.label] },
  { row: "Push", query: ROOM, act: press(say.BAR_WORDS.push), words: [say.PUSH_HINTS.prompt] },
  { row: "Join card", query: `${ROOM}&view=join`, words: [WORKSHOP.joinCode, say.JOIN_CARD_WORDS.project] },
  money({ spentMicroUsd: 8_300_000 }, "most of the pool is used", "$8.30 of $10.00", "83 % used", say.POOL_BANNERS.low),
  money({ spentMicroUsd: 10_000_000 }, "the pool is used up", say.LENT_WORDS.usedUp, say.POOL_BANNERS.spent),
  money(
    { limits: { ...WORKSHOP_MONEY.limits, poolMicroUsd: null, studentMicroUsd: null } },
    "no limit",
    `$3.41, ${say.LENT_WORDS.noLimit}`,
  ),
  {
    row: "A student at the limit",
    query: ROOM,
    act: ({ page }) => page.getByRole("button", { name: "Linus 27" }).first().click(),
    words: [say.LIMIT_ADVICE.spent, say.LENT_WORDS.student],
  },
  {
    row: "Spend",
    query: `${ROOM}&view=spend`,
    words: [say.SPEND_WORDS.note, say.PURSE_SHORT_WORDS.phone, say.BORROWER_WORDS.title, "Erased students"],
  },
  {
    row: "Spend: by payer and model",
    query: `${ROOM}&view=spend`,
    act: press(say.SPEND_BY_WORDS.model),
    words: [say.MODEL_COLUMN_WORDS.input, "price not known", say.PURSE_WORDS.student],
  },
  {
    row: "Spend: nothing yet",
    query: `${ROOM}&view=spend`,
    before: (server) => {
      server.wall = [];
      server.api.spend = { ...server.api.spend, rows: [] };
    },
    words: [say.SPEND_WORDS.none, say.BORROWER_WORDS.none],
  },
  {
    row: "Spend: some charges cannot be read, and there is no pool to add to",
    query: `${ROOM}&view=spend`,
    before: (server) => {
      server.wallMoney = { ...WORKSHOP_MONEY, limits: { ...WORKSHOP_MONEY.limits, poolMicroUsd: null } };
      server.api.spend = { ...server.api.spend, unreadable: 3 };
    },
    words: [say.unreadableWords(3), say.TOP_UP_WORDS.none],
  },
  {
    row: "Spend: the ledger does not come",
    query: `${ROOM}&view=spend`,
    before: ({ api }) =>
      api.refuse("GET /api/workshop/workshops/default/spend", { code: "x", error: "No ledger now.", status: 503 }),
    words: ["No ledger now."],
  },
  {
    row: "Spend: a top-up that cannot be",
    query: `${ROOM}&view=spend`,
    act: ({ page }) => page.getByLabel(say.TOP_UP_WORDS.amount).fill("-2"),
    words: [say.DOLLAR_PROBLEMS.negative],
  },
  {
    row: "Settings",
    query: `${ROOM}&view=settings`,
    words: [say.LENDING_WORDS.allowed, say.LENDING_WORDS.offHint, say.DANGER_WORDS.removeHint],
  },
  {
    row: "Settings: a limit that cannot be",
    query: `${ROOM}&view=settings`,
    act: ({ page }) => page.getByLabel(say.LENDING_FIELD_WORDS.poolMicroUsd).fill("1,005"),
    words: [say.DOLLAR_PROBLEMS["too-fine"]],
  },
  {
    row: "Closing a workshop",
    query: `${ROOM}&view=settings`,
    act: press(say.CLOSING_WORDS.open),
    words: [say.callsEndWords(6), say.keysHereWords(20), say.CLOSING_WORDS.receiptHint, say.DELETES_NOW_WORDS.keys],
  },
  {
    row: "Closing a workshop: dates that cannot be",
    query: `${ROOM}&view=settings`,
    act: async (scene) => {
      await press(say.CLOSING_WORDS.open)(scene);
      await scene.page.getByRole("radio", { name: say.KEY_CHOICE_WORDS.date }).first().check();
      await scene.page.getByLabel(say.CLOSING_WORDS.keysDate).fill("2020-01-01T09:00");
    },
    words: [say.CLOSING_PROBLEMS.past],
  },
  closed("keys are still here", CLOSING_SOON, say.CLOSING_WORDS.reopen, say.CLOSING_WORDS.change),
  closed("keys are deleted", CLOSING, say.CLOSING_WORDS.keysGone, "Students will be erased"),
  closed("everything is erased", ERASED, say.CLOSING_WORDS.erasedHint, "Students were erased"),
  {
    row: "Closed: the wall of nobody",
    query: ROOM,
    before: (server) => {
      shut(ERASED)(server);
      server.wall = [];
    },
    words: [say.CLOSED_ROOM_WORDS.title, say.CLOSED_ROOM_WORDS.noWall],
  },
  {
    row: "Closed: the list of workshops",
    before: shut(CLOSING),
    words: [say.closedOnWords(CLOSING)],
  },
  {
    row: "Report",
    query: `${ROOM}&view=report`,
    before: shut(CLOSING),
    words: [say.reportTitleWords(WORKSHOP.name), "Edsger", say.reportKeyWords(RECEIPT.key), "price not known"],
  },
  {
    row: "Report: everything is erased",
    query: `${ROOM}&view=report`,
    before: (server) => {
      shut(ERASED)(server);
      server.api.report = ERASED_REPORT;
    },
    words: [say.REPORT_WORDS.erasedHint, say.REPORT_WORDS.sum],
  },
  {
    row: "Report: nobody joined",
    query: `${ROOM}&view=report`,
    before: ({ api }) => Object.assign(api, { report: { ...api.report, rows: [] } }),
    words: [say.REPORT_WORDS.none],
  },
  {
    row: "Report: it does not come",
    query: `${ROOM}&view=report`,
    before: ({ api }) =>
      api.refuse("GET /api/workshop/workshops/default/report", { code: "x", error: "No report now.", status: 503 }),
    words: ["No report now."],
  },
  {
    row: "How it runs",
    query: `${ROOM}&view=metrics`,
    words: [say.METRICS_WORDS.waitChart, "560 ms", say.failureWords("upstream_timeout"), "upstream_timeout"],
  },
  {
    row: "How it runs: as a table",
    query: `${ROOM}&view=metrics`,
    act: ({ page }) => page.getByText(say.METRICS_WORDS.asTable).click(),
    words: [say.METRICS_WORDS.wait],
  },
  {
    row: "How it runs: no calls",
    query: `${ROOM}&view=metrics`,
    before: ({ api }) => Object.assign(api, { metrics: NO_METRICS }),
    words: [say.METRICS_WORDS.none, say.METRICS_WORDS.noneHint],
  },
  {
    row: "How it runs: no numbers",
    query: `${ROOM}&view=metrics`,
    before: ({ api }) =>
      api.refuse("GET /api/workshop/workshops/default/metrics", { code: "x", error: "No numbers now.", status: 503 }),
    words: ["No numbers now."],
  },
  {
    row: "Check: phone numbers",
    query: "?view=check",
    before: ({ api }) => Object.assign(api, { phoneNumbers: NUMBERS }),
    words: [say.NUMBERS_WORDS.lead, say.NUMBER_TARGET_WORDS.elsewhere, "old-voice.example"],
  },
  {
    row: "Check: Twilio refuses",
    query: "?view=check",
    before: ({ api }) => Object.assign(api, { phoneNumbers: TWILIO_FAILED }),
    words: [say.NUMBERS_WORDS.failed],
  },
  {
    row: "Check",
    query: "?view=check",
    words: [say.CHECK_STATUS_WORDS.failed, say.CHECK_STATUS_WORDS.warning, say.CHECK_NAMES.database],
  },
];
