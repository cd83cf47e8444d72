import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { parseTools } from "../../src/protocol/tools.ts";
import { GALLERY } from "../../src/web/student/tool-gallery.ts";
import * as say from "../../src/web/words.ts";
import { launchChromium } from "./chromium.ts";
import { flawsOf } from "./page-layout.ts";
import type { PageServer } from "./page-server.ts";
import { openState, type Scene } from "./page-states.ts";
import { ME } from "./page-world.ts";
import { eventually } from "./room.ts";

const { TOOLS_WORDS, FORM_WORDS, RUN_WORDS, SECRET_WORDS, MODE_WORDS } = say;
const ORDER = GALLERY.find((tool) => tool.function.name === "check_order_status");
const SHOP = { function: { name: "shop", webhook_url: "https://shop.example.com/tool" }, mode: "webhook", mine: 1 };

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

/** The Tools tab of a student who has these. */
async function toolsTab(
  tools: readonly unknown[],
  before?: (server: PageServer) => void,
): Promise<Scene & { page: Page }> {
  const scene = await openState(
    browser,
    {
      row: "tools",
      before: (server) => {
        server.api.me = { ...ME, config: { ...ME.config, tools } };
        before?.(server);
      },
      act: ({ student }) => student.page.getByRole("tab", { name: say.VIEW_WORDS.tools, exact: true }).click(),
      words: [],
    },
    { reducedMotion: "reduce" },
  );
  open.push(scene);
  return Object.assign(scene, { page: scene.student.page });
}

const press = (page: Page, name: string | RegExp): Promise<void> =>
  page.getByRole("button", typeof name === "string" ? { name, exact: true } : { name }).click();
const openTool = (page: Page, name: string): Promise<void> => press(page, new RegExp(`^${name} `));

/** What the server has been sent last. */
const saved = ({ server }: Scene): unknown => server.api.askedOf("PATCH /api/me").at(-1)?.body.tools;
const savedTool = (scene: Scene, at: number): Promise<Record<string, unknown>> =>
  eventually(() => {
    const tools = saved(scene);
    return Array.isArray(tools) && tools[at] ? Object(tools[at]) : undefined;
  }, "the tools to be saved");

describe("the Tools tab", () => {
  it("TOOLPAGE-10 a ready tool is added with two presses, saved as it is, and a call could use it at once", async () => {
    const scene = await toolsTab([]);
    await scene.page.getByText(TOOLS_WORDS.none).waitFor();
    await openTool(scene.page, "check_order_status");
    await scene.page.getByRole("heading", { name: "check_order_status" }).waitFor();
    expect(await savedTool(scene, 0)).toEqual(ORDER);
    expect(parseTools(saved(scene), LIMITS).ok).toBe(true);
    expect(await flawsOf(scene.page)).toEqual([]);
  });

  it("TOOLPAGE-11 what is typed into the form is saved by itself and stands in the JSON, and the other way", async () => {
    const scene = await toolsTab([ORDER, SHOP]);
    const { page } = scene;
    await openTool(page, "shop");
    await page.getByLabel(FORM_WORDS.description).fill("Buys things.");
    expect(await savedTool(scene, 1)).toEqual({
      type: "function",
      ...SHOP,
      function: { ...SHOP.function, description: "Buys things." },
    });
    await page.getByRole("tab", { name: TOOLS_WORDS.json }).click();
    const json = page.getByLabel(TOOLS_WORDS.jsonLabel);
    expect(JSON.parse(await json.inputValue())).toMatchObject({ mine: 1, function: { description: "Buys things." } });
    await json.fill((await json.inputValue()).replace('"Buys things."', '"Sells things."'));
    await page.getByRole("tab", { name: TOOLS_WORDS.form }).click();
    expect(await page.getByLabel(FORM_WORDS.description).inputValue()).toBe("Sells things.");
    await eventually(() => JSON.stringify(saved(scene)).includes("Sells things."), "the JSON to be saved");
  });

  it("TOOLPAGE-11 what breaks a rule says so at its field, and the last good tool stays saved", async () => {
    const scene = await toolsTab([ORDER]);
    const { page } = scene;
    await openTool(page, "check_order_status");
    await page.getByLabel(MODE_WORDS.webhook, { exact: true }).check();
    const address = page.getByLabel(FORM_WORDS.url);
    await address.fill("http://shop.example.com/tool");
    await page.getByText("needs https", { exact: true }).waitFor();
    expect(await address.getAttribute("aria-invalid")).toBe("true");
    expect(await flawsOf(page)).toEqual([]);
    expect(await page.getByRole("button", { name: RUN_WORDS.run, exact: true }).isDisabled()).toBe(true);
    await address.fill("https://10.0.0.1/tool");
    await page.getByText("must name a host, not an address", { exact: true }).waitFor();
    await page.getByRole("tab", { name: TOOLS_WORDS.json }).click();
    await page.getByLabel(TOOLS_WORDS.jsonLabel).fill("{");
    await page.getByText("is not JSON yet", { exact: false }).first().waitFor();
    await press(page, TOOLS_WORDS.back);
    await page.getByText(new RegExp(`^${TOOLS_WORDS.changed}`)).waitFor();
    await openTool(page, "check_order_status");
    await page.getByRole("tab", { name: TOOLS_WORDS.json }).click();
    await page.getByLabel(TOOLS_WORDS.jsonLabel).fill(JSON.stringify(SHOP));
    expect(await savedTool(scene, 0)).toEqual(SHOP);
    expect(scene.server.api.askedOf("PATCH /api/me")).toHaveLength(1);
  });

  it("TOOLPAGE-11 what only the server refuses stands at its field too, and goes with the next edit", async () => {
    const scene = await toolsTab([ORDER, SHOP], ({ api }) =>
      api.refuse("PATCH /api/me", {
        code: "bad_config",
        error: "The agent's configuration is not valid.",
        status: 400,
        field: "tools[1].function.webhook_url: may not point back at this server",
      }),
    );
    const { page } = scene;
    await openTool(page, "shop");
    const address = page.getByLabel(FORM_WORDS.url);
    await address.fill("https://shop.example.com/other");
    await page.getByText("may not point back at this server", { exact: true }).waitFor();
    expect(await address.getAttribute("aria-invalid")).toBe("true");
    scene.server.api.relent("PATCH /api/me");
    await address.fill("https://shop.example.com/tool");
    await page.getByText("may not point back", { exact: false }).waitFor({ state: "detached" });
    await page.getByText(say.SAVE_WORDS.saved, { exact: true }).waitFor();
  });

  it("TOOLPAGE-12 a deleted tool comes back in its place, and a copy gets a name of its own", async () => {
    const scene = await toolsTab([ORDER, SHOP]);
    const { page } = scene;
    await openTool(page, "check_order_status");
    await press(page, TOOLS_WORDS.remove);
    await page.getByText(say.deletedWords("check_order_status")).waitFor();
    await eventually(() => JSON.stringify(saved(scene)) === JSON.stringify([SHOP]), "the tool to be gone");
    await press(page, TOOLS_WORDS.undo);
    await eventually(() => JSON.stringify(saved(scene)) === JSON.stringify([ORDER, SHOP]), "the tool to be back");
    await openTool(page, "shop");
    await press(page, TOOLS_WORDS.duplicate);
    expect((await savedTool(scene, 2)).function).toEqual({ ...SHOP.function, name: "shop_2" });
  });

  it("TOOLPAGE-12 when there are as many as there may be, no more can be added", async () => {
    const many = Array.from({ length: 16 }, (_, at) => ({ function: { name: `tool_${at}` } }));
    const { page } = await toolsTab(many);
    await page.getByText(TOOLS_WORDS.full).waitFor();
    expect(await page.getByRole("button", { name: TOOLS_WORDS.add }).isDisabled()).toBe(true);
  });

  it("TOOLPAGE-13 a stored tool that cannot be read is shown with its JSON and kept until it is corrected", async () => {
    const odd = { name: "of another time", parameters: 7 };
    const scene = await toolsTab([odd, SHOP]);
    const { page } = scene;
    await page.getByText(TOOLS_WORDS.blocked).waitFor();
    await openTool(page, "shop");
    await page.getByLabel(FORM_WORDS.description).fill("Waits.");
    await press(page, TOOLS_WORDS.back);
    await openTool(page, TOOLS_WORDS.untitled);
    await page.getByText(TOOLS_WORDS.unreadableHint).waitFor();
    expect(await flawsOf(page)).toEqual([]);
    const json = page.getByLabel(TOOLS_WORDS.jsonLabel);
    expect(JSON.parse(await json.inputValue())).toEqual(odd);
    expect(saved(scene)).toBeUndefined();
    await json.fill('{"function":{"name":"of_this_time"}}');
    await savedTool(scene, 1);
    expect(saved(scene)).toMatchObject([
      { function: { name: "of_this_time" } },
      { function: { description: "Waits." } },
    ]);
  });

  it("TOOLPAGE-14 a tool is run once: what was sent, the status, the reply and how long it took", async () => {
    const scene = await toolsTab([SHOP], ({ api }) =>
      api.say("POST /api/me/tools/shop/run", {
        status: 200,
        body: {
          success: true,
          outcome: "failed",
          durationMs: 1_842,
          request: {
            url: "https://shop.example.com/tool",
            headers: { "webhook-id": "msg_1" },
            body: '{"type":"tool.call"}',
          },
          status: 503,
          output: '{"error":"the webhook answered 503"}',
        },
      }),
    );
    const { page } = scene;
    await openTool(page, "shop");
    await press(page, RUN_WORDS.run);
    await page.getByText(`${RUN_WORDS.failed} · 1842 ms · ${RUN_WORDS.status} 503`).waitFor();
    await page.getByText(RUN_WORDS.toldTruth).waitFor();
    await page.getByText(say.saysMeanwhileWords(RUN_WORDS.ownFiller)).waitFor();
    await page.getByText(RUN_WORDS.request).click();
    await page.getByText("webhook-id: msg_1").waitFor();
    await page.getByText('"error": "the webhook answered 503"').waitFor();
    expect(await flawsOf(page)).toEqual([]);
    await press(page, TOOLS_WORDS.back);
    await page.getByText(say.lastRunWords("failed", "1842 ms")).waitFor();
  });

  it("TOOLPAGE-14 a tool is run as it stands in the form, which is saved first", async () => {
    const scene = await toolsTab([ORDER], ({ api }) =>
      api.say("POST /api/me/tools/orders/run", {
        status: 200,
        body: { success: true, outcome: "ok", durationMs: 3, request: null, status: null, output: "{}" },
      }),
    );
    const { page } = scene;
    await openTool(page, "check_order_status");
    await page.getByLabel(FORM_WORDS.name, { exact: true }).fill("orders");
    await page.getByLabel("order_number", { exact: true }).fill("77");
    await press(page, RUN_WORDS.run);
    await page.getByText(`${RUN_WORDS.ok} · 3 ms`).waitFor();
    const asked = scene.server.api.asked.map(({ method, path }) => `${method} ${path}`);
    expect(asked.indexOf("PATCH /api/me")).toBeLessThan(asked.indexOf("POST /api/me/tools/orders/run"));
    expect(scene.server.api.askedOf("POST /api/me/tools/orders/run")[0]?.body).toEqual({
      arguments: { order_number: "77" },
    });
  });

  it("TOOLPAGE-15 a webhook's secret is shown once, beside the code that checks with it", async () => {
    const { page } = await toolsTab([SHOP]);
    await openTool(page, "shop");
    await press(page, SECRET_WORDS.make);
    await page.getByText("whsec_c2VjcmV0LW9mLXRoZS10ZXN0cw==").waitFor();
    await page.getByText(SECRET_WORDS.check).click();
    await page.getByText("timingSafeEqual", { exact: false }).waitFor();
    expect(await flawsOf(page)).toEqual([]);
    await press(page, TOOLS_WORDS.back);
    await openTool(page, "shop");
    await page.getByText(SECRET_WORDS.replaces).waitFor();
    expect(await page.getByText("whsec_c2", { exact: false }).count()).toBe(0);
  });

  it("TOOLPAGE-16 the whole editor fits a narrow screen, dark, and works by keyboard", async () => {
    const { page } = await toolsTab([ORDER, SHOP]);
    await page.emulateMedia({ colorScheme: "dark" });
    await page.setViewportSize({ width: 320, height: 700 });
    await page.getByRole("tab", { name: say.VIEW_WORDS.tools, exact: true }).click();
    expect(await flawsOf(page)).toEqual([]);
    await page.getByRole("button", { name: /^shop / }).focus();
    await page.keyboard.press("Enter");
    await eventually(
      () => page.evaluate(() => document.activeElement?.textContent === "shop"),
      "the focus to be on it",
    );
    expect(await flawsOf(page)).toEqual([]);
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Enter");
    await eventually(
      () => page.evaluate((title) => document.activeElement?.textContent === title, TOOLS_WORDS.title),
      "the focus to be back",
    );
  });
});
