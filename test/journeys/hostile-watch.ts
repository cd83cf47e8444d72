import type { Page } from "playwright-core";
import { openPage, type PageOptions } from "./page-browser.ts";

/** A page that is watched for everything a hostile text could have done. */
export class WatchedPage {
  readonly page: Page;
  readonly #deeds: string[] = [];
  readonly #close: () => Promise<void>;

  private constructor(page: Page, close: () => Promise<void>) {
    this.page = page;
    this.#close = close;
  }

  static async open(url: string, options: PageOptions = {}): Promise<WatchedPage> {
    // The first page only brings the context, so that nothing is asked for before it is watched.
    const before = (page: Page): Promise<unknown> => page.addInitScript(watchPolicies);
    const { page, close } = await openPage("about:blank", { ...options, before });
    const watched = new WatchedPage(page, close);
    const { origin } = new URL(url);
    page.on("dialog", (dialog) => {
      watched.#deeds.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("request", (request) => {
      const asked = new URL(request.url());
      const isOwn = asked.origin === origin || asked.protocol === "data:" || asked.href.startsWith(`blob:${origin}`);
      if (!isOwn) watched.#deeds.push(`request: ${asked.href.slice(0, 100)}`);
    });
    page.on("framenavigated", (frame) => {
      if (frame !== page.mainFrame() || !frame.url().startsWith(origin)) watched.#deeds.push(`frame: ${frame.url()}`);
    });
    page.on("popup", () => watched.#deeds.push("popup"));
    await page.goto(url);
    return watched;
  }

  /** What was done so far; nothing, if texts are only texts. */
  async deeds(): Promise<string[]> {
    const within = await this.page.evaluate(() => {
      const broken: string[] = Reflect.get(globalThis, "brokenPolicies");
      return Reflect.get(globalThis, "__hostile") === undefined ? broken : [...broken, "a script ran"];
    });
    return [...this.#deeds, ...within];
  }

  /** Those of the texts that the page shows nowhere, letter by letter: neither as an element's text nor in a field. */
  missing(texts: readonly string[]): Promise<string[]> {
    return this.page.evaluate((wanted) => {
      const fields = [...document.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("input, textarea")];
      const shown = [document.body.textContent ?? "", ...fields.map(({ value }) => value)].join("\n");
      return wanted.filter((text) => !shown.includes(text));
    }, texts);
  }

  close(): Promise<void> {
    return this.#close();
  }
}

/** Runs in the page before anything of it. */
function watchPolicies(): void {
  const broken: string[] = [];
  Reflect.set(globalThis, "brokenPolicies", broken);
  addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sample }) =>
    broken.push(`policy ${violatedDirective}: ${blockedURI} ${sample}`),
  );
}
