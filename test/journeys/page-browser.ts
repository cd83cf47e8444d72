import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { type ChromiumOptions, launchChromium } from "./chromium.ts";

export interface PageOptions extends ChromiumOptions {
  /** One that several pages share, each with cookies of its own; it stays open when the page is closed. */
  readonly browser?: Browser;
  readonly context?: BrowserContextOptions;
  /** Gets the page before it is at its address. */
  readonly before?: (page: Page) => Promise<unknown>;
}

export interface OpenedPage {
  readonly page: Page;
  /** What the browser complained about: scripts that failed, policies that were broken. */
  readonly complaints: string[];
  readonly close: () => Promise<void>;
}

/** For something of the page; a server that starts is waited for elsewhere. */
const LONGEST_WAIT_MS = 15_000;

/** A page at an address, in a browser of its own unless one is given. */
export async function openPage(url: string, options: PageOptions = {}): Promise<OpenedPage> {
  const { browser: shared, context: how = {}, before, ...chromium } = options;
  const browser = shared ?? (await launchChromium(chromium));
  const context = await browser.newContext(how);
  context.setDefaultTimeout(LONGEST_WAIT_MS);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (line) => {
    // A request that is answered with a failure is a line of the console too.
    if (line.type() === "error" && !line.text().startsWith("Failed to load resource")) complaints.push(line.text());
  });
  await before?.(page);
  await page.goto(url);
  return { page, complaints, close: () => (shared ? context.close() : browser.close()) };
}
