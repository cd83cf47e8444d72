import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CallMessage } from "../../src/protocol/call-messages.ts";
import * as say from "../../src/web/words.ts";
import { launchChromium } from "./chromium.ts";
import { CLOSING, closedMe, RECEIPT, REPORT } from "./closing-world.ts";
import { HOSTILE_TEXTS } from "./hostile-texts.ts";
import { WatchedPage } from "./hostile-watch.ts";
import { METRICS, NUMBERS } from "./observed-world.ts";
import { PageServer } from "./page-server.ts";
import {
  CALL,
  CALL_ID,
  CALL_START,
  CHECKS,
  LISTENING,
  ME,
  tool,
  turn,
  turnViews,
  WORKSHOP,
  wallStudent,
} from "./page-world.ts";
import { eventually } from "./room.ts";

/** Of what is shown one after the other, so many are looked for letter by letter; all are shown. */
const SAMPLE = HOSTILE_TEXTS.filter((_, at) => at % 13 === 0);

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

async function scene(path: string, arrange: (server: PageServer) => void = () => {}) {
  const server = await PageServer.open();
  server.api.isEverybodyIn = true;
  arrange(server);
  const watched = await WatchedPage.open(server.url + path, { browser });
  const close = async (): Promise<void> => {
    await watched.close();
    await server.close();
  };
  return { server, watched, page: watched.page, close };
}

/** All of them are on the page, letter by letter. */
async function shown(watched: WatchedPage, texts: readonly string[]): Promise<void> {
  await eventually(async () => (await watched.missing(texts)).length === 0, "the texts to be shown").catch(async () =>
    expect(await watched.missing(texts)).toEqual([]),
  );
}

describe("three hundred texts that try to be more than text", () => {
  it("HOSTILE-1 are three hundred different ones", () => {
    expect(new Set(HOSTILE_TEXTS).size).toBe(HOSTILE_TEXTS.length);
    expect(HOSTILE_TEXTS.length).toBeGreaterThanOrEqual(300);
  });

  it("HOSTILE-2 the search finds a text that is run: what these tests see is not nothing", async () => {
    const { watched, page, close } = await scene("/");
    await page.evaluate(() => {
      const image = document.body.appendChild(document.createElement("img"));
      image.setAttribute("src", "https://hostile.example/x");
      try {
        document.body.setAttribute("onclick", "window.__hostile=1");
      } catch {
        // Refused on the spot, and told to whoever listens.
      }
    });
    await eventually(async () => (await watched.deeds()).length >= 3, "all of it to be seen");
    expect((await watched.deeds()).sort()).toEqual([
      expect.stringMatching(/^policy img-src/),
      expect.stringMatching(/^policy require-trusted-types-for/),
      "request: https://hostile.example/x",
    ]);
    expect(await watched.missing(["nowhere to be seen"])).toEqual(["nowhere to be seen"]);
    await close();
  });

  it("HOSTILE-3 are said in a call by caller and agent, and named and answered by tools: they are only words", async () => {
    const { server, watched, page, close } = await scene("/");
    await page.getByRole("button", { name: say.CALL_WORDS.dial }).click();
    const call = await server.call();
    const messages = HOSTILE_TEXTS.flatMap((text, at): CallMessage[] => {
      const seq = at * 4 + 1;
      const called = tool(seq + 2, at % 2 === 0 ? "ok" : "failed", text);
      const toolCall = called.toolCall && { ...called.toolCall, arguments: text, output: text };
      return [
        turn(seq, "caller", text),
        { ...turn(seq + 1, "agent", `${text} and more`), heardText: text },
        { ...called, toolCall },
        { type: "caption", seq: seq + 3, speaker: "agent", delta: text },
      ];
    });
    call.send(CALL_START, LISTENING, ...messages);
    await shown(watched, HOSTILE_TEXTS);
    for (const error of SAMPLE) call.send({ type: "error", code: "new_reason", error });
    await shown(watched, SAMPLE.slice(-1));
    await page.evaluate(() => {
      for (const details of document.querySelectorAll("details")) details.open = true;
    });
    expect(await watched.deeds()).toEqual([]);
    await close();
  });

  it("HOSTILE-4 are names, announcements, prompts and greetings: the page reads them as they are", async () => {
    const texts = HOSTILE_TEXTS.filter((text) => !/[\r\0]/.test(text));
    const named = (text: string): typeof ME => ({
      ...ME,
      name: text,
      workshop: { id: "default", name: text, state: "open", opensAt: null, closesAt: null, closing: null },
      config: { ...ME.config, prompt: text, greeting: text, voice: text, language: text },
    });
    const { server, watched, close } = await scene("/", ({ api }) => {
      api.me = named(texts[0] ?? "");
    });
    const live = await server.live();
    for (const [at, text] of texts.entries()) {
      server.api.me = named(text);
      live.send(
        { type: "me-changed", by: "instructor" },
        { type: "workshop", announcement: text, paused: at % 2 === 0 },
      );
      if (SAMPLE.includes(text)) await shown(watched, [text]);
    }
    expect(await watched.deeds()).toEqual([]);
    await close();
  });

  it("HOSTILE-5 are in earlier prompts, in tools and in calls that are over", async () => {
    const tools = HOSTILE_TEXTS.slice(0, 16).map((text, at) => ({
      name: `tool_${at}`,
      description: text,
      parameters: { type: "object", properties: { value: { type: "string", description: text } } },
      mock: { answer: text },
    }));
    const { page, watched, close } = await scene("/", ({ api }) => {
      api.me = { ...ME, config: { ...ME.config, tools } };
      api.prompts = HOSTILE_TEXTS.map((prompt, at) => ({
        savedAt: new Date(Date.UTC(2026, 10, 20, 9, 0, at)).toISOString(),
        prompt,
        savedBy: at % 2 === 0 ? "student" : "instructor",
      }));
      api.calls = {
        ...api.calls,
        calls: SAMPLE.map((model, at) => ({ ...CALL, id: `${CALL_ID}${at}`, model, turnCount: 3 })),
      };
      api.calls = { ...api.calls, calls: [{ ...CALL, turnCount: 600 }, ...api.calls.calls] };
      api.call = {
        ...api.call,
        turns: turnViews(
          HOSTILE_TEXTS.flatMap((text, at) => [turn(at * 2 + 1, "agent", text), tool(at * 2 + 2, "ok", text)]),
        ),
      };
    });
    const tab = (view: keyof typeof say.VIEW_WORDS) =>
      page.getByRole("tab", { name: say.VIEW_WORDS[view], exact: true }).click();
    await tab("agent");
    await page.getByRole("button", { name: say.PROMPT_WORDS.versions }).click();
    await shown(
      watched,
      SAMPLE.slice(0, 3).map((text) => text.split("\n")[0]?.slice(0, 20) ?? ""),
    );
    await tab("tools");
    await page.getByText("tool_0").first().waitFor();
    await tab("calls");
    await page.getByRole("listitem").getByRole("button").first().click();
    await shown(watched, SAMPLE);
    expect(await watched.deeds()).toEqual([]);
    await close();
  });

  it("HOSTILE-6 are on the instructor's wall, in the list of workshops, in the spend and on the check page", async () => {
    const { server, page, watched, close } = await scene("/console", ({ api }) => {
      api.workshops = HOSTILE_TEXTS.map((name, at) => ({ ...WORKSHOP, id: at === 0 ? "default" : `w${at}`, name }));
      api.checks = CHECKS.map((check, at) => ({
        ...check,
        found: HOSTILE_TEXTS[at] ?? "",
        fix: HOSTILE_TEXTS[at + 30] ?? "",
      }));
    });
    await shown(watched, SAMPLE);
    server.wall = HOSTILE_TEXTS.map((name, at) => ({ ...wallStudent(at), name }));
    server.api.facts = { announcement: HOSTILE_TEXTS[7] ?? "", paused: true };
    server.api.students = server.wall.map((student) => ({
      studentId: student.studentId,
      name: student.name,
      joinedAt: null,
      keyStatus: null,
      keyHint: null,
      spend: wallStudent(1).spend,
      turnCount: 0,
      lastCall: null,
    }));
    const [row] = server.api.spend.rows;
    if (!row) throw new Error("nothing was spent");
    server.api.spend = {
      ...server.api.spend,
      rows: server.wall.map(({ studentId, name }) => ({ ...row, studentId, name, model: name ?? "" })),
    };
    const visit = (query: string): Promise<unknown> => page.goto(`${server.url}/console?${query}`);
    await visit("workshop=default");
    await shown(watched, [...SAMPLE, HOSTILE_TEXTS[7] ?? ""]);
    const live = await server.live("default");
    for (const announcement of HOSTILE_TEXTS) live.send({ type: "workshop", announcement, paused: false });
    await shown(watched, HOSTILE_TEXTS.slice(-1));
    expect(await watched.deeds()).toEqual([]);
    await visit("workshop=default&view=spend");
    await shown(watched, SAMPLE);
    expect(await watched.deeds()).toEqual([]);
    await visit("view=check");
    await shown(
      watched,
      CHECKS.map((_, at) => HOSTILE_TEXTS[at] ?? ""),
    );
    expect(await watched.deeds()).toEqual([]);
    await close();
  });

  it("CLOSEUI-16 are in a receipt, in the report, among errors and phone numbers", async () => {
    const { server, page, watched, close } = await scene("/", ({ api }) => {
      api.me = closedMe();
    });
    for (const text of SAMPLE) {
      server.api.receipt = { ...RECEIPT, workshop: text, key: { hint: text, deletedAt: null } };
      await page.reload();
      await shown(watched, [text]);
    }
    server.api.refuse("GET /api/me", { code: "unknown_session", error: "Nobody has this token." });
    await page.reload();
    await shown(watched, SAMPLE.slice(-1));
    expect(await watched.deeds()).toEqual([]);

    const [row] = REPORT.rows;
    const [number] = NUMBERS.numbers;
    if (!row || !number) throw new Error("there is nothing to tell");
    server.api.workshops = [{ ...WORKSHOP, name: SAMPLE[0] ?? "", state: "ended", closing: CLOSING }];
    server.api.report = { ...REPORT, rows: SAMPLE.map((name, at) => ({ ...row, studentId: `st_${at}`, name })) };
    server.api.metrics = { ...METRICS, errors: SAMPLE.map((code) => ({ code, count: 1, lastAt: METRICS.to })) };
    server.api.phoneNumbers = {
      ...NUMBERS,
      numbers: SAMPLE.map((text, at) => ({ ...number, number: `${at}`, name: text })),
    };
    for (const query of ["workshop=default&view=report", "workshop=default&view=metrics", "view=check"]) {
      await page.goto(`${server.url}/console?${query}`);
      await shown(watched, SAMPLE);
      expect(await watched.deeds()).toEqual([]);
    }
    await close();
  });
});
