import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import * as say from "../../src/web/words.ts";
import { launchChromium } from "./chromium.ts";
import { amounts, chipOf, costOf, microUsdOf, receiptOf } from "./page-amounts.ts";
import { BILL, billLine, billOf, budgetOf, METER, meterOf, NO_MONEY, REPRICED } from "./page-money.ts";
import { openState, type PageState, type Scene } from "./page-states.ts";
import { CALL, CALL_ID, CALL_REPLY, CONVERSATION, LISTENING, ME, OWN_KEY, WATCHED } from "./page-world.ts";
import { eventually } from "./room.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());
const open: Scene[] = [];
afterEach(async () => {
  for (const scene of open.splice(0)) {
    expect(scene.student.complaints.filter((line) => !line.includes("WebSocket"))).toEqual([]);
    await scene.close();
  }
});

/** The page of a student, signed in. */
async function opened(state: Partial<PageState> = {}): Promise<Scene & { readonly page: Page }> {
  const scene = await openState(browser, { row: "money", act: async () => {}, words: [], ...state });
  open.push(scene);
  return Object.assign(scene, { page: scene.student.page });
}

const WITH_LINE = { ...BILL, lines: [...BILL.lines, billLine("phone", "time", 120_000, 0.0125, 25_000)] };
const ENDED = { type: "call-end", endReason: "agent-ended" } as const;

describe("the money on a student's page", () => {
  it("PAGE-75 the meter moves with each message, and its layers add up to it to the millionth", async () => {
    const scene = await opened();
    const { page } = scene;
    const call = await scene.calling(METER);
    await eventually(async () => (await costOf(page).innerText()) === "$0.006784", "the first amount");
    const layers = page.getByRole("list", { name: say.METER_WORDS.layers }).locator(".amount");
    expect((await amounts(layers)).reduce((sum, microUsd) => sum + microUsd, 0)).toBe(6_784);
    const more = [...BILL.lines, billLine("audio", "cached-input", 1_000, 0.3, 300)];
    call.send(meterOf(billOf("instructor", more, true)));
    await eventually(async () => (await costOf(page).innerText()) === "about $0.007084", "the next amount");
    expect((await amounts(layers)).reduce((sum, microUsd) => sum + microUsd, 0)).toBe(7_084);
    expect(await page.locator(".cost").getByText(say.ON_KEY_WORDS.instructor).count()).toBe(1);
  });

  it("PAGE-76 the phone's seconds and started minutes go on without a message, on the instructor's Twilio bill", async () => {
    const { page, server } = await opened({ ownTime: true });
    const startedAtMs = await page.evaluate(() => Date.now() - 50_000);
    const running = { model: "media-streams", sinceMs: startedAtMs, microUsdPerMinute: 12_500 };
    (await server.live()).send(
      { type: "call", call: { ...WATCHED, startedAtMs } },
      { type: "call-messages", callId: WATCHED.callId, messages: [meterOf(BILL, running)] },
    );
    const phone = page.getByRole("list", { name: say.METER_WORDS.layers }).getByRole("listitem").last();
    await phone.getByText(say.METER_WORDS.twilio).waitFor();
    expect(microUsdOf(await phone.innerText())).toBe(12_500);
    expect(await phone.innerText()).toMatch(/0:5\d, 1 started minute\b/);
    await page.clock.fastForward(15_000);
    await eventually(async () => /1:0\d, 2 started minutes/.test(await phone.innerText()), "the second minute");
    expect(microUsdOf(await phone.innerText())).toBe(25_000);
    const seconds = async (): Promise<string> => /1:\d\d/.exec(await phone.innerText())?.[0] ?? "";
    const before = await seconds();
    await eventually(async () => (await seconds()) > before, "the next second");
    expect(await costOf(page).innerText()).toBe("$0.006784");
  });

  it("PAGE-77 what is left stands on the chip as it is pushed; nothing left stops calls, and more starts them", async () => {
    const { page, server } = await opened({
      before: (at) => {
        at.money = { ...NO_MONEY, lent: budgetOf("student", 120_000) };
      },
    });
    const dial = page.getByRole("button", { name: say.CALL_WORDS.dial });
    const reads = (words: string) => eventually(async () => (await chipOf(page).innerText()).includes(words), words);
    await reads("Instructor pays · $0.38 left");
    expect(await dial.isEnabled()).toBe(true);
    const live = await server.live();
    live.send({ type: "money", money: { ...NO_MONEY, lent: budgetOf("student", 500_000) } });
    await reads("Instructor pays · used up");
    await page.getByText(say.STANDSTILL_WORDS.student).waitFor();
    expect(await dial.isEnabled()).toBe(false);
    live.send({ type: "money", money: { ...NO_MONEY, lent: budgetOf("student", 500_000, 1_000_000) } });
    await reads("Instructor pays · $0.50 left");
    expect(await dial.isEnabled()).toBe(true);
    // A number that nobody keeps up to date is not shown.
    server.isDown = true;
    live.drop();
    await eventually(async () => !(await chipOf(page).innerText()).includes("left"), "the number to go");
  });

  it("PAGE-77 what a call is told of its limit counts while it goes on", async () => {
    const scene = await opened({
      before: (at) => {
        at.money = { ...NO_MONEY, lent: budgetOf("student", 120_000) };
      },
    });
    const { page } = scene;
    const call = await scene.calling(METER, { type: "budget", budget: budgetOf("call", 90_000, 100_000) });
    await eventually(async () => (await chipOf(page).innerText()).includes("$0.01 left"), "the call's own limit");
    const notice = page.getByRole("status").filter({ hasText: say.lowWords("call") });
    await notice.waitFor();
    call.send(ENDED);
    call.close(1_000);
    await eventually(async () => (await chipOf(page).innerText()).includes("$0.38 left"), "the student's limit again");
    expect(await page.getByText(say.lowWords("call")).count()).toBe(0);
  });

  it("METRICSUI-8 a few cents that no call fits into are called too little, until there is more", async () => {
    const { page, server, student } = await opened({
      before: (at) => {
        at.money = { ...NO_MONEY, lent: budgetOf("student", 485_000) };
        at.api.refuse("POST /api/calls", { code: "allowance_used", error: "It is used.", status: 402 });
      },
    });
    const chip = chipOf(page);
    await chip.getByText("$0.01 left").waitFor();
    await student.dial();
    await chip.getByText(say.PAYER_WORDS.tooLittle).waitFor();
    const live = await server.live();
    live.send({ type: "money", money: { ...NO_MONEY, lent: budgetOf("student", 485_000, 1_000_000) } });
    await chip.getByText("$0.51 left").waitFor();
  });

  it("PAGE-78 the receipt adds up as it is shown, by payer and in all, and says what other models would have cost", async () => {
    const scene = await opened({
      before: ({ api }) => {
        api.refuse(`GET /api/me/calls/${CALL_ID}`, { code: "not_found", error: "Not yet.", status: 404 });
      },
    });
    const { page, server } = scene;
    await scene.ended(...CONVERSATION, { ...METER, bill: WITH_LINE }, ENDED);
    const receipt = receiptOf(page);
    const total = receipt.locator(".total .amount");
    // It stands without the archive.
    expect(microUsdOf(await total.innerText())).toBe(31_784);
    expect(await receipt.getByText(say.RECEIPT_WORDS.elsewhere).count()).toBe(0);
    for (const payer of [say.PAID_ON_WORDS.instructor, say.PAID_ON_WORDS.twilio]) {
      const group = receipt.locator(".group").filter({ has: page.getByRole("heading", { name: payer, exact: true }) });
      const lines = await amounts(group.locator(".money > div:not(.subtotal) .amount"));
      const [subtotal] = await amounts(group.locator(".subtotal .amount"));
      expect(lines.length).toBeGreaterThan(0);
      expect(lines.reduce((sum, microUsd) => sum + microUsd, 0)).toBe(subtotal);
    }
    const subtotals = await amounts(receipt.locator(".subtotal .amount"));
    expect(subtotals.reduce((sum, microUsd) => sum + microUsd, 0)).toBe(31_784);
    // The ledger has the last word.
    const more = billOf("instructor", [...WITH_LINE.lines, billLine("text", "cached-input", 100, 0.06, 6)]);
    server.api.call = { ...CALL_REPLY, call: CALL, bill: more };
    server.api.relent(`GET /api/me/calls/${CALL_ID}`);
    for (const { model, costMicroUsd } of REPRICED)
      await receipt.getByText(say.repricedWords(model, costMicroUsd)).waitFor();
    expect(microUsdOf(await total.innerText())).toBe(31_790);
  });

  it("PAGE-79 on paper there is the receipt alone, black on white, on one page, and the button asks for it", async () => {
    const scene = await opened({
      before: ({ api }) => {
        api.call = { ...CALL_REPLY, bill: WITH_LINE };
      },
    });
    const { page } = scene;
    await page.evaluate(() => {
      window.print = () => document.body.setAttribute("data-asked", "to print");
    });
    await scene.ended(...CONVERSATION, { ...METER, bill: WITH_LINE }, ENDED);
    const receipt = receiptOf(page);
    await receipt.getByText(say.RECEIPT_WORDS.elsewhere).waitFor();
    await receipt.getByRole("button", { name: say.RECEIPT_WORDS.print }).click();
    expect(await page.locator("body").getAttribute("data-asked")).toBe("to print");
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    const texts = await page.evaluate(() =>
      [...document.querySelectorAll("#root *")]
        .filter((element) => element.children.length === 0 && element.checkVisibility())
        .map((element) => ({
          words: element.textContent ?? "",
          isIn: element.closest(".receipt") !== null,
          color: getComputedStyle(element).color,
        })),
    );
    expect(texts.filter(({ isIn }) => !isIn)).toEqual([]);
    expect(texts.map(({ words }) => words)).toEqual(
      expect.arrayContaining([say.RECEIPT_WORDS.title, `${ME.name} · Voice agents`, say.PAID_ON_WORDS.twilio]),
    );
    expect(texts.map(({ words }) => words)).not.toContain(say.RECEIPT_WORDS.print);
    expect(new Set(texts.map(({ color }) => color))).toEqual(new Set(["rgb(0, 0, 0)", "rgb(51, 51, 51)"]));
    const pdf = await page.pdf({ format: "A4" });
    expect(pdf.toString("latin1").match(/\/Type\s*\/Page\b/g)).toHaveLength(1);
  });

  it("PAGE-80 a student's own limit is typed in dollars, saved, and taken away again", async () => {
    const { page, server } = await opened({
      before: ({ api }) => {
        api.me = { ...ME, payer: "student", key: OWN_KEY };
      },
    });
    await chipOf(page).click();
    const field = page.getByLabel(say.CAP_WORDS.field);
    const save = page.getByRole("button", { name: say.CAP_WORDS.save });
    expect(await field.inputValue()).toBe("");
    await field.fill("1,5");
    await save.click();
    await page.getByText(say.CAP_WORDS.saved).waitFor();
    expect(await field.inputValue()).toBe("1.50");
    server.money = { ...NO_MONEY, own: budgetOf("own", 840_000, 1_500_000) };
    (await server.live()).send({ type: "money", money: server.money });
    await page.getByText("Spent so far: $0.84 of $1.50.").waitFor();
    await field.fill("nothing");
    await save.click();
    await page.getByRole("alert").getByText(say.CAP_WORDS.noAmount).waitFor();
    await field.fill("");
    await save.click();
    await page.getByText(say.CAP_WORDS.savedNone).waitFor();
    const sent = server.api.askedOf("PATCH /api/me").map(({ body }) => body);
    expect(sent).toEqual([{ ownCapMicroUsd: 1_500_000 }, { ownCapMicroUsd: null }]);
  });

  it("PAGE-81 a screen reader hears what a call has cost when it is over, and nothing of it while it goes on", async () => {
    const scene = await opened();
    const { page } = scene;
    const call = await scene.calling(METER, LISTENING);
    await eventually(async () => (await costOf(page).innerText()) === "$0.006784", "the meter");
    const said = async (): Promise<string> =>
      (await page.locator("#call").getByRole("status").allInnerTexts()).join(" ");
    expect(await said()).not.toContain("$");
    expect(
      await page.locator(".call-meter").locator("[aria-live], [role=status], [role=alert], [role=log]").count(),
    ).toBe(0);
    call.send(ENDED);
    call.close(1_000);
    await eventually(async () => (await said()).includes(say.endedCostWords("$0.0068")), "the cost to be said");
  });
});
