import { readFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { textOf } from "../../src/web/student/call-export.ts";
import * as say from "../../src/web/words.ts";
import { launchChromium } from "./chromium.ts";
import { flawsOf } from "./page-layout.ts";
import type { PageServer } from "./page-server.ts";
import { openState, type Scene } from "./page-states.ts";
import { CALL, CALL_REPLY } from "./page-world.ts";
import { eventually } from "./room.ts";

const { HISTORY_WORDS, REPLAY_WORDS } = say;

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());
const open: Scene[] = [];
afterEach(async () => {
  for (const scene of open.splice(0)) {
    expect(scene.student.complaints).toEqual([]);
    await scene.close();
  }
});

/** The Calls tab of a student. */
async function callsTab(before?: (server: PageServer) => void, ownTime = false): Promise<Scene & { page: Page }> {
  const scene = await openState(
    browser,
    {
      row: "calls",
      ownTime,
      before: (server) => before?.(server),
      act: ({ student }) => student.page.getByRole("tab", { name: say.VIEW_WORDS.calls, exact: true }).click(),
      words: [],
    },
    { reducedMotion: "reduce", acceptDownloads: true },
  );
  open.push(scene);
  return Object.assign(scene, { page: scene.student.page });
}

const panel = (page: Page) => page.getByRole("region", { name: HISTORY_WORDS.title, exact: true });
const rows = (page: Page): Promise<string[]> => panel(page).getByRole("listitem").allInnerTexts();
const openFirst = (page: Page): Promise<void> => panel(page).getByRole("listitem").getByRole("button").first().click();
const lines = (page: Page): Promise<string[]> => panel(page).getByRole("log").getByRole("listitem").allInnerTexts();

describe("the Calls tab", () => {
  it("HISTORY-6 before the first call it shows what a call leaves", async () => {
    const { page } = await callsTab(({ api }) => {
      api.calls = { success: true, calls: [], next: null };
    });
    await page.getByText(HISTORY_WORDS.none).waitFor();
    await page.getByText(HISTORY_WORDS.sample).waitFor();
    await panel(page).getByText(say.RECEIPT_WORDS.total, { exact: true }).waitFor();
    expect(await flawsOf(page)).toEqual([]);
  });

  it("HISTORY-6 each call says when, how long, which way, whose key, how much and how it ended", async () => {
    const { page } = await callsTab();
    const [row = ""] = await eventually(async () => ((await rows(page)).length > 0 ? rows(page) : undefined), "a call");
    for (const fact of ["$0.0068", "0:42", "Browser", "7 turns", say.PAID_WORDS.instructor, "You hung up."]) {
      expect(row).toContain(fact);
    }
    expect(await flawsOf(page)).toEqual([]);
  });

  it("HISTORY-6 older calls come when they are asked for, and a call that has just ended comes by itself", async () => {
    const older = { ...CALL, id: "older", startedAt: "2026-11-19T09:00:00.000Z", endedAt: null, endReason: null };
    const scene = await callsTab(({ api }) => {
      api.calls = { success: true, calls: [{ ...CALL, turnCount: 7 }], next: CALL.startedAt };
    });
    const { page, server } = scene;
    await page.getByRole("button", { name: HISTORY_WORDS.older }).waitFor();
    server.api.calls = { success: true, calls: [{ ...older, turnCount: 1 }], next: null };
    await page.getByRole("button", { name: HISTORY_WORDS.older }).click();
    await eventually(async () => (await rows(page)).length === 2, "the older call");
    expect((await rows(page))[1]).toContain(HISTORY_WORDS.unended);
    expect(await page.getByRole("button", { name: HISTORY_WORDS.older }).count()).toBe(0);
    const newer = { ...CALL, id: "newer", startedAt: "2026-11-21T09:00:00.000Z", turnCount: 3 };
    server.api.calls = { success: true, calls: [newer, { ...CALL, turnCount: 7 }], next: CALL.startedAt };
    await scene.ended({ type: "call-end", endReason: "caller-left" });
    await eventually(async () => (await rows(page)).length === 3, "the call that has just ended");
    expect((await rows(page))[0]).toContain("3 turns");
  });

  it("HISTORY-6 where no list comes it says why, and tries again when asked", async () => {
    const { page, server } = await callsTab(({ api }) =>
      api.refuse("GET /api/me/calls", { code: "database_unavailable", error: "The database is away.", status: 503 }),
    );
    await panel(page).getByText("The database is away.").waitFor();
    server.api.relent("GET /api/me/calls");
    await panel(page).getByRole("button", { name: HISTORY_WORDS.again }).click();
    await eventually(async () => (await rows(page)).length === 1, "the list");
    expect(await panel(page).getByText("The database is away.").count()).toBe(0);
  });

  it("HISTORY-7 a call opens with all that was said, what was not heard struck out, its tools, times and bill", async () => {
    const { page } = await callsTab();
    await openFirst(page);
    await eventually(async () => (await lines(page)).length === CALL_REPLY.turns.length, "the transcript");
    expect(await panel(page).getByRole("deletion").innerText()).toBe("a rye bread");
    await panel(page).getByText("check_orders").first().click();
    await panel(page).getByText('"status": "baked"').waitFor();
    await panel(page).getByText(say.WATERFALL_WORDS.title).waitFor();
    await panel(page).getByText(say.END_WORDS["caller-left"]).waitFor();
    for (const width of [1_280, 320]) {
      await page.setViewportSize({ width, height: 800 });
      expect(await flawsOf(page)).toEqual([]);
    }
    await panel(page).getByRole("button", { name: HISTORY_WORDS.back }).click();
    await eventually(async () => (await rows(page)).length === 1, "the list");
  });

  it("HISTORY-8 a replay is played, paused, stepped and scrubbed, by keyboard too", async () => {
    const { page } = await callsTab(undefined, true);
    await openFirst(page);
    await panel(page).getByRole("button", { name: REPLAY_WORDS.open, exact: true }).click();
    const position = panel(page).getByRole("slider", { name: REPLAY_WORDS.position });
    // With less motion asked for it waits to be started.
    await page.clock.runFor(3_000);
    expect(await position.inputValue()).toBe("0");
    await panel(page).getByRole("button", { name: REPLAY_WORDS.play, exact: true }).click();
    await page.clock.runFor(5_000);
    const spoken = await lines(page);
    expect(spoken.length).toBeGreaterThan(0);
    expect(spoken.length).toBeLessThan(CALL_REPLY.turns.length);
    await panel(page).getByRole("button", { name: REPLAY_WORDS.pause, exact: true }).click();
    const paused = await position.inputValue();
    await page.clock.runFor(5_000);
    expect(await position.inputValue()).toBe(paused);
    expect(await flawsOf(page)).toEqual([]);
    await panel(page).getByRole("button", { name: REPLAY_WORDS.next }).click();
    await eventually(async () => (await lines(page)).length > spoken.length, "the next turn");
    await position.focus();
    await page.keyboard.press("Home");
    await eventually(async () => (await lines(page)).length === 0, "the beginning");
    await page.keyboard.press("End");
    await eventually(async () => (await lines(page)).length === CALL_REPLY.turns.length, "the end");
    expect(await position.getAttribute("aria-valuetext")).toBe(`0:42, ${say.PHASE_WORDS.ended}`);
    await page.setViewportSize({ width: 320, height: 800 });
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await flawsOf(page)).toEqual([]);
  });

  it("HISTORY-8 sixteen times as fast is over in a moment, and a shortened pause says so", async () => {
    const { page } = await callsTab(undefined, true);
    await openFirst(page);
    await panel(page).getByRole("button", { name: REPLAY_WORDS.open, exact: true }).click();
    await panel(page)
      .getByRole("button", { name: say.speedWords(16) })
      .click();
    const position = panel(page).getByRole("slider", { name: REPLAY_WORDS.position });
    const mostMs = Number(await position.getAttribute("max"));
    await position.fill(String(mostMs - 500));
    await panel(page)
      .getByText(/shortened to 1 s$/)
      .waitFor();
    await panel(page).getByRole("button", { name: REPLAY_WORDS.play, exact: true }).click();
    await page.clock.runFor(2_000);
    await panel(page).getByText(say.PHASE_WORDS.ended, { exact: true }).waitFor();
  });

  it("HISTORY-9 a call is saved as a file from the page alone", async () => {
    const { page, server } = await callsTab();
    await openFirst(page);
    const saved = async (name: string): Promise<{ file: string; text: string }> => {
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        panel(page).getByRole("button", { name }).click(),
      ]);
      return { file: download.suggestedFilename(), text: readFileSync(await download.path(), "utf8") };
    };
    await panel(page).getByRole("button", { name: HISTORY_WORDS.saveJson }).waitFor();
    const before = server.api.asked.length;
    const { success: _, ...archived } = CALL_REPLY;
    const json = await saved(HISTORY_WORDS.saveJson);
    expect(json.file).toBe("call-2026-11-20-0b5a3c1e.json");
    expect(JSON.parse(json.text)).toEqual({ format: "callroom-call", version: 1, ...archived });
    expect(await saved(HISTORY_WORDS.saveText)).toEqual({
      file: "call-2026-11-20-0b5a3c1e.txt",
      text: textOf(archived),
    });
    expect(server.api.asked.length).toBe(before);
  });
});
