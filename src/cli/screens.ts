import type { Page } from "playwright-core";
import { CLOSING, closedMe, RECEIPT } from "../../test/journeys/closing-world.ts";
import { billOf, meterOf } from "../../test/journeys/page-money.ts";
import type { PageServer } from "../../test/journeys/page-server.ts";
import {
  CALL_START,
  CONVERSATION,
  ME,
  OWN_KEY,
  STARTED_AT_MS,
  summaryOf,
  WORKSHOP,
  wallOf,
} from "../../test/journeys/page-world.ts";
import { DEFAULT_TOOLS } from "../protocol/agent-config.ts";
import type { Closing } from "../protocol/closing.ts";
import type { WallStudent } from "../protocol/live-messages.ts";
import { CLOSING_WORDS } from "../web/console/words-closing.ts";
import { METRICS_WORDS } from "../web/console/words-metrics.ts";
import { BAR_WORDS } from "../web/console/words-wall.ts";
import {
  CALL_WORDS,
  CLOSED_WORDS,
  HISTORY_WORDS,
  JOIN_WORDS,
  KEY_SHEET_WORDS,
  PAYER_WORDS,
  RECEIPT_WORDS,
  TOOLS_WORDS,
  VIEW_WORDS,
} from "../web/words.ts";

/** One of the main screens, and the way there. */
export interface Screen {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  show(server: PageServer, page: Page): Promise<unknown>;
}

const STUCK = ["rejected", "no_credit", "restricted"] as const;
const DESK = { width: 1_280, height: 860 } as const;
/** High enough for the waterfall and the receipt. */
const TALL = { width: 1_280, height: 1_180 } as const;
const PHONE = { width: 390, height: 844 } as const;

/** A class in the middle of its day. */
const CLASS: readonly WallStudent[] = wallOf(36).map((student, at) => ({
  ...student,
  spend: { ...student.spend, instructor: { ...student.spend.instructor, costMicroUsd: student.lentMicroUsd } },
  keyStatus: student.keyStatus === "rejected" ? (STUCK[at % STUCK.length] ?? "rejected") : student.keyStatus,
}));

/** Erased on a fixed day, so that pictures do not change with the day they are made. */
const CLOSED: Closing = { ...CLOSING, eraseAt: new Date(STARTED_AT_MS + 30 * 86_400_000).toISOString() };

/** Signed in, with an agent that has been worked on. */
async function student({ api, url }: PageServer, page: Page): Promise<void> {
  api.isEverybodyIn = true;
  api.me = { ...ME, payer: "student", key: OWN_KEY, config: { ...ME.config, tools: [...DEFAULT_TOOLS] } };
  await page.goto(url);
  await page.getByRole("button", { name: CALL_WORDS.dial }).waitFor();
}

/** In the middle of a call, typed so that no microphone's level moves. */
async function call(server: PageServer, page: Page): Promise<void> {
  await student(server, page);
  await page.getByRole("button", { name: CALL_WORDS.dialTyping }).click();
  const socket = await server.call();
  socket.send(
    { ...CALL_START, keySource: "student" },
    { type: "state", state: "speaking" },
    ...CONVERSATION.slice(0, -1),
    { type: "caption", seq: 7, speaker: "agent", delta: "See you soon. Good" },
    meterOf(billOf("student")),
  );
  await page.getByText("See you soon. Good").waitFor();
}

async function receipt(server: PageServer, page: Page): Promise<void> {
  await call(server, page);
  const last = CONVERSATION.at(-1);
  const socket = await server.call();
  socket.send(...(last ? [last] : []), { type: "call-end", endReason: "agent-ended" });
  socket.close(1_000);
  await page.getByRole("region", { name: RECEIPT_WORDS.title }).first().waitFor();
}

const tab = (page: Page, view: keyof typeof VIEW_WORDS): Promise<void> =>
  page.getByRole("tab", { name: VIEW_WORDS[view], exact: true }).click();

async function room(server: PageServer, page: Page, query: string): Promise<void> {
  server.wall = [...CLASS];
  server.api.students = server.wall.map(summaryOf);
  server.api.isEverybodyIn = true;
  await page.goto(`${server.url}/console?workshop=default${query}`);
  await page.getByRole("button", { name: BAR_WORDS.announce }).waitFor();
}

/** In the order in which one meets them. */
export const SCREENS: readonly Screen[] = [
  {
    name: "join",
    ...DESK,
    show: async ({ url }, page) => {
      await page.goto(`${url}/#MAPLE-7F`);
      await page.getByLabel(JOIN_WORDS.name).fill("Ada");
    },
  },
  { name: "agent", ...DESK, show: student },
  { name: "call", ...TALL, show: call },
  { name: "call-phone", ...PHONE, show: call },
  { name: "receipt", ...TALL, show: receipt },
  {
    name: "closed",
    ...DESK,
    show: async (server, page) => {
      server.api.isEverybodyIn = true;
      server.api.me = closedMe(CLOSED);
      server.api.receipt = { ...RECEIPT, closing: CLOSED };
      await page.goto(server.url);
      await page.getByText(CLOSED_WORDS.together).waitFor();
    },
  },
  {
    name: "key",
    ...DESK,
    show: async (server, page) => {
      await student(server, page);
      await page.getByRole("button", { name: PAYER_WORDS.pays }).first().click();
      await page.getByText(KEY_SHEET_WORDS.safe).waitFor();
    },
  },
  {
    name: "tools",
    ...DESK,
    show: async (server, page) => {
      await student(server, page);
      await tab(page, "tools");
      await page
        .getByRole("region", { name: TOOLS_WORDS.title })
        .getByRole("listitem")
        .getByRole("button")
        .first()
        .click();
    },
  },
  {
    name: "history",
    ...DESK,
    show: async (server, page) => {
      await student(server, page);
      await tab(page, "calls");
      await page.getByRole("tabpanel").getByRole("listitem").getByRole("button").first().click();
      await page.getByText(HISTORY_WORDS.transcript).waitFor();
    },
  },
  {
    name: "wall",
    ...DESK,
    show: async (server, page) => {
      await room(server, page, "");
      await page.getByText("Linus 17").first().waitFor();
    },
  },
  {
    name: "metrics",
    ...TALL,
    show: async (server, page) => {
      await room(server, page, "&view=metrics");
      await page.getByText(METRICS_WORDS.waitChart).waitFor();
    },
  },
  {
    name: "closing",
    ...TALL,
    show: async (server, page) => {
      server.api.workshops = [{ ...WORKSHOP, studentCount: CLASS.length }];
      await room(server, page, "&view=settings");
      await page.getByRole("button", { name: CLOSING_WORDS.open }).click();
      await page.getByRole("heading", { name: CLOSING_WORDS.receiptTitle }).waitFor();
    },
  },
  { name: "join-card", ...DESK, show: (server, page) => room(server, page, "&view=join") },
  {
    name: "check",
    ...DESK,
    show: async ({ api, url }, page) => {
      api.isEverybodyIn = true;
      await page.goto(`${url}/console?view=check`);
      await page.getByText("Postgres answered").waitFor();
    },
  },
];
