import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchChromium } from "./chromium.ts";
import { CONSOLE_STATES, openConsole } from "./console-states.ts";
import { animations, flawsOf } from "./page-layout.ts";
import { CALL_STATES, openState } from "./page-states.ts";
import { PANEL_STATES } from "./panel-states.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

/** A phone is narrow and a screen at 200 % is too: 320 CSS pixels, at two dots each. */
const LOOKS = [
  { scheme: "light", width: 1_280 },
  { scheme: "dark", width: 320 },
] as const;

/** Everything that is wrong with a page, wide and narrow, light and dark, each with where it was. */
async function flawsEverywhere(page: Page, words: readonly string[]): Promise<string[]> {
  for (const text of words) await page.getByText(text).first().waitFor({ state: "attached", timeout: 8_000 });
  const flaws: string[] = [];
  for (const { scheme, width } of LOOKS) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width, height: 800 });
    flaws.push(...(await flawsOf(page)).map((flaw) => `${scheme}, ${width} px: ${flaw}`));
  }
  return [...flaws, ...(await animations(page)).map((what) => `moves: ${what}`)];
}

const CONTEXT = { reducedMotion: "reduce", deviceScaleFactor: 2 } as const;

describe.concurrent("every state of the student's page", () => {
  it.each([...CALL_STATES, ...PANEL_STATES])(
    "A11Y-1 $row: axe finds nothing, nothing is too wide, small or moving",
    async (state) => {
      const scene = await openState(browser, state, CONTEXT);
      try {
        expect(await flawsEverywhere(scene.student.page, state.words)).toEqual([]);
      } finally {
        await scene.close();
      }
    },
  );
});

describe.concurrent("every view of the console", () => {
  it.each(CONSOLE_STATES)("A11Y-2 $row: axe finds nothing, nothing is too wide, small or moving", async (state) => {
    const scene = await openConsole(browser, state, CONTEXT);
    try {
      expect(await flawsEverywhere(scene.page, state.words)).toEqual([]);
    } finally {
      await scene.close();
    }
  });
});
