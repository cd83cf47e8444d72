import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startTcpProxy, type TcpProxy } from "../standins/tcp-proxy.ts";
import { microphoneWav, StudentPage } from "./page.ts";
import { eventually, Room } from "./room.ts";
import { scriptWords, sessionsOf } from "./voice-looks.ts";

const STORY =
  "Once upon a time there was a lighthouse keeper who loved numbers. Every evening he climbed the stairs and counted " +
  "them aloud, and every evening there was one stair more than the evening before. He wrote it down in a blue book, and " +
  "when the book was full he bought a green one, and then a red one, until there was no more room for books.";
const LOST_MS = 5_000;
/** From the moment our side knows until no sound comes any more. */
const SILENCE_MS = 120;

/** The room is reached through a piece of network that can be cut, and that is the origin it knows itself by. */
const target = { port: 0 };
let network: TcpProxy;
let room: Room;
let url: string;
beforeAll(async () => {
  network = await startTcpProxy(target);
  url = `http://127.0.0.1:${network.port}`;
  room = await Room.open({ PUBLIC_ORIGIN: url });
  target.port = room.port;
}, 120_000);
afterAll(async () => {
  await network.close();
  await room.close();
});

const open: { close(): Promise<void> | void }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

/** A student who has joined on the page, whose agent begins with that greeting and who says that after so long. */
async function student(key: string, greeting: string, say: string, afterMs: number): Promise<StudentPage> {
  const microphone = await microphoneWav({ afterMs, say }, { afterMs: 120_000, say: "" });
  open.push({ close: () => microphone.remove() });
  const student = await StudentPage.open(`${url}/#${room.endpoints.joinCode}`, { microphoneWav: microphone.path });
  open.push(student);
  await student.join();
  await student.ask("PUT", "/api/me/key", { openaiApiKey: key });
  await student.ask("PATCH", "/api/me", { greeting });
  return student;
}

/** Somebody pays for a session as long as it is open. */
async function nothingLeft(key: string): Promise<void> {
  const isLeft = async (): Promise<boolean> =>
    (await sessionsOf(room, key)).some(({ closedAtMs }) => closedAtMs === null);
  await eventually(async () => !(await isLeft()), "no session to be left at OpenAI", 2_000);
}

describe("the page, in a real browser with a real server", () => {
  it("PAGE-30 calls, is greeted aloud, and cuts the agent short by speaking", async () => {
    const key = "sk-test-page-0123456789-cut";
    await scriptWords(room, key, "What is 2 plus 2?");
    const page = await student(key, STORY, "Excuse me, what is two plus two?", 6_000);
    await page.dial();
    await eventually(async () => (await page.data("playing")) === "true", "the greeting to be played");
    const early = await page.line(/^Agent\nOnce upon a time/);
    expect(early).not.toContain("not heard");
    await eventually(async () => (await page.status()) === "Speaking", "the state in words");

    const cut = await page.line(/not heard:/, 20_000);
    const [, heard = "", notHeard = ""] = /^Agent\n(.+) not heard: (.+)$/m.exec(cut) ?? [];
    expect(STORY).toContain(heard);
    expect(STORY).toContain(notHeard);
    expect(heard.length).toBeGreaterThan(30);
    expect(notHeard.length).toBeGreaterThan(30);

    await page.line(/^You\nWhat is 2 plus 2\?$/);
    const answer = await page.line(/^Agent\n.*\b4\b(?:.|\n)*heard after \d+ ms/);
    expect(Number(/heard after (\d+) ms/.exec(answer)?.[1])).toBeLessThan(2_000);

    const [clear] = await page.measures("clear to silence");
    const clearedAtMs = clear?.startMs ?? Number.NaN;
    const sounded = await page.sounded();
    expect(sounded.filter(({ atMs, peak }) => atMs < clearedAtMs && peak > 0.05).length).toBeGreaterThan(200);
    const answerFromMs = clearedAtMs + 1_000;
    const last = sounded.findLast(({ atMs, peak }) => atMs < answerFromMs && peak > 0.001);
    expect((last?.atMs ?? Number.NaN) - clearedAtMs).toBeLessThan(SILENCE_MS);
    // What was played is about what the transcript says was heard: the agent says 10 to 20 characters a second.
    const played = sounded.find(({ peak }) => peak > 0.01)?.atMs ?? Number.NaN;
    expect(heard.length / ((clearedAtMs - played) / 1_000)).toBeGreaterThan(8);
    expect(heard.length / ((clearedAtMs - played) / 1_000)).toBeLessThan(25);

    await page.page.getByRole("button", { name: "End call" }).click();
    await eventually(async () => (await page.status()) === "Call ended", "the end of the call");
    await nothingLeft(key);
    expect(page.complaints).toEqual([]);
  });

  it("PAGE-31 loses the network for five seconds and finds its call again, transcript in place", async () => {
    const page = await student("sk-test-page-0123456789-lost", "Hello, this is Juno.", "", 1_000);
    await page.dial();
    await page.line(/^Agent\nHello, this is Juno\.$/);
    await eventually(async () => (await page.status()) === "Listening", "the agent to listen");
    await page.type("What is 20 plus 3?");
    await page.line(/^Agent\n.*\b23\b/);
    await eventually(async () => (await page.status()) === "Listening", "the agent to listen");
    const before = await page.transcript();

    await network.become("refuse");
    await eventually(async () => (await page.status()) === "Connection lost. Getting it back", "the loss to show");
    await page.type("What is 30 plus 4?");
    await new Promise((resolve) => setTimeout(resolve, LOST_MS));
    expect(await page.transcript()).toEqual(before);
    await network.become("pass");

    const gap = await page.line(/^connection lost for \d+ s$/);
    expect(Number(/\d+/.exec(gap)?.[0])).toBeGreaterThanOrEqual(LOST_MS / 1_000);
    // Typed while the line was away.
    await page.line(/^Agent\n.*\b34\b/);
    const after = await page.transcript();
    expect(after.slice(0, before.length)).toEqual(before);
    expect(after[before.length]).toBe(gap);
    expect(after.filter((line) => line.includes("this is Juno")).length).toBe(1);

    const { calls } = Object(await page.ask("GET", "/api/me/calls"));
    expect(calls.length).toBe(1);
    expect(page.complaints.filter((line) => !line.includes("ERR_CONNECTION_REFUSED"))).toEqual([]);
  });

  it("PAGE-32 a page that is closed hangs up, and nothing is left at OpenAI", async () => {
    const key = "sk-test-page-0123456789-gone";
    const page = await student(key, "Hello, this is Juno.", "", 1_000);
    await page.dial();
    await page.line(/^Agent\nHello/);
    expect((await sessionsOf(room, key)).filter(({ closedAtMs }) => closedAtMs === null).length).toBe(1);
    await page.page.goto("about:blank");
    await nothingLeft(key);
  });
});
