import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as consoleWords from "../../src/web/console/words.ts";
import * as wallWords from "../../src/web/console/words-wall.ts";
import * as say from "../../src/web/words.ts";
import { launchChromium } from "./chromium.ts";
import { StudentPage } from "./page.ts";
import { openPage } from "./page-browser.ts";
import { PageServer } from "./page-server.ts";
import { CALL_START, JOIN_CODE, LISTENING, wallOf } from "./page-world.ts";
import { eventually } from "./room.ts";

/** More stops than any page of ours has. */
const STOPS = 120;

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

/** Name and role of what has the focus, as a screen reader would say it; the page cannot be touched any other way. */
const focused = (page: Page): Promise<string> =>
  page
    .locator(":focus")
    .ariaSnapshot({ timeout: 2_000 })
    .catch(() => "nothing");

/** Presses Tab until that is reached, and makes sure that one sees it there. */
async function tabTo(page: Page, role: string, name: string): Promise<void> {
  const wanted = `${role} "${name}`;
  const passed: string[] = [];
  for (let stop = 0; stop < STOPS; stop += 1) {
    const at = await focused(page);
    if (at.includes(wanted)) {
      expect(await hasFocusMark(page)).toBe(true);
      return;
    }
    passed.push(at.split("\n")[0] ?? "");
    await page.keyboard.press("Tab");
  }
  throw new Error(`no ${role} “${name}” among ${[...new Set(passed)].join(" · ")}`);
}

/** Where the focus is can be seen: by an outline, or a ring drawn as a shadow; a link that is a whole card has it there. */
const hasFocusMark = (page: Page): Promise<boolean> =>
  page.locator(":focus").evaluate((element) => {
    const card = element.parentElement?.closest("li, fieldset, label") ?? element;
    const outlines = [element, card].flatMap((one) =>
      [null, "::before", "::after"].map((at) => getComputedStyle(one, at)),
    );
    return (
      getComputedStyle(element).boxShadow !== "none" ||
      outlines.some(({ outlineStyle, outlineWidth }) => outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 1)
    );
  });

async function press(page: Page, role: string, name: string, key = "Enter"): Promise<void> {
  await tabTo(page, role, name);
  await page.keyboard.press(key);
}

describe("with a keyboard and nothing else", () => {
  it("A11Y-3 a student joins, calls, mutes, types, hangs up, opens and leaves the key sheet, and edits a tool", async () => {
    const server = await PageServer.open();
    const student = await StudentPage.open(server.url, { browser });
    const { page } = student;
    await tabTo(page, "textbox", say.JOIN_WORDS.code);
    await page.keyboard.type(JOIN_CODE);
    await tabTo(page, "textbox", say.JOIN_WORDS.name);
    await page.keyboard.type("Ada");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: say.CALL_WORDS.dial }).waitFor();

    await press(page, "button", say.CALL_WORDS.dial);
    const call = await server.call();
    call.send(CALL_START, LISTENING);
    await page.getByText(say.STATE_WORDS.listening).first().waitFor();
    await press(page, "button", say.BUTTON_WORDS.mute, " ");
    await eventually(() => call.ofType("mute").length === 1, "the page to say that it is muted");
    await tabTo(page, "textbox", say.CALL_WORDS.sayLabel);
    await page.keyboard.type("Hello, m?");
    await page.keyboard.press("Enter");
    await eventually(() => call.ofType("text")[0]?.text === "Hello, m?", "the typed words");
    // An m that is typed into a field mutes nobody.
    expect(call.ofType("mute")).toHaveLength(1);
    await press(page, "button", say.BUTTON_WORDS.end);
    await eventually(() => call.ofType("end").length === 1, "the end");

    await press(page, "button", say.PAYER_WORDS.pays);
    await tabTo(page, "textbox", say.KEY_SHEET_WORDS.field);
    await page.keyboard.press("Escape");
    await eventually(async () => (await page.getByRole("dialog").count()) === 0, "the sheet to be gone");
    expect(await focused(page)).toContain(`button "${say.PAYER_WORDS.pays}`);

    await tabTo(page, "tab", say.VIEW_WORDS.agent);
    await page.keyboard.press("ArrowRight");
    await eventually(async () => (await focused(page)).includes(say.VIEW_WORDS.tools), "the next tab");
    expect(student.complaints).toEqual([]);
    await student.close();
    await server.close();
  });

  it("A11Y-4 an instructor signs in, finds a student and ends a call", async () => {
    const server = await PageServer.open();
    server.wall = wallOf(30);
    const { page, complaints, close } = await openPage(`${server.url}/console`, { browser });
    await tabTo(page, "textbox", consoleWords.LOGIN_WORDS.token);
    await page.keyboard.type("a token");
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: "Voice agents" }).waitFor();
    await press(page, "link", "Voice agents");
    await page.getByText("Barbara 24").first().waitFor();
    await tabTo(page, "searchbox", wallWords.WALL_WORDS.search);
    await page.keyboard.type("Ada 20");
    await press(page, "button", "Ada 20");
    await press(page, "button", wallWords.SHEET_WORDS.endCall);
    await page.getByText(wallWords.SHEET_WORDS.endCallAgain).waitFor();
    await eventually(async () => {
      await page.keyboard.press("Enter");
      return server.api.asked.some(({ path }) => path.endsWith(`${String(20).padStart(12, "0")}/end`));
    }, "the call to be ended");
    expect(complaints).toEqual([]);
    await close();
    await server.close();
  });
});
