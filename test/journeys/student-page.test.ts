import { readFileSync } from "node:fs";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as say from "../../src/web/words.ts";
import { placeCall } from "../standins/twilio.ts";
import { launchChromium } from "./chromium.ts";
import { microphoneWav, StudentPage } from "./page.ts";
import { eventually, Room } from "./room.ts";

const AUTH_TOKEN = "twilio-auth-token-of-the-tests";

let browser: Browser;
let quiet: { readonly path: string; remove(): void };
let room: Room;
let ada: StudentPage;
let words: string;
beforeAll(async () => {
  quiet = await microphoneWav({ afterMs: 120_000, say: "" });
  browser = await launchChromium({ microphoneWav: quiet.path });
  room = await Room.open({ TWILIO_AUTH_TOKEN: AUTH_TOKEN });
  ada = await StudentPage.open(room.url, { browser });
}, 120_000);
afterAll(async () => {
  await ada.close();
  await browser.close();
  await room.close();
  quiet.remove();
});

const button = (name: string) => ada.page.getByRole("button", { name, exact: true }).first();
const tab = (view: keyof typeof say.VIEW_WORDS): Promise<void> =>
  ada.page.getByRole("tab", { name: say.VIEW_WORDS[view], exact: true }).click();
const prompt = () => ada.page.getByLabel(say.PROMPT_WORDS.title, { exact: true });
const reads = (text: string | RegExp): Promise<void> =>
  ada.page.getByText(text).filter({ visible: true }).first().waitFor();

/** What the server has of the agent. */
async function config(): Promise<Record<string, unknown>> {
  return Object(await ada.ask("GET", "/api/me")).config;
}

describe("a student's afternoon, with a real server", () => {
  it("PAGE-36 joins: a code of nobody's is told, a right one lets in and shows the words to come back with", async () => {
    await ada.page.getByLabel(say.JOIN_WORDS.code).fill("NOBODY-1");
    await ada.page.getByLabel(say.JOIN_WORDS.name).fill("Ada");
    await button(say.JOIN_WORDS.join).click();
    await ada.page.getByRole("alert").getByText("No workshop has this join code").waitFor();
    await ada.join(room.endpoints.joinCode);
    await reads(say.WELCOME_WORDS.title);
    words = await ada.page.locator(".welcome .phrase").innerText();
    expect(words.split(/\s+/)).toHaveLength(4);
    await button(say.WELCOME_WORDS.dismiss).click();
  });

  it("PAGE-37 another student of that name gets a number behind it, and is told", async () => {
    const other = await StudentPage.open(`${room.url}/#${room.endpoints.joinCode}`, { browser });
    await other.join();
    const name = await other.page.getByLabel(say.TOP_WORDS.name).inputValue();
    expect(name).toMatch(/^Ada \S+$/);
    await other.page.getByText(say.nameTakenWords("Ada", name)).waitFor();
    await other.close();
  });

  it("PAGE-38 what is typed is saved by itself, and is there after a reload", async () => {
    await prompt().fill("You are Juno. Be brief. Say goodbye at the end.");
    await eventually(
      async () => (await config()).prompt === "You are Juno. Be brief. Say goodbye at the end.",
      "it to be saved",
    );
    await ada.page.reload();
    expect(await prompt().inputValue()).toContain("You are Juno.");
    // What is changed within some minutes is one version.
    await room.sql(
      "update prompt_versions set saved_at = saved_at - interval '1 hour', changed_at = changed_at - interval '1 hour'",
    );
  });

  it("PAGE-39 without a network one goes on typing, is told so, and it is saved when the network is back", async () => {
    await ada.page.context().setOffline(true);
    await prompt().fill("You are Juno, typed in a tunnel.");
    await reads(say.SAVE_WORDS.unreached);
    expect((await config().catch(() => ({ prompt: "not reached" }))).prompt).not.toContain("tunnel");
    await ada.page.context().setOffline(false);
    await eventually(
      async () => String((await config()).prompt).includes("tunnel"),
      "it to be saved after all",
      20_000,
    );
    await reads(say.SAVE_WORDS.saved);
  });

  it("PAGE-40 an earlier prompt is compared and brought back", async () => {
    await button(say.PROMPT_WORDS.versions).click();
    await ada.page.getByRole("list", { name: say.VERSION_WORDS.list }).getByText("Be brief").click();
    await button(say.VERSION_WORDS.restore).click();
    await eventually(async () => String((await config()).prompt).includes("Be brief"), "the earlier one to be saved");
    expect(await prompt().inputValue()).toContain("Be brief");
  });

  it.each([
    ["rejected", "sk-test-rejected-0123456789"],
    ["restricted", "sk-test-restricted-0123456789"],
    ["no_credit", "sk-test-empty-0123456789", { status: 429, code: "insufficient_quota" }],
    ["unverified", "sk-test-unheard-0123456789", { status: 503 }],
    ["connected", "sk-test-student-page-0123456789"],
  ] as const)(
    "PAGE-41 a key that is %s: the sheet says so, and keeps no letter of it but its end",
    async (outcome, key, fault?: object) => {
      // A student may have three keys checked in a minute: each of these is somebody else's.
      const student =
        outcome === "connected" ? ada : await StudentPage.open(`${room.url}/#${room.endpoints.joinCode}`, { browser });
      const { page } = student;
      if (student !== ada) await student.join();
      if (fault) await room.fault({ kind: "status", path: "/v1/models", key, ...fault });
      await page.getByRole("button", { name: say.PAYER_WORDS.pays }).first().click();
      await page.getByLabel(say.KEY_SHEET_WORDS.field, { exact: true }).fill(key);
      await page.getByRole("button", { name: say.KEY_SHEET_WORDS.check }).click();
      await page.getByText(say.OUTCOME_WORDS[outcome][0]).first().waitFor();
      expect(await page.content()).not.toContain(key.slice(3));
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      if (student !== ada) await student.close();
    },
  );

  it("PAGE-42 a tool of the gallery is added, changed as JSON and as a form, and run once", async () => {
    await tab("tools");
    await button(say.TOOLS_WORDS.add).click();
    const before = Object(await config()).tools.length;
    await ada.page.getByRole("listitem").getByRole("button").filter({ hasText: say.MODE_WORDS.mock }).first().click();
    await eventually(async () => Object(await config()).tools.length === before + 1, "the tool to be saved");
    const description = ada.page.getByLabel(say.FORM_WORDS.description, { exact: true });
    await description.fill("Says what it was told in the form.");
    await ada.page.getByRole("tab", { name: say.TOOLS_WORDS.json, exact: true }).click();
    const json = ada.page.getByLabel(say.TOOLS_WORDS.jsonLabel, { exact: true });
    expect(await json.inputValue()).toContain("Says what it was told in the form.");
    await json.fill((await json.inputValue()).replace("Says what it was told in the form.", "Written as JSON."));
    await ada.page.getByRole("tab", { name: say.TOOLS_WORDS.form, exact: true }).click();
    expect(await description.inputValue()).toBe("Written as JSON.");
    await eventually(async () => JSON.stringify(await config()).includes("Written as JSON."), "it to be saved");
    await button(say.RUN_WORDS.run).click();
    await reads(say.RUN_WORDS.output);
    await ada.page
      .getByText(/"[a-z_]+":/)
      .filter({ visible: true })
      .first()
      .waitFor();
  });

  it("PAGE-43 a call in text: what is typed is answered, and the call is in the history with its receipt", async () => {
    await ada.ask("PATCH", "/api/me", { greeting: "Hello, this is Juno." });
    await button(say.CALL_WORDS.dialTyping).click();
    await ada.line(/^Agent\nHello, this is Juno/);
    await ada.type("What is 20 plus 3?");
    await ada.line(/^Agent\n.*\b23\b/);
    await button(say.BUTTON_WORDS.end).click();
    await reads(say.RECEIPT_WORDS.title);
  });

  it("PAGE-44 a call of the history is read, replayed and saved as JSON and as text", async () => {
    await tab("calls");
    const panel = ada.page.getByRole("tabpanel");
    const row = panel.getByRole("listitem").getByRole("button").first();
    await row.filter({ hasText: say.PAID_WORDS.student }).waitFor();
    await row.click();
    await panel.getByRole("log").getByText("23").first().waitFor();
    const saved = async (name: string): Promise<string> => {
      const [download] = await Promise.all([ada.page.waitForEvent("download"), button(name).click()]);
      return readFileSync(await download.path(), "utf8");
    };
    const json: unknown = JSON.parse(await saved(say.HISTORY_WORDS.saveJson));
    expect(Object(json).call.keySource).toBe("student");
    expect(Object(json).turns.map(({ text }: { text: string }) => text)).toContain("What is 20 plus 3?");
    const text = await saved(say.HISTORY_WORDS.saveText);
    expect(text).toContain(say.EXPORT_WORDS.title);
    expect(text).toContain("What is 20 plus 3?");
    await button(say.REPLAY_WORDS.open).click();
    await button(say.REPLAY_WORDS.next).click();
    await panel.getByRole("log").getByText("Hello, this is Juno").first().waitFor();
  });

  it("PAGE-45 a phone call to the agent is followed live on the page", async () => {
    const { websocketUrl } = Object(await ada.ask("GET", "/api/me"));
    const sessionToken = String(websocketUrl).split("/").at(-1) ?? "";
    const phone = await placeCall({ origin: room.url, authToken: AUTH_TOKEN, sessionToken });
    await reads(say.WATCHED_WORDS["conversation-relay"]);
    phone.say("What is 30 plus 4?");
    await ada.page.getByRole("log").getByText("34").first().waitFor();
    await phone.hangUp();
    expect(ada.complaints.filter((line) => !line.includes("ERR_INTERNET_DISCONNECTED"))).toEqual([]);
  });

  it("PAGE-46 the four words bring the student back in another browser", async () => {
    const elsewhere = await StudentPage.open(room.url, { browser });
    await elsewhere.page.getByRole("button", { name: say.JOIN_WORDS.back }).click();
    await elsewhere.page.getByLabel(say.JOIN_WORDS.phrase).fill(words.toUpperCase());
    await elsewhere.page.getByRole("button", { name: say.JOIN_WORDS.comeIn }).click();
    await elsewhere.page.getByRole("button", { name: say.CALL_WORDS.dial }).waitFor();
    expect(await elsewhere.page.getByLabel(say.TOP_WORDS.name).inputValue()).toBe("Ada");
    expect(await elsewhere.page.getByLabel(say.PROMPT_WORDS.title, { exact: true }).inputValue()).toContain("Be brief");
    await elsewhere.close();
  });
});
