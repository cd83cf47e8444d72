import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { toLocalField } from "../../src/web/console/local-time.ts";
import { CHECK_NAMES } from "../../src/web/console/words.ts";
import {
  CLOSING_WORDS,
  callsEndWords,
  DELETES_NOW_WORDS,
  dateWords,
  eraseChoiceWords,
  KEY_CHOICE_WORDS,
  keysHereWords,
  REPORT_COLUMN_WORDS,
  REPORT_WORDS,
} from "../../src/web/console/words-closing.ts";
import { HOURS_WORDS, METRICS_WORDS, NUMBERS_WORDS, traceCommand } from "../../src/web/console/words-metrics.ts";
import { BAR_WORDS, failureWords } from "../../src/web/console/words-wall.ts";
import { launchChromium } from "./chromium.ts";
import { CLOSING, CLOSING_SOON, ERASED, ERASED_REPORT } from "./closing-world.ts";
import { type ConsoleScene, openConsole } from "./console-states.ts";
import { NUMBERS, TWILIO_FAILED } from "./observed-world.ts";
import type { PageServer } from "./page-server.ts";
import { STARTED_AT_MS, WORKSHOP, wallStudent } from "./page-world.ts";
import { eventually } from "./room.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

const open: ConsoleScene[] = [];
afterEach(async () => {
  for (const scene of open.splice(0)) {
    expect(scene.complaints).toEqual([]);
    await scene.close();
  }
});

async function at(view: string, before?: (server: PageServer) => void): Promise<ConsoleScene> {
  const scene = await openConsole(browser, {
    row: view,
    query: `?workshop=default&view=${view}`,
    words: [],
    ...(before && { before }),
  });
  open.push(scene);
  return scene;
}

const ROUTE = "/api/workshop/workshops/default";
const DAY_MS = 86_400_000;
/** As a field of type `datetime-local` has it. */
const inDays = (days: number): string =>
  `${toLocalField(new Date(Date.now() + days * DAY_MS).toISOString()).slice(0, 11)}18:00`;
const dialogOf = (page: Page): Locator => page.getByRole("dialog");
const choose = (page: Page, title: string, choice: string): Promise<void> =>
  dialogOf(page).getByRole("group", { name: title }).getByRole("radio", { name: choice, exact: true }).check();
const closedBy =
  (closing: typeof CLOSING) =>
  ({ api }: PageServer): void => {
    api.workshops = [{ ...WORKSHOP, state: "ended", closing }];
  };

describe("closing a workshop in the console", () => {
  it("CLOSEUI-12 says what ends, asks for the name because keys are deleted at once, and sends what was chosen", async () => {
    const { page, server } = await at("settings");
    await page.getByRole("button", { name: CLOSING_WORDS.open }).click();
    const dialog = dialogOf(page);
    await dialog.getByText(callsEndWords(6)).waitFor();
    await dialog.getByText(keysHereWords(20)).waitFor();
    await dialog.getByText(DELETES_NOW_WORDS.keys).waitFor();
    const button = dialog.getByRole("button", { name: CLOSING_WORDS.close });
    expect(await button.isDisabled()).toBe(true);
    await choose(page, CLOSING_WORDS.eraseTitle, eraseChoiceWords(90));
    await dialog.getByLabel(CLOSING_WORDS.confirm).fill("Voice agent");
    expect(await button.isDisabled()).toBe(true);
    await dialog.getByLabel(CLOSING_WORDS.confirm).fill("Voice agents");
    const beforeMs = Date.now();
    await button.click();
    await dialog.waitFor({ state: "detached" });
    const [asked] = server.api.askedOf(`POST ${ROUTE}/close`);
    expect(asked?.body).toEqual({ keysAt: null, eraseAt: expect.any(String) });
    const eraseAtMs = Date.parse(String(asked?.body.eraseAt));
    expect(eraseAtMs - beforeMs).toBeGreaterThanOrEqual(90 * DAY_MS);
    expect(eraseAtMs - Date.now()).toBeLessThanOrEqual(90 * DAY_MS);

    const banner = page.getByRole("status").filter({ hasText: "Keys were deleted on" });
    expect(await banner.innerText()).toMatch(/^Closed on .+ Keys were deleted on .+ Students will be erased on /);
    await page.getByText(CLOSING_WORDS.keysGone).waitFor();
    expect(await page.getByRole("button", { name: BAR_WORDS.announce }).count()).toBe(0);
  });

  it("CLOSEUI-12 asks for no name when nothing is deleted at once, keeps dates in order, and opens again", async () => {
    const { page, server } = await at("settings");
    await page.getByRole("button", { name: CLOSING_WORDS.open }).click();
    const dialog = dialogOf(page);
    await choose(page, CLOSING_WORDS.keysTitle, KEY_CHOICE_WORDS.date);
    await dialog.getByLabel(CLOSING_WORDS.keysDate).fill(inDays(40));
    await dialog.getByText("Students are erased with their keys or after them").waitFor();
    const button = dialog.getByRole("button", { name: CLOSING_WORDS.close });
    expect(await button.isDisabled()).toBe(true);
    await choose(page, CLOSING_WORDS.eraseTitle, eraseChoiceWords("date"));
    await dialog.getByLabel(CLOSING_WORDS.eraseDate).fill(inDays(50));
    expect(await dialog.getByLabel(CLOSING_WORDS.confirm).count()).toBe(0);
    await button.click();
    await dialog.waitFor({ state: "detached" });
    expect(server.api.askedOf(`POST ${ROUTE}/close`)[0]?.body).toEqual({
      keysAt: new Date(inDays(40)).toISOString(),
      eraseAt: new Date(inDays(50)).toISOString(),
    });
    await page.getByRole("button", { name: CLOSING_WORDS.reopen }).click();
    await page.getByRole("button", { name: CLOSING_WORDS.open }).waitFor();
    expect(server.api.askedOf(`POST ${ROUTE}/reopen`)).toHaveLength(1);
    await page.getByRole("button", { name: BAR_WORDS.announce }).waitFor();
  });

  it("CLOSEUI-13 changes the dates of a closed workshop, and shows why it cannot", async () => {
    const { page, server } = await at("settings", closedBy(CLOSING_SOON));
    await page.getByRole("button", { name: CLOSING_WORDS.change }).click();
    const dialog = dialogOf(page);
    expect(await dialog.getByLabel(CLOSING_WORDS.keysDate).inputValue()).toBe(toLocalField(CLOSING_SOON.keysAt));
    await dialog.getByLabel(CLOSING_WORDS.eraseDate).fill(inDays(60));
    server.api.refuse(`POST ${ROUTE}/close`, { code: "already_erased", error: "There is no way back.", status: 409 });
    await dialog.getByRole("button", { name: CLOSING_WORDS.save }).click();
    await dialog.getByRole("alert").getByText("There is no way back.").waitFor();
    server.api.relent(`POST ${ROUTE}/close`);
    await dialog.getByRole("button", { name: CLOSING_WORDS.save }).click();
    await dialog.waitFor({ state: "detached" });
    await page.getByText(`Students will be erased on ${dateWords(inDays(60))}`).waitFor();
  });

  it("CLOSEUI-13 is heard of by every console, and a workshop whose students are erased stays closed", async () => {
    const { page, server } = await at("settings");
    await page.getByRole("button", { name: CLOSING_WORDS.open }).waitFor();
    closedBy(CLOSING_SOON)(server);
    const live = await server.live("default");
    live.send({ type: "workshop", ...server.api.facts });
    await page.getByRole("button", { name: CLOSING_WORDS.reopen }).waitFor();
    closedBy(ERASED)(server);
    live.send({ type: "workshop", ...server.api.facts });
    await page.getByText(CLOSING_WORDS.erasedHint).waitFor();
    for (const name of [CLOSING_WORDS.reopen, CLOSING_WORDS.change]) {
      expect(await page.getByRole("button", { name }).count()).toBe(0);
    }
  });

  it("CLOSEUI-14 is done with the keyboard alone, and Escape leaves everything as it was", async () => {
    const { page, server } = await at("settings");
    await page.getByRole("button", { name: CLOSING_WORDS.open }).focus();
    await page.keyboard.press("Enter");
    await dialogOf(page).waitFor();
    await page.keyboard.press("Escape");
    await dialogOf(page).waitFor({ state: "detached" });
    expect(server.api.askedOf(`POST ${ROUTE}/close`)).toEqual([]);
    const opener = page.getByRole("button", { name: CLOSING_WORDS.open });
    await eventually(() => opener.evaluate((button) => button === document.activeElement), "the focus to come back");
    await page.keyboard.press("Enter");
    await dialogOf(page).waitFor();
    // To the keys, to the erasing and its "Now", to the name.
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("ArrowLeft");
    await dialogOf(page).getByText(DELETES_NOW_WORDS.everything).waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.type("Voice agents");
    await page.keyboard.press("Enter");
    await dialogOf(page).waitFor({ state: "detached" });
    expect(server.api.askedOf(`POST ${ROUTE}/close`)[0]?.body).toEqual({ keysAt: null, eraseAt: null });
  });

  it("CLOSEUI-15 has a report of every student with the end of their key, as a file too, and of sums alone in the end", async () => {
    const { page, server } = await at("report", closedBy(CLOSING));
    const table = page.getByRole("region", { name: REPORT_WORDS.label }).getByRole("table");
    await table.waitFor();
    expect(await table.getByRole("row").count()).toBe(12);
    expect(await table.getByRole("row", { name: /^Ada/ }).innerText()).toMatch(
      /Ada\s+3\s+8\.6\s+\$0\.06\s+\$0\.03\s+…a1b2 deleted 20 Nov 2026/,
    );
    expect(await table.getByRole("row", { name: /^All students/ }).innerText()).toMatch(
      /55\s+156\.8\s+\$2\.27\s+over \$0\.47/,
    );
    await table.getByRole("button", { name: REPORT_COLUMN_WORDS.calls }).click();
    expect(await table.getByRole("row").nth(1).innerText()).toMatch(/^Linus/);
    const file = page.getByRole("link", { name: REPORT_WORDS.csv });
    expect(await file.getAttribute("href")).toBe(`${ROUTE}/report.csv`);
    expect(await page.getByRole("link", { name: /platform\.openai\.com/ }).getAttribute("rel")).toContain("noopener");

    closedBy(ERASED)(server);
    server.api.report = ERASED_REPORT;
    await page.reload();
    await page.getByText(REPORT_WORDS.erasedHint).waitFor();
    expect(await table.getByRole("row").count()).toBe(2);
    expect(await page.locator("body").innerText()).not.toContain("Ada");
  });
});

describe("how it runs, in the console", () => {
  it("METRICSUI-4 asks for the hours that are chosen, and again when calls begin or end, not more often", async () => {
    const { page, server } = await at("metrics");
    await page.getByText(failureWords("upstream_timeout")).waitFor();
    const asked = (): string[] => server.api.askedOf(`GET ${ROUTE}/metrics`).map(({ search }) => search);
    expect(asked()).toEqual(["?hours=24"]);
    await page.getByRole("button", { name: HOURS_WORDS[168], exact: true }).click();
    await eventually(() => asked().length === 2, "the week");
    await page.clock.install();
    await page.getByRole("button", { name: HOURS_WORDS[1], exact: true }).click();
    await eventually(() => asked().length === 3, "the hour");
    expect(asked()).toEqual(["?hours=24", "?hours=168", "?hours=1"]);
    const live = await server.live("default");
    live.send({ type: "wall", nowMs: STARTED_AT_MS, students: [{ ...wallStudent(5), calls: [] }], gone: [] });
    await page.getByText("in call", { exact: true }).first().waitFor();
    await page.clock.fastForward(2_000);
    await eventually(async () => (await page.locator(".numbers dd").first().innerText()) === "5", "one call less");
    expect(asked()).toHaveLength(3);
    await page.clock.fastForward(10_500);
    await eventually(() => asked().length === 4, "the numbers to be looked up again");
  });

  it("METRICSUI-5 has all its numbers in words and tables too", async () => {
    const { page } = await at("metrics");
    await page.getByRole("img", { name: METRICS_WORDS.waitChart }).waitFor();
    await page.getByText(METRICS_WORDS.asTable).click();
    const spans = page.getByRole("region", { name: METRICS_WORDS.asTable }).getByRole("row");
    // The heading, and the half hours since the first call.
    expect(await spans.count()).toBe(19);
    const ways = page.getByRole("region", { name: METRICS_WORDS.byWayIn });
    expect(await ways.getByRole("row", { name: /^browser/ }).innerText()).toMatch(/102\s+1,204\s+540 ms\s+1\.3 s/);
  });

  it("METRICSUI-6 gives the command that traces a student's call", async () => {
    const { page } = await at("wall");
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.getByRole("button", { name: "Donald 25" }).first().click();
    const [call] = wallStudent(25).calls;
    const command = traceCommand(call?.callId ?? "");
    await dialogOf(page).getByText(command).waitFor();
    await dialogOf(page).getByRole("button", { name: /^Copy/ }).click();
    await dialogOf(page).getByText("Copied").waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(command);
  });
});

describe("phone numbers on the check page", () => {
  const heading = (page: Page): Locator => page.getByRole("heading", { name: NUMBERS_WORDS.title });

  it("NUMBERSUI-3 are not there without Twilio credentials", async () => {
    const { page, server } = await at("check");
    await page.getByText(CHECK_NAMES.database).waitFor();
    await eventually(() => server.api.askedOf("GET /api/workshop/phone-numbers").length === 1, "the question");
    await page.getByText("Postgres answered").waitFor();
    expect(await heading(page).count()).toBe(0);
  });

  it("NUMBERSUI-3 say where each leads, by a word beside its shape, and when Twilio refuses", async () => {
    const { page, server } = await at("check", ({ api }) => Object.assign(api, { phoneNumbers: NUMBERS }));
    await heading(page).waitFor();
    const rows = page.getByRole("region", { name: NUMBERS_WORDS.title }).getByRole("listitem");
    const texts = (await rows.allInnerTexts()).map((text) => text.replace(/\s+/g, " "));
    expect(texts[0]).toContain("+15550100 Bakery Rings here");
    expect(texts[1]).toContain("+15550101 Rings elsewhere old-voice.example answers it.");
    expect(texts[2]).toContain("+15550102 Spare Rings nowhere");
    server.api.phoneNumbers = TWILIO_FAILED;
    await page.reload();
    await page.getByText(NUMBERS_WORDS.failed).waitFor();
  });
});
