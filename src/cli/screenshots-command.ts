import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { launchChromium } from "../../test/journeys/chromium.ts";
import { PageServer } from "../../test/journeys/page-server.ts";
import { STARTED_AT_MS } from "../../test/journeys/page-world.ts";
import { SCREENS, type Screen } from "./screens.ts";

export interface ScreenshotsOptions {
  /** Gets a PNG of every screen, light and dark: `call-dark.png`. */
  readonly folder: string;
  /** Names of screens; empty: all of them. */
  readonly only: readonly string[];
  readonly print: (line: string) => void;
}

const SCHEMES = ["light", "dark"] as const;
/** What a reader of the README waits for. */
const PICTURE_BYTES = 200 * 1_024;

/**
 * Pictures of the main screens, in a real Chromium. The pages are built as they are deployed; behind them is a server that
 * plays the same call and the same class each time, so that a picture changes only when the page does.
 *
 * @returns the exit code: 1 when a picture is too large to be shown in a document
 */
export async function screenshotsCommand({ folder, only, print }: ScreenshotsOptions): Promise<number> {
  mkdirSync(folder, { recursive: true });
  const browser = await launchChromium();
  let exitCode = 0;
  try {
    for (const screen of SCREENS.filter(({ name }) => only.length === 0 || only.includes(name))) {
      for (const scheme of SCHEMES) {
        const png = await pictureOf(browser, screen, scheme);
        const file = `${screen.name}-${scheme}.png`;
        writeFileSync(join(folder, file), png);
        print(`${file.padEnd(24)}${(png.length / 1_024).toFixed(0)} KB`);
        if (png.length > PICTURE_BYTES) exitCode = 1;
      }
    }
  } finally {
    await browser.close();
  }
  return exitCode;
}

async function pictureOf(browser: Browser, screen: Screen, scheme: "light" | "dark"): Promise<Buffer> {
  const server = await PageServer.open();
  const context = await browser.newContext({
    viewport: { width: screen.width, height: screen.height },
    colorScheme: scheme,
    reducedMotion: "reduce",
    timezoneId: "UTC",
    locale: "en-GB",
  });
  try {
    const page = await context.newPage();
    // A minute into the call; timers go on.
    await page.clock.setFixedTime(STARTED_AT_MS + 60_000);
    await screen.show(server, page);
    await settled(page);
    return await page.screenshot({ animations: "disabled", caret: "hide", scale: "css" });
  } finally {
    await context.close();
    await server.close();
  }
}

/** Fonts are there, and two frames have been drawn since. */
const settled = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    await document.fonts.ready;
    for (let frame = 0; frame < 2; frame += 1) await new Promise((drawn) => requestAnimationFrame(drawn));
  });
