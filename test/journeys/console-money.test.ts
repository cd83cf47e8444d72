import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as say from "../../src/web/console/words-money.ts";
import { launchChromium } from "./chromium.ts";
import { type ConsoleScene, openConsole } from "./console-states.ts";
import { WORKSHOP_MONEY, wallStudent } from "./page-world.ts";
import { eventually } from "./room.ts";
import { SPEND } from "./spend-world.ts";

const SPEND_ROUTE = "GET /api/workshop/workshops/default/spend";
const TOP_UP_ROUTE = "POST /api/workshop/workshops/default/top-up";
const PATCH_ROUTE = "PATCH /api/workshop/workshops/default";

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

/** The console at one of its views, its clock in the hands of the test. */
const openAt = (view: "spend" | "settings" | "wall", act?: (scene: ConsoleScene) => Promise<unknown>) =>
  openConsole(browser, { row: view, query: `?workshop=default&view=${view}`, words: [], ...(act && { act }) });

describe("the money on the console", () => {
  it("CONSOLE-40 moves when it is pushed, in the bar and on the spend view, and the ledger is read again in time", async () => {
    const scene = await openAt("spend", async ({ page }) => {
      await page.clock.install();
      await page.reload();
    });
    const { page, server } = scene;
    try {
      await page.getByText("$3.41 of $10.00").nth(1).waitFor();
      await page.getByText(say.BORROWER_WORDS.title).waitFor();
      const before = server.api.askedOf(SPEND_ROUTE).length;
      const [row] = server.api.spend.rows;
      if (!row) throw new Error("the ledger is empty");
      const more = { ...row, name: "Spent just now", studentId: "st_new", costMicroUsd: 4_970_000 };
      server.api.spend = { ...server.api.spend, rows: [...server.api.spend.rows, more] };
      const live = await server.live("default");
      for (const spentMicroUsd of [8_100_000, 8_250_000, 8_375_000]) {
        live.send({ type: "money", money: { ...WORKSHOP_MONEY, spentMicroUsd, heldMicroUsd: 0 } });
      }
      await page.getByText("$8.38 of $10.00").nth(1).waitFor();
      await page.getByText("83 % used · $1.62 left").first().waitFor();
      await page.getByText(say.POOL_BANNERS.low).waitFor();
      expect(server.api.askedOf(SPEND_ROUTE)).toHaveLength(before);
      await page.clock.fastForward(5_000);
      await page.getByRole("rowheader", { name: "Spent just now" }).waitFor();
      expect(server.api.askedOf(SPEND_ROUTE)).toHaveLength(before + 1);
      expect(scene.complaints).toEqual([]);
    } finally {
      await scene.close();
    }
  });

  it("METRICSUI-7 shows the first that is spent as soon as the ledger has it, without waiting for its turn", async () => {
    const scene = await openAt("spend", async ({ page, server }) => {
      server.wall = [];
      server.wallMoney = { ...WORKSHOP_MONEY, spentMicroUsd: 0, heldMicroUsd: 0 };
      server.api.spend = { ...server.api.spend, rows: [] };
      await page.reload();
    });
    const { page, server } = scene;
    try {
      await page.getByText(say.SPEND_WORDS.none).waitFor();
      const [row] = SPEND.rows;
      if (!row) throw new Error("the ledger is empty");
      const live = await server.live("default");
      const pushedAtMs = performance.now();
      live.send({ type: "money", money: { ...WORKSHOP_MONEY, spentMicroUsd: 21_000, heldMicroUsd: 0 } });
      // The archive is a moment behind the line.
      await eventually(() => server.api.askedOf(SPEND_ROUTE).length >= 3, "the ledger to be asked for at once");
      server.api.spend = { ...server.api.spend, rows: [{ ...row, name: "First of all" }] };
      await page.getByRole("rowheader", { name: "First of all" }).waitFor();
      expect(performance.now() - pushedAtMs).toBeLessThan(4_000);
      expect(scene.complaints).toEqual([]);
    } finally {
      await scene.close();
    }
  });

  it("CONSOLE-41 is added to by the amount that is typed, and shows it at once; a refusal says why", async () => {
    const scene = await openAt("spend");
    const { page, server } = scene;
    try {
      await page.getByLabel(say.TOP_UP_WORDS.amount).fill("2,50");
      await page.getByRole("button", { name: say.addWords(2_500_000) }).click();
      await page.getByText(say.addedWords(2_500_000, 12_500_000)).waitFor();
      await page.getByText("$3.41 of $12.50").nth(1).waitFor();
      expect(server.api.askedOf(TOP_UP_ROUTE).map(({ body }) => body)).toEqual([{ microUsd: 2_500_000 }]);
      await page.getByLabel(say.TOP_UP_WORDS.amount).fill("0");
      await page.getByText(say.DOLLAR_PROBLEMS.nothing).waitFor();
      expect(await page.getByRole("button", { name: say.TOP_UP_WORDS.add, exact: true }).isDisabled()).toBe(true);
      server.api.refuse(TOP_UP_ROUTE, { code: "bad_request", error: "Not well formed.", field: "microUsd: too much" });
      await page.getByLabel(say.TOP_UP_WORDS.amount).fill("9999");
      await page.getByLabel(say.TOP_UP_WORDS.amount).press("Enter");
      await page.getByRole("alert").getByText("Not well formed. microUsd: too much.").waitFor();
      expect(scene.complaints).toEqual([]);
    } finally {
      await scene.close();
    }
  });

  it("CONSOLE-35 is lent by limits that save themselves one at a time, and by models that are ticked", async () => {
    const scene = await openAt("settings");
    const { page, server } = scene;
    const patches = () => server.api.askedOf(PATCH_ROUTE).map(({ body }) => body);
    try {
      const pool = page.getByLabel(say.LENDING_FIELD_WORDS.poolMicroUsd);
      await pool.fill("20,5");
      await pool.press("Enter");
      await page.getByText("of $20.50").first().waitFor();
      await pool.fill("20.5.1");
      await page.getByText(say.DOLLAR_PROBLEMS["not-dollars"]).waitFor();
      await pool.press("Enter");
      await pool.fill("");
      await pool.blur();
      await page.getByText(`$3.41, ${say.LENT_WORDS.noLimit}`).waitFor();
      await page.getByLabel("gpt-6-luna").uncheck();
      await page.getByText(say.LENDING_WORDS.someModels).waitFor();
      await page.getByLabel(say.LENDING_WORDS.allowed).uncheck();
      await page.getByText(say.LENDING_WORDS.notAllowedHint).waitFor();
      expect(patches()).toEqual([
        { lending: { poolMicroUsd: 20_500_000 } },
        { lending: { poolMicroUsd: null } },
        { lending: { models: ["gpt-realtime-2.1-mini"] } },
        { fallbackAllowed: false },
      ]);
      expect(scene.complaints).toEqual([]);
    } finally {
      await scene.close();
    }
  });

  it("CONSOLE-39 that another console changes is shown in the settings of this one", async () => {
    const scene = await openAt("settings");
    const { page, server } = scene;
    try {
      const pool = page.getByLabel(say.LENDING_FIELD_WORDS.poolMicroUsd);
      await page.getByText("of $10.00").first().waitFor();
      const live = await server.live("default");
      const limits = { ...WORKSHOP_MONEY.limits, poolMicroUsd: 33_000_000 };
      live.send({ type: "money", money: { ...WORKSHOP_MONEY, limits } });
      await eventually(async () => (await pool.inputValue()) === "33.00", "the field to follow");
    } finally {
      await scene.close();
    }
  });

  it("CONSOLE-33 puts a student whose allowance runs out before those who only use it", async () => {
    const scene = await openAt("wall");
    const { page, server } = scene;
    try {
      const tile = page.locator("[data-student=st_006]");
      await tile.waitFor();
      const live = await server.live("default");
      live.send({
        type: "wall",
        nowMs: Date.now(),
        students: [{ ...wallStudent(6), lastSeenAtMs: Date.now(), lentMicroUsd: 450_000 }],
        gone: [],
      });
      await tile.getByText("$0.45 of $0.50").first().waitFor();
      expect(await tile.getAttribute("data-kind")).toBe("near-limit");
      await eventually(async () => {
        const kinds = await page
          .locator("[data-student]")
          .evaluateAll((tiles) => tiles.map((one) => one.getAttribute("data-kind")));
        return kinds.lastIndexOf("near-limit") < kinds.indexOf("fallback");
      }, "the order to be made anew");
    } finally {
      await scene.close();
    }
  });

  it("CONSOLE-42 is taken home as two files and on paper", async () => {
    const scene = await openAt("spend");
    const { page } = scene;
    try {
      const addressOf = (name: string) => page.getByRole("link", { name }).getAttribute("href");
      const route = "/api/workshop/workshops/default";
      expect([await addressOf(say.SPEND_WORDS.callsCsv), await addressOf(say.SPEND_WORDS.ledgerCsv)]).toEqual([
        `${route}/export.csv`,
        `${route}/ledger.csv`,
      ]);
      await page.getByRole("rowheader", { name: "Edsger 3" }).waitFor();
      await page.emulateMedia({ media: "print" });
      const isSeen = (words: string) => page.getByText(words, { exact: true }).first().isVisible();
      expect(await Promise.all([say.SPEND_WORDS.print, say.TOP_UP_WORDS.amount, "Announce"].map(isSeen))).toEqual([
        false,
        false,
        false,
      ]);
      expect(await Promise.all(["Edsger 3", "$0.35", say.BORROWER_WORDS.title].map(isSeen))).toEqual([
        true,
        true,
        true,
      ]);
    } finally {
      await scene.close();
    }
  });
});
