import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as consoleWords from "../../src/web/console/words.ts";
import * as moneyWords from "../../src/web/console/words-money.ts";
import * as wallWords from "../../src/web/console/words-wall.ts";
import * as say from "../../src/web/words.ts";
import { launchChromium } from "./chromium.ts";
import { CONSOLE_STATES, openConsole } from "./console-states.ts";
import { microphoneWav, StudentPage } from "./page.ts";
import { type OpenedPage, openPage } from "./page-browser.ts";
import { PageServer } from "./page-server.ts";
import { STARTED_AT_MS, wallOf, wallStudent } from "./page-world.ts";
import { eventually, Room } from "./room.ts";

const SEATS = 200;
const UPDATES_PER_SECOND = 20;
/** A press of a button that is answered within this is answered at once. The browser calls a task long from 50 ms on. */
const AT_ONCE_MS = 100;

let browser: Browser;
let quiet: { readonly path: string; remove(): void };
beforeAll(async () => {
  quiet = await microphoneWav({ afterMs: 120_000, say: "" });
  browser = await launchChromium({ microphoneWav: quiet.path });
});
afterAll(async () => {
  await browser.close();
  quiet.remove();
});

describe("every view of the console", () => {
  it.each(CONSOLE_STATES)("PAGE-60 $row: is on the screen, in the words of the console's own file", async (state) => {
    const scene = await openConsole(browser, state);
    try {
      for (const words of state.words) {
        expect(words.length).toBeGreaterThan(0);
        await scene.page.getByText(words).filter({ visible: true }).first().waitFor({ timeout: 8_000 });
      }
      expect(scene.complaints.filter((line) => !line.includes("WebSocket"))).toEqual([]);
    } finally {
      await scene.close();
    }
  });
});

describe("the wall", () => {
  it("PAGE-61 shows 200 students, changes 20 times a second, and keeps no press of a button waiting", async () => {
    const server = await PageServer.open();
    server.api.isEverybodyIn = true;
    server.wall = wallOf(SEATS);
    const { page, close } = await openPage(`${server.url}/console?workshop=default`, { browser });
    await page.getByText("Tim 199").first().waitFor();
    await page.evaluate(watchLongTasks);
    const live = await server.live("default");
    const rounds = 4 * UPDATES_PER_SECOND;
    for (let round = 1; round <= rounds; round += 1) {
      const students = Array.from({ length: 20 }, (_, at) => wallStudent((round * 20 + at) % SEATS, round));
      live.send({ type: "wall", nowMs: STARTED_AT_MS + round * 50, students, gone: [] });
      // The pace is what is tested: these come as the workshop sends them.
      await new Promise((resolve) => setTimeout(resolve, 1_000 / UPDATES_PER_SECOND));
    }
    live.send({
      type: "wall",
      nowMs: STARTED_AT_MS,
      students: [{ ...wallStudent(7), name: "Changed last" }],
      gone: [],
    });
    await page.getByText("Changed last").first().waitFor();
    const { longestMs, longTasks, frames, forMs } = await page.evaluate(readLongTasks);
    console.log(
      `wall of ${SEATS}, ${rounds} updates of 20: ${longTasks} long tasks, longest ${longestMs.toFixed(0)} ms, ` +
        `${(frames / (forMs / 1_000)).toFixed(0)} frames a second`,
    );
    expect(longestMs).toBeLessThan(AT_ONCE_MS);
    expect(longTasks).toBeLessThan(rounds / 10);
    await close();
    await server.close();
  });
});

/** Runs in the page: what kept it busy for too long from now on. */
function watchLongTasks(): void {
  const watch = { longestMs: 0, longTasks: 0, frames: 0, sinceMs: performance.now() };
  Reflect.set(globalThis, "longTaskWatch", watch);
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) {
      watch.longTasks += 1;
      watch.longestMs = Math.max(watch.longestMs, duration);
    }
  }).observe({ type: "longtask" });
  const count = (): void => {
    watch.frames += 1;
    requestAnimationFrame(count);
  };
  requestAnimationFrame(count);
}

function readLongTasks(): { longestMs: number; longTasks: number; frames: number; forMs: number } {
  const watch = Reflect.get(globalThis, "longTaskWatch");
  return { ...watch, forMs: performance.now() - watch.sinceMs };
}

describe("an instructor and a student, with a real server", () => {
  let room: Room;
  let opened: OpenedPage;
  let console_: Page;
  let student: StudentPage;
  beforeAll(async () => {
    room = await Room.open();
    student = await StudentPage.open(`${room.url}/#${room.endpoints.joinCode}`, { browser });
    await student.join();
    opened = await openPage(`${room.url}/console#instructor-token-of-the-tests`, { browser });
    console_ = opened.page;
  }, 120_000);
  afterAll(async () => {
    await opened.close();
    await student.close();
    await room.close();
  });

  const press = (name: string): Promise<void> => console_.getByRole("button", { name }).first().click();
  /** The first press asks, in the same place; a second that follows at once is taken for a double click. */
  const pressTwice = async (name: string, sure: string | RegExp): Promise<void> => {
    await press(name);
    await console_.getByRole("button", { name: sure }).click();
  };
  const studentReads = (words: string): Promise<void> =>
    student.page.getByText(words).filter({ visible: true }).first().waitFor();

  it("PAGE-62 the token of the printed address signs in, and leaves the address", async () => {
    await console_.getByRole("link", { name: "Workshop", exact: true }).waitFor();
    expect(console_.url()).toBe(`${room.url}/console`);
    await console_.getByRole("link", { name: "Workshop", exact: true }).click();
    await console_.getByText("Ada").first().waitFor();
    await console_.reload();
    await console_.getByText("Ada").first().waitFor();
  });

  it("PAGE-63 an announcement is read by students who are there, until it is cleared", async () => {
    await press(wallWords.BAR_WORDS.announce);
    await console_.getByRole("dialog").getByRole("textbox").fill("Lunch at twelve!");
    await console_
      .getByRole("dialog")
      .getByRole("button", { name: wallWords.ANNOUNCE_WORDS.send, exact: true })
      .click();
    await studentReads("Lunch at twelve!");
  });

  it("PAGE-64 a prompt that is pushed is in the student's agent at once, and theirs among the versions", async () => {
    await student.ask("PATCH", "/api/me", { prompt: "My own prompt." });
    await console_.keyboard.press("Escape");
    await press(wallWords.BAR_WORDS.push);
    await console_.getByRole("dialog").getByRole("textbox").first().fill("You are Juno, pushed to all.");
    await console_.getByRole("dialog").getByRole("button", { name: wallWords.PUSH_WORDS.send }).click();
    await eventually(
      async () =>
        (await student.page.getByLabel(say.PROMPT_WORDS.title, { exact: true }).inputValue()).includes("pushed"),
      "the prompt to arrive",
    );
    const { versions } = Object(await student.ask("GET", "/api/me/prompts"));
    expect(versions.map(({ savedBy }: { savedBy: string }) => savedBy)).toContain("instructor");
    expect(versions.map(({ prompt }: { prompt: string }) => prompt)).toContain("My own prompt.");
    await console_.keyboard.press("Escape");
  });

  it("PAGE-65 stopping all calls ends a call, the page says why, and resuming lets it call again", async () => {
    await student.dial();
    await student.line(/^Agent\n/);
    await console_.getByText(wallWords.NEED_WORDS["in-call"]).first().waitFor();
    await pressTwice(wallWords.BAR_WORDS.stop, wallWords.stopAgainWords(1));
    await studentReads(say.END_WORDS.paused);
    await studentReads(say.STANDSTILL_WORDS.paused);
    const refused = Object(await student.ask("POST", "/api/calls", {}));
    expect(refused.code).toBe("workshop_paused");
    await press(wallWords.BAR_WORDS.resume);
    await student.page.getByText(say.STANDSTILL_WORDS.paused).waitFor({ state: "hidden" });
    await student.page.getByRole("button", { name: say.CALL_WORDS.again }).first().click();
    await student.line(/^Agent\n/);
  });

  it("PAGE-66 one call is ended from the student's tile, and the page says who did it", async () => {
    await console_.getByRole("button", { name: /Ada/ }).first().click();
    await pressTwice(wallWords.SHEET_WORDS.endCall, wallWords.SHEET_WORDS.endCallAgain);
    await studentReads(say.END_WORDS.revoked);
    expect(opened.complaints).toEqual([]);
    expect(student.complaints).toEqual([]);
  });

  it("CONSOLE-43 what calls cost on the instructor's key is on the spend view, and a top-up is in the database", async () => {
    await console_.keyboard.press("Escape");
    await console_.getByRole("link", { name: consoleWords.VIEW_WORDS.spend, exact: true }).click();
    await console_.getByRole("rowheader", { name: "Ada" }).waitFor();
    const borrower = console_.locator(".borrower", { hasText: "Ada" });
    expect(await borrower.innerText()).toContain("no key of their own yet");
    const pool = console_.getByRole("region", { name: moneyWords.LENT_WORDS.pool });
    await eventually(async () => !(await pool.innerText()).includes("$0.00 of"), "the pool to show what was spent");
    await press(moneyWords.addWords(5_000_000));
    await pool.getByText("of $15.00").waitFor();
    const [row] = await room.sql("select allowance_micro_usd::int as pool from workshops where id = 'default'");
    expect(row).toEqual({ pool: 15_000_000 });
    expect(opened.complaints).toEqual([]);
  });

  it("PAGE-67 wrong tokens are refused in words, and soon have to wait", async () => {
    const stranger = await openPage(`${room.url}/console`, { browser });
    const field = stranger.page.getByLabel(consoleWords.LOGIN_WORDS.token);
    await field.fill("not the token");
    await stranger.page.getByRole("button", { name: consoleWords.LOGIN_WORDS.enter }).click();
    await stranger.page.getByRole("alert").getByText("This is not the instructor's token.").waitFor();
    await stranger.close();
  });
});
