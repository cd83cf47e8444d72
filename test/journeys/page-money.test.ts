import type { Browser, Locator } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as consoleWords from "../../src/web/console/words.ts";
import * as lendWords from "../../src/web/console/words-money.ts";
import * as say from "../../src/web/words.ts";
import { launchChromium } from "./chromium.ts";
import { endedCalls, type LedgerRow } from "./ledger-looks.ts";
import { microphoneWav } from "./page.ts";
import { amounts, microUsdOf } from "./page-amounts.ts";
import { type OpenedPage, openPage } from "./page-browser.ts";
import { type Meter, PayingStudent } from "./paying-student.ts";
import { eventually, Room } from "./room.ts";
import { scriptWords, voiceFault } from "./voice-looks.ts";

const INSTRUCTOR_KEY = "sk-test-lent-0123456789";
const ALLOWANCE_MICRO_USD = 500_000;
const TOKEN_LAYERS = [say.LAYER_WORDS.text, say.LAYER_WORDS.audio];

let room: Room;
let quiet: { readonly path: string; remove(): void };
let browser: Browser;
beforeAll(async () => {
  quiet = await microphoneWav({ afterMs: 120_000, say: "" });
  browser = await launchChromium({ microphoneWav: quiet.path });
  room = await Room.open({ OPENAI_API_KEY: INSTRUCTOR_KEY });
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await room?.close();
  quiet?.remove();
});

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
const ledgerCost = (rows: readonly LedgerRow[]): number => sum(rows.map((row) => row.cost_micro_usd ?? Number.NaN));

/** OpenAI is to say that the next answer on a key has cost so many tokens of sound, whatever it was. */
const costsNext = (key: string, soundTokens: number): Promise<void> =>
  voiceFault(room, {
    kind: "usage",
    key,
    usage: {
      input_tokens: 0,
      output_tokens: soundTokens,
      input_token_details: { text_tokens: 0, audio_tokens: 0, cached_tokens: 0 },
      output_token_details: { text_tokens: 0, audio_tokens: soundTokens },
    },
  });

describe("a student on the instructor's key", () => {
  let bob: PayingStudent;
  let console_: OpenedPage;
  let left: () => Promise<string>;
  beforeAll(async () => {
    bob = await PayingStudent.open(room, { name: "Bob", browser });
    console_ = await openPage(`${room.url}/console#instructor-token-of-the-tests`, { browser });
    await console_.page.getByRole("link", { name: "Workshop", exact: true }).click();
    await console_.page.getByRole("link", { name: consoleWords.VIEW_WORDS.spend, exact: true }).click();
    left = () => bob.chip.innerText();
  }, 60_000);
  afterAll(async () => {
    await console_?.close();
    await bob?.student.close();
  });

  const borrower = (): Locator => console_.page.locator(".borrower", { hasText: "Bob" });
  const pool = (): Locator => console_.page.getByRole("region", { name: lendWords.LENT_WORDS.pool });
  /** All numbers that people see of what is lent are those of the ledger: on the chip, beside the student, in the pool. */
  const agree = (limitMicroUsd: number, chipWords = say.leftWords): Promise<unknown> =>
    eventually(
      async () => {
        const spentMicroUsd = ledgerCost(await bob.charges());
        const budget = { of: "student", limitMicroUsd, spentMicroUsd, stage: "ok" } as const;
        const shown = [await left(), await borrower().innerText(), await pool().innerText()];
        const due = [
          chipWords(budget),
          `${lendWords.dollarWords(spentMicroUsd)} of ${lendWords.dollarWords(limitMicroUsd)}`,
          `${lendWords.dollarWords(spentMicroUsd)} of `,
        ];
        return due.every((words, at) => shown[at]?.includes(words));
      },
      "chip, console and ledger to agree",
      30_000,
    );

  it("BILLJ-24 the chip and the console move by themselves, and both show what the ledger has", async () => {
    await eventually(async () => (await left()).includes("$0.50 left"), "the chip to show what is lent");
    await bob.student.dial();
    await bob.greeted();
    await costsNext(INSTRUCTOR_KEY, 15_000);
    await bob.ask("What is 10 plus 1?", /^Agent\n.*\b11\b/m);
    await eventually(async () => (await bob.meter()).all > 300_000, "the answer on the meter");
    await bob.press(say.BUTTON_WORDS.end);
    await bob.settled(1);
    await agree(ALLOWANCE_MICRO_USD);
  });

  it("BILLJ-25 at 80 % it is written and said once, and the call goes on; at 100 % it says goodbye and ends", async () => {
    await bob.press(say.CALL_WORDS.again);
    await bob.greeted();
    await costsNext(INSTRUCTOR_KEY, 5_500);
    await bob.ask("What is 20 plus 1?", /^Agent\n.*\b21\b/m);
    const sounds = bob.sounds();
    await bob.student.line(/Just so you know: most of the money for this is used\./, 30_000);
    await sounds;
    await bob.page
      .getByRole("status")
      .filter({ hasText: say.lowWords("student") })
      .waitFor();
    await agree(ALLOWANCE_MICRO_USD);
    await bob.is(say.STATE_WORDS.listening);
    await costsNext(INSTRUCTOR_KEY, 4_000);
    await bob.ask("What is 30 plus 1?", /^Agent\n.*\b31\b/m);
    const goodbye = bob.sounds();
    await bob.student.line(/Goodbye\./, 30_000);
    await goodbye;
    await bob.is(say.PHASE_WORDS.ended);
    const said = (await bob.student.transcript()).filter((line) => line.includes("Just so you know"));
    expect(said).toHaveLength(1);
    const rows = await bob.settled(2);
    expect(ledgerCost(rows)).toBeLessThanOrEqual(ALLOWANCE_MICRO_USD);
    expect(ledgerCost(rows)).toBeGreaterThan(0.9 * ALLOWANCE_MICRO_USD);
    expect(rows.every(({ payer }) => payer === "instructor")).toBe(true);
    const call = (await endedCalls(room, bob.sessionToken)).at(-1);
    expect(call?.end_reason).toBe("budget");
    const failures = await room.sql(
      "select failure from turns where call_id = $1 and failure is not null order by seq",
      [call?.id],
    );
    expect(failures.map(({ failure }) => failure)).toEqual(["budget_low", "allowance_used"]);
    // What is left is too little for one more answer, and the chip says that instead.
    await agree(ALLOWANCE_MICRO_USD, () => say.PAYER_WORDS.tooLittle);
  });

  it("BILLJ-26 then no call begins, and the page says what can be done, until more is lent", async () => {
    await bob.receipt.getByText(say.END_WORDS.budget).waitFor();
    const before = ledgerCost(await bob.charges());
    await bob.refused(/what your instructor lends is used\. Add your own key on your page\. Goodbye\./);
    await bob.reads(say.STANDSTILL_WORDS.student);
    await bob.page.getByRole("button", { name: say.FAILURE_ACTION_WORDS.connect }).first().waitFor();
    expect(ledgerCost(await bob.settled(3))).toBe(before);
    await console_.page.getByRole("link", { name: consoleWords.VIEW_WORDS.settings, exact: true }).click();
    const field = console_.page.getByLabel(lendWords.LENDING_FIELD_WORDS.studentMicroUsd);
    await field.fill("1");
    await field.press("Enter");
    await eventually(async () => /\$0\.5\d left/.test(await left()), "the chip to have more");
    await console_.page.getByRole("link", { name: consoleWords.VIEW_WORDS.spend, exact: true }).click();
    await agree(1_000_000);
    await bob.press(say.CALL_WORDS.again);
    await bob.greeted();
    await bob.press(say.BUTTON_WORDS.end);
    await bob.settled(4);
    await agree(1_000_000);
    expect([bob.student.complaints, console_.complaints]).toEqual([[], []]);
  });
});

describe("a student on their own key", () => {
  const key = "sk-test-own-money-0123456789";
  let microphone: { readonly path: string; remove(): void };
  let ada: PayingStudent;
  beforeAll(async () => {
    microphone = await microphoneWav({ afterMs: 7_000, say: "What is two plus three?" }, { afterMs: 120_000, say: "" });
    ada = await PayingStudent.open(room, { name: "Ada", key, microphoneWav: microphone.path });
  }, 60_000);
  afterAll(async () => {
    await ada?.student.close();
    microphone?.remove();
  });

  it("BILLJ-20 the meter moves with each answer, layer by layer, and every number opens down to its price", async () => {
    await scriptWords(room, key, "What is two plus three?");
    await ada.student.dial();
    await ada.greeted();
    const first = await ada.meter();
    expect(first.all).toBeGreaterThan(0);
    const grown = (before: Meter): Promise<Meter> =>
      eventually(async () => {
        const now = await ada.meter();
        return TOKEN_LAYERS.every((layer) => (now.layers[layer] ?? 0) > (before.layers[layer] ?? 0)) && now;
      }, "text and sound to cost more");
    await ada.student.line(/^You\nWhat is two plus three\?$/m, 30_000);
    const spoken = await grown(first);
    expect([first.layers[say.LAYER_WORDS.transcription], spoken.layers[say.LAYER_WORDS.transcription]]).toEqual([
      undefined,
      expect.any(Number),
    ]);
    await ada.is(say.STATE_WORDS.listening);
    await ada.ask("What is 20 plus 3?", /^Agent\n.*\b23\b/m);
    const typed = await grown(spoken);
    expect([first.all < spoken.all, spoken.all < typed.all]).toEqual([true, true]);
    expect(sum(Object.values(typed.layers))).toBe(typed.all);
    await ada.page.getByText(say.METER_WORDS.open).click();
    await ada.page.locator(".arithmetic").getByRole("listitem").first().waitFor();
    const lines = await ada.page.locator(".arithmetic").getByRole("listitem").allInnerTexts();
    expect(lines.join("\n")).toMatch(/\d+ tokens × \$20\.00 per million [=≈] \$0\.\d+/);
    expect(lines.every((line) => /genai-prices.*2026-\d\d-\d\d/.test(line))).toBe(true);
    expect(sum(lines.map((line) => microUsdOf(/[=≈] (\$[\d.]+)/.exec(line)?.[1] ?? "")))).toBe(typed.all);
  });

  it("BILLJ-21 the receipt adds up to the ledger to the micro-dollar, and says what other models would have cost", async () => {
    await ada.press(say.BUTTON_WORDS.end);
    const rows = await ada.settled(1);
    await ada.receipt.getByText(say.RECEIPT_WORDS.elsewhere).waitFor();
    await eventually(
      async () => microUsdOf(await ada.receipt.locator(".total .amount").innerText()) === ledgerCost(rows),
      "the receipt to be the ledger's",
    );
    expect(sum(await amounts(ada.receipt.locator(".money .amount")))).toBe(ledgerCost(rows));
    expect(rows.every(({ payer, state }) => payer === "student" && state === "told")).toBe(true);
    const [call] = await endedCalls(room, ada.sessionToken);
    expect(call?.cost_micro_usd).toBe(ledgerCost(rows));
    const { repriced } = Object(await ada.student.ask("GET", `/api/me/calls/${call?.id}`));
    expect(repriced.length).toBeGreaterThan(2);
    for (const { model, costMicroUsd } of repriced) {
      await ada.receipt.getByText(say.repricedWords(model, costMicroUsd)).waitFor();
    }
  });

  it("BILLJ-22 on paper there is the receipt and nothing else", async () => {
    const seen = (): Promise<string[]> =>
      ada.page.evaluate(() =>
        [...document.querySelectorAll("#root *")]
          .filter((element) => element.children.length === 0 && element.checkVisibility() && element.textContent)
          .filter((element) => element.closest(".receipt") === null)
          .map((element) => element.textContent ?? ""),
      );
    expect((await seen()).length).toBeGreaterThan(0);
    await ada.page.emulateMedia({ media: "print" });
    expect(await seen()).toEqual([]);
    const total = ada.receipt.locator(".total .amount");
    expect(microUsdOf(await total.innerText())).toBe(ledgerCost(await ada.charges()));
    await ada.page.emulateMedia({ media: null });
    expect(ada.student.complaints).toEqual([]);
  });

  it("BILLJ-23 a limit of one's own ends the call aloud, keeps the next one from beginning, and is raised", async () => {
    await ada.chip.click();
    await ada.page.getByLabel(say.CAP_WORDS.field).fill("0.20");
    await ada.press(say.CAP_WORDS.save);
    await ada.reads(say.CAP_WORDS.saved);
    await ada.page.keyboard.press("Escape");
    await ada.press(say.CALL_WORDS.again);
    await ada.greeted();
    await costsNext(key, 9_000);
    await ada.ask("What is 30 plus 4?", /^Agent\n.*\b34\b/m);
    await ada.student.line(/Your calls have cost as much as you allowed\. Goodbye\./, 30_000);
    await ada.is(say.PHASE_WORDS.ended);
    await ada.reads(say.END_WORDS.budget);
    const rows = await ada.settled(2);
    expect(ledgerCost(rows)).toBeLessThanOrEqual(200_000);
    const call = (await endedCalls(room, ada.sessionToken)).at(-1);
    expect(call?.end_reason).toBe("budget");
    await ada.refused(/Your calls have cost as much as you allowed\. Goodbye\./);
    await ada.reads(say.STANDSTILL_WORDS.own);
    await ada.press(say.FAILURE_ACTION_WORDS.limit);
    await ada.page.getByLabel(say.CAP_WORDS.field).fill("1");
    await ada.press(say.CAP_WORDS.save);
    await ada.reads(say.CAP_WORDS.saved);
    await ada.page.keyboard.press("Escape");
    await ada.press(say.CALL_WORDS.again);
    await ada.greeted();
    await ada.press(say.BUTTON_WORDS.end);
    await ada.settled(4);
  });
});
