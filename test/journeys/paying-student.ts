import type { Locator, Page } from "playwright-core";
import { expect } from "vitest";
import * as say from "../../src/web/words.ts";
import { endedCalls, type LedgerRow, ledgerOf } from "./ledger-looks.ts";
import { StudentPage } from "./page.ts";
import { chipOf, microUsdOf, receiptOf } from "./page-amounts.ts";
import type { PageOptions } from "./page-browser.ts";
import { eventually, type Room } from "./room.ts";

const GREETING = "Hello, this is Juno.";
const LOUD = 0.02;

/** What is shown of a call that goes on, in micro-dollars: all of it, and each layer by its name. */
export interface Meter {
  readonly all: number;
  readonly layers: Readonly<Record<string, number>>;
}

/** What can be read and pressed of a student's page, where money is. */
export class PayingStudent {
  readonly student: StudentPage;
  readonly sessionToken: string;
  readonly #room: Room;

  private constructor(room: Room, student: StudentPage, sessionToken: string) {
    this.#room = room;
    this.student = student;
    this.sessionToken = sessionToken;
  }

  /** Joins with an agent that greets; `key`: their own. */
  static async open(room: Room, options: PageOptions & { readonly name: string; readonly key?: string }) {
    const { name, key, ...where } = options;
    const student = await StudentPage.open(`${room.url}/#${room.endpoints.joinCode}`, where);
    await student.join(undefined, name);
    if (key !== undefined) await student.ask("PUT", "/api/me/key", { openaiApiKey: key });
    await student.ask("PATCH", "/api/me", { greeting: GREETING });
    const { websocketUrl } = Object(await student.ask("GET", "/api/me"));
    return new PayingStudent(room, student, String(websocketUrl).split("/").at(-1) ?? "");
  }

  get page(): Page {
    return this.student.page;
  }

  get chip(): Locator {
    return chipOf(this.page);
  }

  get receipt(): Locator {
    return receiptOf(this.page);
  }

  /** Read in one go: a message of the call may change all of it at any moment. */
  async meter(): Promise<Meter> {
    const { all, layers } = await this.page.locator(".call-meter").evaluate((meter) => ({
      all: meter.querySelector(".cost .amount")?.textContent ?? "",
      layers: [...meter.querySelectorAll(".layers li")].map((layer) => ({
        name: layer.querySelector(".parts")?.textContent ?? "",
        amount: layer.querySelector(".amount")?.textContent ?? "",
      })),
    }));
    return {
      all: microUsdOf(all),
      layers: Object.fromEntries(layers.map(({ name, amount }) => [name, microUsdOf(amount)])),
    };
  }

  /** A call that was asked for has begun, and its greeting is over: nothing of the call before is on the page any more. */
  async greeted(): Promise<void> {
    await this.receipt.waitFor({ state: "detached" });
    await this.student.line(/^Agent\nHello, this is Juno\.$/m);
    await this.is(say.STATE_WORDS.listening);
  }

  async is(words: string): Promise<void> {
    await eventually(async () => (await this.student.status()) === words, `the state: ${words}`, 30_000);
  }

  /** Typed, and answered. */
  async ask(question: string, answer: RegExp): Promise<void> {
    await this.student.type(question);
    await this.student.line(answer, 30_000);
  }

  charges(): Promise<LedgerRow[]> {
    return ledgerOf(this.#room, this.sessionToken);
  }

  /** The ledger once it has come to rest: of so many calls, nothing of them open. */
  settled(calls: number): Promise<LedgerRow[]> {
    return eventually(
      async () => {
        const ended = await endedCalls(this.#room, this.sessionToken);
        const rows = await this.charges();
        return ended.length === calls && rows.every(({ state }) => state !== "open") && rows;
      },
      `${calls} calls in the ledger`,
      30_000,
    );
  }

  reads(words: string | RegExp): Promise<void> {
    return this.page.getByText(words).filter({ visible: true }).first().waitFor({ timeout: 30_000 });
  }

  press(name: string): Promise<void> {
    return this.page.getByRole("button", { name, exact: true }).first().click();
  }

  /** Calls again and is told aloud, in these words and no others, why there is no call. */
  async refused(words: RegExp): Promise<void> {
    await this.press(say.CALL_WORDS.again);
    await eventually(async () => (await this.student.transcript()).length === 1, "the last transcript to go", 30_000);
    expect(await this.student.line(words, 30_000)).not.toContain(say.SHORT_ANSWER_WORDS);
    await this.is(say.PHASE_WORDS.ended);
    expect(await this.student.transcript()).toHaveLength(1);
  }

  /** Resolves when something loud comes out of the loudspeaker from now on. */
  async sounds(): Promise<void> {
    const sinceMs = performance.timeOrigin + performance.now();
    await eventually(
      async () => (await this.student.sounded()).some(({ atMs, peak }) => atMs > sinceMs && peak > LOUD),
      "sound at the loudspeaker",
    );
  }
}
