import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import * as say from "../../src/web/words.ts";
import { launchChromium } from "./chromium.ts";
import type { PageServer } from "./page-server.ts";
import { openState, type Scene } from "./page-states.ts";
import { JOIN_CODE, ME, OWN_KEY } from "./page-world.ts";
import { eventually } from "./room.ts";

const KEY = "sk-proj-0123456789abcdefghij";
const PHRASE = "maple river candle stone";

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

type Opened = Scene & { readonly page: Page };

async function opened(isOut: boolean, before?: (server: PageServer) => void): Promise<Opened> {
  const state = { row: "agent", isOut, act: async () => {}, words: [], ...(before && { before }) };
  const scene = await openState(browser, state, { reducedMotion: "reduce" });
  open.push(scene);
  return Object.assign(scene, { page: scene.student.page });
}
const signedIn = (before?: (server: PageServer) => void): Promise<Opened> => opened(false, before);

const press = (page: Page, name: string): Promise<void> => page.getByRole("button", { name, exact: true }).click();
const openKeySheet = (page: Page): Promise<void> =>
  page.getByRole("button", { name: say.PAYER_WORDS.pays }).first().click();
async function choose(page: Page, item: string): Promise<void> {
  await press(page, say.TOP_WORDS.menu);
  await press(page, item);
}
const prompt = (page: Page) => page.getByRole("textbox", { name: say.PROMPT_WORDS.title, exact: true });
/** What the server was last sent of a field. */
const saved = ({ server }: Scene, name: string): unknown =>
  server.api.askedOf("PATCH /api/me").findLast(({ body }) => name in body)?.body[name];

describe("coming in", () => {
  it("AGENT-50 takes a code and a name, shows the four words until they are put away, and gates nothing", async () => {
    const { page, server } = await opened(true, ({ api }) => {
      api.me = { ...ME, name: "Ada 2" };
    });
    await page.goto(`${server.url}/#${JOIN_CODE.toLowerCase()}`);
    const name = page.getByLabel(say.JOIN_WORDS.name);
    await eventually(() => name.evaluate((input) => input === document.activeElement), "the name to be asked for");
    await page.keyboard.type("Ada");
    await page.keyboard.press("Enter");
    await page.getByText(say.nameTakenWords("Ada", "Ada 2")).waitFor();
    expect(server.api.askedOf("POST /api/join").map(({ body }) => body)).toEqual([
      { joinCode: JOIN_CODE, name: "Ada" },
    ]);
    expect(new URL(page.url()).hash).toBe("");
    await page.getByText(PHRASE, { exact: true }).waitFor();
    await page.getByRole("button", { name: say.CALL_WORDS.dial }).waitFor();
    await press(page, say.WELCOME_WORDS.dismiss);
    expect(await page.getByText(PHRASE).count()).toBe(0);
    const kept = await page.evaluate(() =>
      JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)]),
    );
    expect(kept).not.toContain("maple");
  });

  it("AGENT-51 waits for a workshop that has not begun, and comes in by itself", async () => {
    const { page, server } = await opened(true, ({ api }) =>
      api.refuse("POST /api/join", {
        code: "workshop_not_open",
        error: "Not yet.",
        status: 403,
        opensAt: new Date(Date.now() + 1_000).toISOString(),
      }),
    );
    await page.getByLabel(say.JOIN_WORDS.code).fill(JOIN_CODE);
    await page.getByLabel(say.JOIN_WORDS.name).fill("Grace");
    await press(page, say.JOIN_WORDS.join);
    await page.getByText(say.waitingFor("Grace")).waitFor();
    server.api.relent("POST /api/join");
    await page.getByRole("button", { name: say.CALL_WORDS.dial }).waitFor({ timeout: 10_000 });
    const names = server.api.askedOf("POST /api/join").map(({ body }) => body.name);
    expect(names).toEqual(["Grace", "Grace"]);
  });

  it("AGENT-52 says that a browser which keeps no cookie cannot stay", async () => {
    const { page } = await opened(true, ({ api }) =>
      api.say("POST /api/join", { status: 200, body: { success: true, name: "Ada", recoveryPhrase: PHRASE } }),
    );
    await page.getByLabel(say.JOIN_WORDS.code).fill(JOIN_CODE);
    await page.getByLabel(say.JOIN_WORDS.name).fill("Ada");
    await press(page, say.JOIN_WORDS.join);
    await page.getByText(say.NO_COOKIE_WORDS).waitFor();
  });
});

describe("the Agent tab", () => {
  it("AGENT-53 saves what is typed by itself, and says so", async () => {
    const scene = await signedIn();
    await prompt(scene.page).fill("You are Juno.");
    await eventually(() => saved(scene, "prompt") === "You are Juno.", "the prompt to be saved");
    await scene.page.getByText(say.SAVE_WORDS.saved, { exact: true }).waitFor();
    await scene.page.getByLabel(say.TOP_WORDS.name).fill("Ada L");
    await eventually(() => saved(scene, "name") === "Ada L", "the name to be saved");
    await scene.page.getByLabel(say.TOP_WORDS.name).fill("");
    await scene.page.getByText(say.EMPTY_NAME_WORDS).waitFor();
    await scene.page.keyboard.press("Enter");
    expect(await scene.page.getByLabel(say.TOP_WORDS.name).inputValue()).toBe("Ada L");
    await prompt(scene.page).fill("");
    await eventually(() => saved(scene, "prompt") === null, "the default to be used");
    await press(scene.page, say.PROMPT_WORDS.startFromDefault);
    await eventually(() => String(saved(scene, "prompt")).startsWith("You are a friendly"), "the default to be edited");
    await scene.page.getByLabel(say.PATIENCE_WORDS.long[0]).check();
    await scene.page.getByLabel(say.LANGUAGE_WORDS.title).selectOption("de");
    await scene.page.getByRole("radio", { name: "cedar" }).check();
    await eventually(
      () => [saved(scene, "patience"), saved(scene, "language"), saved(scene, "voice")].join() === "long,de,cedar",
      "the choices to be saved",
    );
  });

  it("AGENT-54 keeps what is typed while the server is away, and saves it when it is back", async () => {
    const scene = await signedIn();
    scene.server.api.refuse("PATCH /api/me", { code: "database_unavailable", error: "No.", status: 503 });
    await prompt(scene.page).fill("You are Juno.");
    await scene.page.getByText(say.BANNER_WORDS.unreached).waitFor();
    scene.server.api.relent("PATCH /api/me");
    await scene.page.getByText(say.SAVE_WORDS.saved, { exact: true }).waitFor({ timeout: 10_000 });
    expect(await prompt(scene.page).inputValue()).toBe("You are Juno.");
    expect(await scene.page.getByText(say.BANNER_WORDS.unreached).count()).toBe(0);
  });

  it("AGENT-55 holds a pasted key back, and takes it out with one tap", async () => {
    const scene = await signedIn();
    await prompt(scene.page).fill(`You are Juno. Be brief. Say goodbye. ${KEY}`);
    await press(scene.page, say.LINT_WORDS["api-key"][1]);
    await eventually(() => saved(scene, "prompt") === "You are Juno. Be brief. Say goodbye.", "the rest to be saved");
    expect(JSON.stringify(scene.server.api.asked)).not.toContain(KEY);
  });

  it("AGENT-56 compares an earlier prompt with the one there is, and brings it back as a save like any other", async () => {
    const scene = await signedIn(({ api }) => {
      api.me = { ...ME, config: { ...ME.config, prompt: "You are Juno.\nBe brief." } };
      api.prompts = [
        { savedAt: "2026-11-20T09:00:00.000Z", prompt: "You are Juno.\nBe brief.", savedBy: "student" },
        { savedAt: "2026-11-20T08:00:00.000Z", prompt: "You are Juno.\nBe long.", savedBy: "instructor" },
      ];
    });
    const { page } = scene;
    await press(page, say.PROMPT_WORDS.versions);
    await page.getByRole("button", { name: say.VERSION_WORDS.instructor }).click();
    const diff = page.getByRole("region", { name: say.VERSION_WORDS.compare });
    const lines = await diff
      .locator("p")
      .evaluateAll((all) => all.map(({ className, lastChild }) => [className, lastChild?.textContent]));
    expect(lines).toEqual([
      ["same", "You are Juno."],
      ["gone", "Be long."],
      ["new", "Be brief."],
    ]);
    await press(page, say.VERSION_WORDS.restore);
    await page.getByText(say.VERSION_WORDS.restored).waitFor();
    expect(await prompt(page).inputValue()).toBe("You are Juno.\nBe long.");
    await eventually(() => saved(scene, "prompt") === "You are Juno.\nBe long.", "the version to be saved");
  });

  it("AGENT-57 plays a greeting in a voice, and asks for it once as long as it is the same", async () => {
    const { page, server, student } = await signedIn(({ api }) =>
      api.say("POST /api/me/voice-sample", {
        status: 200,
        body: wavOfBeep(),
        headers: { "content-type": "audio/wav" },
      }),
    );
    const samples = () => server.api.askedOf("POST /api/me/voice-sample").map(({ body }) => body.voice);
    const play = async (): Promise<void> => {
      await press(page, say.playWords("cedar"));
      await page.getByRole("button", { name: say.playWords("cedar") }).waitFor({ timeout: 10_000 });
    };
    await play();
    expect((await student.sounded()).some(({ peak }) => peak > 0.2)).toBe(true);
    await play();
    expect(samples()).toEqual(["cedar"]);
    await page.getByLabel(say.GREETING_WORDS.title, { exact: true }).fill("Good evening!");
    await play();
    expect(samples()).toEqual(["cedar", "cedar"]);
    // The server speaks what it has: the new greeting got there first.
    const routes = server.api.asked.map(({ method, path }) => `${method} ${path}`);
    expect(routes.lastIndexOf("PATCH /api/me")).toBeLessThan(routes.lastIndexOf("POST /api/me/voice-sample"));
  });
});

describe("the key sheet", () => {
  it("AGENT-58 sends a key once and keeps nothing of it but its end", async () => {
    const { page, server } = await signedIn(({ api }) =>
      api.say("PUT /api/me/key", () => {
        api.me = { ...api.me, payer: "student", key: { ...OWN_KEY, hint: "ghij", lastUsedAt: null } };
        return { status: 200, body: { success: true, key: api.me.key } };
      }),
    );
    await openKeySheet(page);
    await page.getByLabel(say.KEY_SHEET_WORDS.field, { exact: true }).fill(` "${KEY}" `);
    await press(page, say.KEY_SHEET_WORDS.check);
    await page.getByText(say.OUTCOME_WORDS.connected[0]).waitFor();
    expect(server.api.askedOf("PUT /api/me/key").map(({ body }) => body)).toEqual([{ openaiApiKey: KEY }]);
    const left = await page.evaluate(() => {
      const fields = [...document.querySelectorAll("input, textarea")].map((field) => Reflect.get(field, "value"));
      return JSON.stringify([
        document.documentElement.outerHTML,
        fields,
        Object.entries(localStorage),
        Object.entries(sessionStorage),
      ]);
    });
    expect(left).not.toContain(KEY.slice(0, 16));
    await press(page, say.OUTCOME_WORDS.connected[1] ?? "");
    await page.getByRole("button", { name: `${say.PAYER_WORDS.student}${say.keyEnd("ghij")}` }).waitFor();
  });

  it("AGENT-59 forgets a key in two taps, and a double click is one", async () => {
    const { page, server } = await signedIn(({ api }) => {
      api.me = { ...ME, payer: "student", key: OWN_KEY };
      api.say("DELETE /api/me/key", () => {
        api.me = ME;
        return { status: 200, body: { success: true } };
      });
    });
    await openKeySheet(page);
    await page.getByRole("button", { name: say.KEY_SHEET_WORDS.forget, exact: true }).dblclick();
    await page.getByRole("button", { name: say.KEY_SHEET_WORDS.sure, exact: true }).waitFor();
    expect(server.api.askedOf("DELETE /api/me/key")).toEqual([]);
    await press(page, say.KEY_SHEET_WORDS.sure);
    await page.getByText(say.KEY_SHEET_WORDS.forgotten).waitFor();
    expect(server.api.askedOf("DELETE /api/me/key")).toHaveLength(1);
    await page.getByText(say.PAYS_WORDS.instructor).waitFor();
  });

  it("AGENT-59 says how long to wait after too many checks, and that the old key stays where a new one is rejected", async () => {
    const { page, server } = await signedIn(({ api }) => {
      api.me = { ...ME, payer: "student", key: OWN_KEY };
      api.refuse("PUT /api/me/key", { code: "too_many_requests", error: "No.", status: 429 });
    });
    const field = page.getByLabel(say.KEY_SHEET_WORDS.field, { exact: true });
    await openKeySheet(page);
    await press(page, say.KEY_SHEET_WORDS.replace);
    await field.fill(KEY);
    await press(page, say.KEY_SHEET_WORDS.check);
    await page.getByText(say.tooManyChecksWords(ME.limits.keyChecksPerMinute)).waitFor();
    expect(await field.inputValue()).toBe("");
    server.api.refuse("PUT /api/me/key", { code: "key_rejected", error: "No.", status: 422 });
    await field.fill(KEY);
    await press(page, say.KEY_SHEET_WORDS.check);
    await page.getByRole("alert").filter({ hasText: say.KEY_SHEET_WORDS.oldStays }).waitFor();
    await press(page, say.KEY_SHEET_WORDS.cancel);
    await press(page, say.KEY_SHEET_WORDS.replace);
    expect(await page.getByText(say.OUTCOME_WORDS.rejected[0]).count()).toBe(0);
  });
});

describe("going", () => {
  it("AGENT-60 erases in two taps, and the page is nobody's then", async () => {
    const { page, server } = await signedIn(({ api }) =>
      api.say("DELETE /api/me", () => {
        api.isEverybodyIn = false;
        return { status: 200, body: { success: true } };
      }),
    );
    await choose(page, say.TOP_WORDS.erase);
    const sheet = page.getByRole("dialog");
    await sheet.getByRole("button", { name: say.ERASE_WORDS.erase, exact: true }).click();
    await sheet.getByRole("button", { name: say.ERASE_WORDS.sure, exact: true }).click();
    await page.getByText(say.FAREWELL_WORDS.erased).waitFor();
    expect(server.api.askedOf("DELETE /api/me")).toHaveLength(1);
    expect(await page.getByText(ME.config.greeting ?? "").count()).toBe(0);
    await page.reload();
    await page.getByRole("heading", { name: say.JOIN_WORDS.title }).waitFor();
  });

  it("AGENT-61 signs out after what was typed last is saved", async () => {
    const scene = await signedIn(({ api }) =>
      api.say("POST /api/leave", () => {
        api.isEverybodyIn = false;
        return { status: 200, body: { success: true } };
      }),
    );
    await prompt(scene.page).fill("My last words.");
    await choose(scene.page, say.TOP_WORDS.leave);
    await scene.page.getByText(say.FAREWELL_WORDS.left).waitFor();
    expect(saved(scene, "prompt")).toBe("My last words.");
  });

  it("AGENT-62 makes new words to come back with, shows them once, and says that the old ones are void", async () => {
    const { page, server } = await signedIn();
    await choose(page, say.TOP_WORDS.recovery);
    const sheet = page.getByRole("dialog");
    await sheet.getByText(say.RECOVERY_WORDS.replaces).waitFor();
    await sheet.getByRole("button", { name: say.RECOVERY_WORDS.make }).click();
    await sheet.getByRole("button", { name: say.RECOVERY_WORDS.sure }).click();
    await sheet.getByText(PHRASE).waitFor();
    expect(server.api.askedOf("POST /api/me/recovery-phrase")).toHaveLength(1);
    await page.keyboard.press("Escape");
    await choose(page, say.TOP_WORDS.recovery);
    expect(await sheet.getByText(PHRASE).count()).toBe(0);
  });
});

/** A fifth of a second of 440 Hz, PCM16 mono at 24 kHz in a WAV file. */
function wavOfBeep(): Uint8Array {
  const samples = Int16Array.from({ length: 4_800 }, (_, at) => Math.sin((at * 2 * Math.PI * 440) / 24_000) * 16_000);
  const file = Buffer.alloc(44 + samples.byteLength);
  file.write("RIFF", 0);
  file.writeUInt32LE(36 + samples.byteLength, 4);
  file.write("WAVEfmt ", 8);
  for (const [at, value] of [
    [16, 16],
    [24, 24_000],
    [28, 48_000],
    [40, samples.byteLength],
  ] as const) {
    file.writeUInt32LE(value, at);
  }
  for (const [at, value] of [
    [20, 1],
    [22, 1],
    [32, 2],
    [34, 16],
  ] as const)
    file.writeUInt16LE(value, at);
  file.write("data", 36);
  file.set(new Uint8Array(samples.buffer), 44);
  return file;
}
