import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchChromium } from "./chromium.ts";
import { CALL_STATES, openState } from "./page-states.ts";
import { PANEL_STATES } from "./panel-states.ts";

/*
 * Rows of the table of states that cannot occur yet, and why:
 *
 * - "Muted on a per-second engine": one engine, and it bills tokens. What muting costs is said all the same ("Muted").
 * - "Rate limited", its countdown: OpenAI's waiting time is not passed on to the page.
 * - "Model not available", offering the next: there is one voice model, set by whoever deploys.
 * - "Phone: wrong seat code", "Phone: no Twilio set up" as a call's state: a number belongs to one agent; what is missing is
 *   said in the phone sheet.
 * - "Voice silent": the voices are OpenAI's own, checked when they are saved.
 */

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

describe.concurrent("every state of the student's page that can occur", () => {
  it.each([...CALL_STATES, ...PANEL_STATES])(
    "PAGE-50 $row: is on the screen, in the words of the page's own file",
    async (state) => {
      const scene = await openState(browser, state);
      try {
        for (const words of state.words) {
          expect(words.length).toBeGreaterThan(0);
          await scene.student.page.getByText(words).filter({ visible: true }).first().waitFor({ timeout: 20_000 });
        }
        expect(scene.student.complaints.filter((line) => !line.includes("WebSocket"))).toEqual([]);
      } finally {
        await scene.close();
      }
    },
  );
});
