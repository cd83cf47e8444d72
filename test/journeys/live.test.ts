import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ConsoleLiveMessage, WallStudent } from "../../src/protocol/live-messages.ts";
import { placeCall } from "../standins/twilio.ts";
import { LiveListener, shownOf, signInInstructor } from "./live-listener.ts";
import { archived } from "./looks.ts";
import { eventually, Room } from "./room.ts";
import { VoiceCaller } from "./voice-caller.ts";
import { prepareCall } from "./voice-looks.ts";

const GREETING = "Hello, this is Juno.";
const PAUSED = "Your instructor has paused all calls. Please try again later. Goodbye.";

let room: Room;
let instructor: string;
let wall: LiveListener<ConsoleLiveMessage>;
beforeAll(async () => {
  room = await Room.open({ OPENAI_API_KEY: "sk-proj-live-fallback-0123456789" });
  instructor = await signInInstructor(room);
  wall = await LiveListener.wall(room, "default", instructor);
});
afterAll(() => room.close());

/** A student who has joined with the code; with a key of their own when one is named. */
async function joined(name: string, key?: string) {
  const reply = await room.post("/api/join", { joinCode: room.endpoints.joinCode, name });
  const { sessionToken } = Object(await reply.json());
  const headers = { authorization: `Bearer ${sessionToken}`, "content-type": "application/json" };
  const ask = (method: string, path: string, body: object): Promise<Response> =>
    fetch(room.url + path, { method, headers, body: JSON.stringify(body) });
  expect((await ask("PATCH", "/api/me", { greeting: GREETING })).status).toBe(200);
  if (key !== undefined) expect((await ask("PUT", "/api/me/key", { openaiApiKey: key })).status).toBe(200);
  return { sessionToken: String(sessionToken), headers, key: key ?? "" };
}

const command = (path: string): Promise<Response> =>
  room.post(`/api/workshop/workshops/default/${path}`, {}, { cookie: instructor, origin: room.url });

/** A student as the wall shows them now: the last of what it was told. */
const onWall = (name: string): WallStudent | undefined =>
  wall.heard
    .flatMap(({ message }) => ("students" in message ? message.students : []))
    .findLast((student) => student.name === name);

describe("a phone call to a student's agent", () => {
  it("LIVE-50 is followed word by word on the student's page, from its beginning to its end", async () => {
    const student = await joined("Phone Ada", "sk-proj-live-0123456789-phone");
    const page = await LiveListener.page(room, student.sessionToken);
    await page.until(() => page.of("live-start").length > 0, "the beginning");
    const phone = await placeCall({ origin: room.url, sessionToken: student.sessionToken });
    await phone.waitForTurn();
    const { call } = await page.until(() => page.of("call")[0], "the call");
    expect(call).toMatchObject({ wayIn: "conversation-relay", keySource: "student" });
    phone.say("Tell me a story.");
    await phone.waitForTurn();
    const shown = () => shownOf(page, call.callId);
    const story = await page.until(
      () => shown().findLast((message) => message.type === "turn" && message.seq === 3),
      "the story",
    );
    const captions = shown().flatMap((message) =>
      message.type === "caption" && message.seq === 3 ? [message.delta] : [],
    );
    // In pieces as it was said, and all of them the beginning of what was said.
    expect(captions.length).toBeGreaterThan(2);
    expect(story).toMatchObject({ speaker: "agent", failure: null });
    expect(story.type === "turn" && story.text.startsWith(captions.join(""))).toBe(true);
    const states = shown().flatMap((message) => (message.type === "state" ? [message.state] : []));
    expect(states).toEqual(expect.arrayContaining(["thinking", "speaking", "listening"]));
    expect(shown().some((message) => message.type === "meter" && message.usage.outputTokens > 0)).toBe(true);

    // A page that comes in between is shown what was said before.
    const late = await LiveListener.page(room, student.sessionToken);
    await late.until(() => shownOf(late, call.callId).length > 0, "what went before");
    const turns = shownOf(late, call.callId).flatMap((message) => (message.type === "turn" ? [message.text] : []));
    expect(turns).toEqual([GREETING, "Tell me a story.", story.type === "turn" ? story.text : ""]);

    await phone.hangUp();
    for (const listener of [page, late]) {
      await listener.until(() => shownOf(listener, call.callId).at(-1)?.type === "call-end", "the end");
    }
    expect(JSON.stringify(page.heard)).not.toMatch(/ticket|sk-proj|wst_/i);
    page.close();
    late.close();
  });

  it("LIVE-51 with sound shows its words as well", async () => {
    const student = await joined("Sound Bob", "sk-proj-live-0123456789-sound");
    const page = await LiveListener.page(room, student.sessionToken);
    await page.until(() => page.of("live-start").length > 0, "the beginning");
    const caller = new VoiceCaller(await prepareCall(room, student));
    await caller.begun();
    const { call } = await page.until(() => page.of("call")[0], "the call");
    expect(call.wayIn).toBe("browser");
    await page.until(() => shownOf(page, call.callId).some((message) => message.type === "caption"), "its words");
    await caller.hangUp();
    await page.until(() => shownOf(page, call.callId).at(-1)?.type === "call-end", "the end");
    page.close();
  });
});

describe("the wall of a class", () => {
  it("LIVE-52 shows who is in a call, what it does, who pays, and how it ended", async () => {
    const [own, fallback] = await Promise.all([joined("Own Key", "sk-proj-live-0123456789-own"), joined("No Key")]);
    await wall.until(() => onWall("Own Key")?.keyStatus === "connected" && onWall("No Key"), "both students");
    expect(onWall("No Key")).toMatchObject({ online: false, calls: [], lastCall: null, keyStatus: null });
    const page = await LiveListener.page(room, own.sessionToken);
    await wall.until(() => onWall("Own Key")?.online, "the page");
    const calls = await Promise.all([own, fallback].map(({ sessionToken }) => room.call(sessionToken)));
    for (const call of calls) await call.nextTurn();
    await wall.until(() => onWall("Own Key")?.calls[0]?.state === "listening", "a call that listens");
    expect(onWall("Own Key")?.calls[0]?.keySource).toBe("student");
    await wall.until(() => onWall("No Key")?.calls[0]?.keySource === "instructor", "a call on the fallback");
    calls[0]?.say("Tell me a story.");
    await wall.until(() => onWall("Own Key")?.calls[0]?.state === "speaking", "a call that speaks");
    await calls[0]?.nextTurn();
    await wall.until(() => onWall("Own Key")?.latenciesMs.length === 1, "the latency of its turn");
    await calls[1]?.hangUp();
    const ended = await wall.until(() => onWall("No Key")?.lastCall ?? undefined, "the end of a call");
    expect(ended).toMatchObject({ endReason: "caller-left", failure: null, keySource: "instructor" });
    await calls[0]?.hangUp();
    await wall.until(() => onWall("Own Key")?.lastCall ?? undefined, "the end of the other");
    expect(onWall("Own Key")).toMatchObject({ calls: [], turnCount: 3, failuresInARow: 0 });
    page.close();
    await wall.until(() => onWall("Own Key")?.online === false, "the page to be gone");

    // What was pushed is what a console finds that comes now, from Postgres.
    await eventually(
      async () =>
        (await archived(room, own.sessionToken))[0]?.ended_at &&
        (await archived(room, fallback.sessionToken))[0]?.ended_at,
      "both in the archive",
    );
    const pushed = onWall("Own Key");
    const fresh = await LiveListener.wall(room, "default", instructor);
    const start = await fresh.until(() => fresh.of("wall-start")[0], "the wall");
    expect(start.students.find(({ name }) => name === "Own Key")).toEqual(pushed);
    fresh.close();
    expect(JSON.stringify(wall.heard)).not.toMatch(/story|Juno|sk-proj|wst_/);
  });

  it("LIVE-53 shows a student whose calls fail, and why", async () => {
    const student = await joined("Stuck", "sk-proj-live-0123456789-stuck");
    await room.fault({ kind: "status", status: 401, key: student.key, code: "invalid_api_key", times: "always" });
    const page = await LiveListener.page(room, student.sessionToken);
    for (const failures of [1, 2]) {
      const call = await room.call(student.sessionToken);
      await call.nextTurn();
      call.say("Hello?");
      expect((await call.closed).code).toBe(4001);
      await wall.until(() => onWall("Stuck")?.failuresInARow === failures, `failure ${failures}`);
    }
    expect(onWall("Stuck")).toMatchObject({ keyStatus: "rejected", lastCall: { failure: "key_rejected" } });
    await page.until(() => page.of("me-changed").length > 0, "the student to be told to look at the key");
    page.close();
  });
});

describe("the instructor", () => {
  it("LIVE-54 stops all: five calls end within 2 s, and none begins until calls may go on", async () => {
    const students = await Promise.all(
      [1, 2, 3, 4, 5].map((number) => joined(`Stopped ${number}`, `sk-proj-live-0123456789-stop${number}`)),
    );
    const calls = await Promise.all(students.map(({ sessionToken }) => room.call(sessionToken)));
    for (const call of calls) await call.nextTurn();
    const [first] = students;
    if (!first) throw new Error("nobody");
    const page = await LiveListener.page(room, first.sessionToken);
    await page.until(() => page.of("live-start").length > 0, "the beginning");
    calls[0]?.say("Tell me a story.");
    const startedAtMs = performance.now();
    expect(await (await command("pause")).json()).toMatchObject({ success: true, count: 5 });
    const closes = await Promise.all(calls.map((call) => call.closed));
    expect(performance.now() - startedAtMs).toBeLessThan(2_000);
    expect(closes.map(({ code }) => code)).toEqual(calls.map(() => 4004));
    for (const call of calls) {
      expect(call.errors.map(({ code }) => code)).toEqual(["workshop_paused"]);
      expect(call.turns.at(-1)?.text).toBe(PAUSED);
    }
    await page.until(() => page.of("workshop").at(-1)?.paused, "the page to know");
    await wall.until(() => wall.of("workshop").at(-1)?.paused, "the wall to know");

    const refused = await room.post("/api/calls", {}, first.headers);
    expect([refused.status, Object(await refused.json()).code]).toEqual([403, "workshop_paused"]);
    const late = await room.call(first.sessionToken);
    expect((await late.closed).code).toBe(4004);
    expect(late.turns.map(({ text }) => text)).toEqual([PAUSED]);
    const reasons = await eventually(async () => {
      const ended = (await Promise.all(students.map(({ sessionToken }) => archived(room, sessionToken)))).flat();
      return (
        ended.length >= 5 && ended.every(({ end_reason }) => end_reason) && ended.map(({ end_reason }) => end_reason)
      );
    }, "the archive");
    expect(new Set(reasons)).toEqual(new Set(["paused"]));

    expect((await command("resume")).status).toBe(200);
    await page.until(() => page.of("workshop").at(-1)?.paused === false, "the page to know");
    const again = await room.call(first.sessionToken);
    expect((await again.nextTurn()).text).toBe(GREETING);
    await again.hangUp();
    page.close();
  });

  it("LIVE-55 ends one call, and the other goes on", async () => {
    const [one, other] = await Promise.all([joined("One"), joined("Other")]);
    const calls = await Promise.all([one, other].map(({ sessionToken }) => room.call(sessionToken)));
    for (const call of calls) await call.nextTurn();
    const live = await wall.until(() => onWall("One")?.calls[0], "the call on the wall");
    expect((await command(`calls/${live.callId}/end`)).status).toBe(200);
    expect((await calls[0]?.closed)?.code).toBe(4004);
    calls[1]?.say("What is 1 plus 2?");
    expect((await calls[1]?.nextTurn())?.text).toBe("1 plus 2 is 3.");
    await calls[1]?.hangUp();
  });
});

describe("a student in a hurry", () => {
  it("LIVE-56 may ask for twelve calls with sound in a minute, and the last that fits is the one that counts", async () => {
    const student = await joined("Hasty", "sk-proj-live-0123456789-hasty");
    for (let count = 1; count <= 11; count += 1) {
      expect((await room.post("/api/calls", {}, student.headers)).status).toBe(200);
    }
    // Those that nobody came to take no place away.
    const caller = new VoiceCaller(await prepareCall(room, student));
    await caller.begun();
    await caller.hangUp();
    const refused = await room.post("/api/calls", {}, student.headers);
    expect([refused.status, Object(await refused.json()).code]).toEqual([429, "too_many_requests"]);
  });
});
