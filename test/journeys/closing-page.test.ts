import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { REVOKE_URL } from "../../src/protocol/closing.ts";
import {
  AFTERWARDS_WORDS,
  CALL_WORDS,
  CLOSED_WORDS,
  FAREWELL_WORDS,
  JOIN_WORDS,
  PHASE_WORDS,
  TOP_WORDS,
} from "../../src/web/words.ts";
import { launchChromium } from "./chromium.ts";
import { CLOSING, closedMe, RECEIPT } from "./closing-world.ts";
import { StudentPage } from "./page.ts";
import { PageServer } from "./page-server.ts";
import { CALL_START, LISTENING, ME } from "./page-world.ts";
import { eventually } from "./room.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

interface Scene {
  readonly server: PageServer;
  readonly student: StudentPage;
  readonly page: Page;
}

/** A student at their page, while the workshop is open. */
async function scene(before?: (server: PageServer) => void): Promise<Scene> {
  const server = await PageServer.open();
  open.push(server);
  server.api.isEverybodyIn = true;
  before?.(server);
  const student = await StudentPage.open(server.url, { browser });
  open.push(student);
  return { server, student, page: student.page };
}

const close = ({ api }: PageServer): void => {
  api.me = closedMe();
  api.receipt = RECEIPT;
};

const title = (page: Page, name: string) => page.getByRole("heading", { name, exact: true });
const dial = (page: Page) => page.getByRole("button", { name: CALL_WORDS.dial });
const keptIn = (page: Page): Promise<Readonly<Record<string, string>>> =>
  page.evaluate(() => Object.fromEntries(Object.entries(localStorage)));

describe("the page of a student whose workshop is closed", () => {
  it("CLOSEUI-8 becomes the end by itself, with a receipt and no button to call, and goes back when it is opened again", async () => {
    const { server, student, page } = await scene();
    await dial(page).waitFor();
    close(server);
    (await server.live()).send({ type: "me-changed", by: "instructor" });
    await title(page, CLOSED_WORDS.title).waitFor();
    const receipt = page.getByRole("region", { name: CLOSED_WORDS.receipt });
    expect(await receipt.innerText()).toContain("$0.41235");
    expect(await receipt.innerText()).toContain("···a1b2, deleted here on 20 November 2026");
    expect(await dial(page).count()).toBe(0);
    expect(await page.getByRole("button", { name: CALL_WORDS.dialTyping }).count()).toBe(0);
    const revoke = page.getByRole("link", { name: CLOSED_WORDS.revoke });
    expect(await revoke.getAttribute("href")).toBe(REVOKE_URL);
    expect(await revoke.getAttribute("rel")).toContain("noopener");
    // Read and saved until it is erased.
    await page
      .getByRole("button", { name: /Fri, Nov 20|7 turns/ })
      .first()
      .click();
    await page.getByText("What was said").waitFor();

    server.api.me = ME;
    (await server.live()).send({ type: "me-changed", by: "instructor" });
    await dial(page).waitFor();
    expect(await title(page, CLOSED_WORDS.title).count()).toBe(0);
    await eventually(async () => Object.keys(await keptIn(page)).length === 0, "the receipt to be dropped");
    expect(student.complaints).toEqual([]);
  });

  it("CLOSEUI-9 shows the same when a call is refused for it", async () => {
    const { server, page } = await scene(({ api }) =>
      api.refuse("POST /api/calls", { code: "workshop_closed", error: "This workshop has ended.", status: 403 }),
    );
    await dial(page).waitFor();
    close(server);
    await dial(page).click();
    await title(page, CLOSED_WORDS.title).waitFor();
    await title(page, CLOSED_WORDS.receipt).waitFor();
  });

  it("CLOSEUI-9 lets the call that goes on end first, and keeps its own receipt in sight", async () => {
    const { server, student, page } = await scene();
    await student.dial();
    const call = await server.call();
    call.send(CALL_START, LISTENING);
    await eventually(async () => (await student.status()) !== PHASE_WORDS.dialling, "the call to begin");
    close(server);
    (await server.live()).send({ type: "me-changed", by: "instructor" });
    await page.getByRole("banner").getByRole("button", { name: TOP_WORDS.menu }).waitFor();
    expect(await title(page, CLOSED_WORDS.title).count()).toBe(0);
    call.send({ type: "call-end", endReason: "revoked" });
    call.close(4004);
    await title(page, CLOSED_WORDS.title).waitFor();
    await page.getByRole("region", { name: "Receipt", exact: true }).waitFor();
  });

  it("CLOSEUI-10 keeps the receipt when everything is erased, with no token, prompt or name in it, until it is forgotten", async () => {
    const { server, page } = await scene(close);
    await title(page, CLOSED_WORDS.receipt).waitFor();
    server.api.refuse("GET /api/me", { code: "unknown_session", error: "Nobody has this session token." });
    (await server.live()).send({ type: "me-changed", by: "instructor" });
    await title(page, AFTERWARDS_WORDS.erased).waitFor();
    await page.reload();
    await title(page, AFTERWARDS_WORDS.erased).waitFor();
    expect(await page.getByRole("region", { name: CLOSED_WORDS.receipt }).innerText()).toContain("21 min");
    const kept = JSON.stringify(await keptIn(page));
    expect(kept).toContain("Voice agents");
    for (const secret of ["wst_page", "Juno", "bakery", "Ada", "st_page"]) expect(kept).not.toContain(secret);

    await page.getByRole("button", { name: AFTERWARDS_WORDS.forget }).click();
    await page.getByRole("button", { name: AFTERWARDS_WORDS.sure }).click();
    await page.getByText(FAREWELL_WORDS.forgotten).waitFor();
    await page.getByLabel(JOIN_WORDS.code).waitFor();
    expect(await keptIn(page)).toEqual({});
  });

  it("CLOSEUI-10 is nobody else's: who signs out takes it along, and who joins another workshop does not see it", async () => {
    const { server, page } = await scene(close);
    await title(page, CLOSED_WORDS.receipt).waitFor();
    await page.getByRole("button", { name: TOP_WORDS.menu }).click();
    await page.getByRole("button", { name: TOP_WORDS.leave }).click();
    await page.getByText(FAREWELL_WORDS.left).waitFor();
    expect(await keptIn(page)).toEqual({});
    await page.reload();
    await title(page, CLOSED_WORDS.receipt).waitFor();

    // Signed out by time: the receipt is there, and beside it the way into another workshop.
    server.api.isEverybodyIn = false;
    await page.reload();
    await page.getByText(AFTERWARDS_WORDS.away).waitFor();
    await page.getByRole("button", { name: AFTERWARDS_WORDS.back }).click();
    server.api.me = ME;
    await page.getByLabel(JOIN_WORDS.code).fill("ELM-2");
    await page.getByLabel(JOIN_WORDS.name).fill("Grace");
    await page.getByRole("button", { name: JOIN_WORDS.join, exact: true }).click();
    await dial(page).waitFor();
    expect(await keptIn(page)).toEqual({});
  });

  it("CLOSEUI-11 prints the receipt alone, with the address that the button leads to", async () => {
    const { page } = await scene(close);
    await title(page, CLOSED_WORDS.receipt).waitFor();
    await page.emulateMedia({ media: "print" });
    const seen = await page.locator("body").innerText();
    expect(seen).toContain(CLOSED_WORDS.together);
    expect(seen).toContain(REVOKE_URL);
    for (const other of [CLOSED_WORDS.title, CLOSED_WORDS.print, "Juno's bakery"]) expect(seen).not.toContain(other);
  });

  it("CLOSEUI-11 asks for the receipt anew when a step of the end is done", async () => {
    const { server, page } = await scene((opened) => {
      const still = { ...CLOSING, keysDeletedAt: null, keysAt: CLOSING.eraseAt };
      opened.api.me = closedMe(still);
      opened.api.receipt = { ...RECEIPT, closing: still, key: { hint: "a1b2", deletedAt: null } };
    });
    const receipt = page.getByRole("region", { name: CLOSED_WORDS.receipt });
    await receipt.getByText("will be deleted here").waitFor();
    close(server);
    (await server.live()).send({ type: "me-changed", by: "instructor" });
    await receipt.getByText("deleted here on 20 November 2026").waitFor();
    expect(server.api.askedOf("GET /api/me/receipt")).toHaveLength(2);
  });
});
