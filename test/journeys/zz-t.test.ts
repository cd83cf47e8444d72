import { Buffer } from "node:buffer";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { factsOf, type Reason } from "../../src/failure.ts";
import { CALL_PROTOCOL } from "../../src/protocol/call-messages.ts";
import { spokenPath } from "../../src/protocol/spoken-name.ts";
import { loadMasterKeys, type MasterKeys } from "../../src/vault/master-keys.ts";
import { mintTicket, readTicket, type TicketClaims } from "../../src/vault/ticket.ts";
import { type MediaStream, signTwilioRequest } from "../standins/twilio.ts";
import { newCallSid, socketUrlIn } from "./carrier.ts";
import { archived, logged, objectsIn } from "./looks.ts";
import { eventually } from "./room.ts";
import { callerSpeech, hears, levelDb, MASTER_KEY, PhoneRoom, says, sentBy, TWILIO_AUTH_TOKEN } from "./sound-phone.ts";
import { prepareCall, type VoiceStudent } from "./voice-looks.ts";

const GREETING = "Hello, this is Juno.";
const ADA = "Nice to meet you, Ada. What can I do for you?";
const COUNT = "One, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen, fourteen.";
const FIVE = "2 plus 3 is 5.";
const LOST = "I'm sorry, the connection was lost. Please call again. Goodbye.";

let place: PhoneRoom;
let keys: MasterKeys;
beforeAll(async () => {
  place = await PhoneRoom.open();
  keys = await loadMasterKeys(MASTER_KEY, []);
  await callerSpeech("Stop.");
});
afterAll(() => place.close());

/** A phone whose stream is open, and the TwiML that opened it. */
interface Rung {
  readonly student: VoiceStudent;
  readonly callSid: string;
  readonly twiml: string;
}

async function ring(name: string): Promise<Rung> {
  const student = await place.student(name);
  const callSid = newCallSid();
  return { student, callSid, twiml: await place.carrier.ring(student.sessionToken, callSid) };
}

const addressOf = (twiml: string): string => socketUrlIn(twiml).replace("wss:", "ws:");
const ticketIn = (twiml: string): string => socketUrlIn(twiml).split("/").at(-1) ?? "";
const at = (ticket: string): string => `${place.room.url.replace("http", "wss")}/media/${ticket}`;
const signedFor = (wss: string, authToken = TWILIO_AUTH_TOKEN): Record<string, string> => ({
  "x-twilio-signature": signTwilioRequest(authToken, wss),
});

/** The status that a handshake is answered with: 101 when it succeeds. */
async function statusOf(url: string, headers: Record<string, string> = {}, protocols: string[] = []): Promise<number> {
  const socket = new WebSocket(url, protocols, { headers, perMessageDeflate: false });
  return new Promise((answer, failed) => {
    socket.once("open", () => {
      socket.close();
      answer(101);
    });
    socket.once("unexpected-response", (request, response) => {
      request.destroy();
      answer(response.statusCode ?? 0);
    });
    socket.once("error", failed);
  });
}

/** A socket of Media Streams that has not said anything yet. */
async function silentSocket({ twiml }: Rung): Promise<WebSocket> {
  const socket = new WebSocket(addressOf(twiml), { headers: signedFor(socketUrlIn(twiml)), perMessageDeflate: false });
  await once(socket, "open");
  return socket;
}

const media = (streamSid: string, mulaw: Buffer): string =>
  JSON.stringify({ event: "media", streamSid, media: { track: "inbound", payload: mulaw.toString("base64") } });

const LOUD = Buffer.alloc(160, Buffer.from([0x00, 0x80]));

/** All that OpenAI heard in the only session of a student is what one stream has sent, and nothing else. */
async function isUnchanged(student: VoiceStudent, stream: MediaStream): Promise<void> {
  const session = place.session(student);
  const sent = sentBy(stream);
  await place.untilHeard(session, sent.length);
  expect(place.heardIn(session).subarray(0, sent.length).equals(sent)).toBe(true);
}

/** Somebody in another call, who asks and is answered until the end of something. */
async function meanwhile(name: string, something: () => Promise<void>): Promise<void> {
  const student = await place.student(name);
  const caller = await place.call(student);
  let isOver = false;
  const over = something().finally(() => {
    isOver = true;
  });
  // Thrown where it is awaited.
  over.catch(() => {});
  let rounds = 0;
  do {
    rounds += 1;
    await caller.ask(`What is ${rounds} plus 1?`, `${rounds} plus 1 is ${rounds + 1}.`);
  } while (!isOver);
  await over;
  const { stream } = caller;
  await isUnchanged(student, stream);
  expect([stream.clears, stream.problems, stream.echoed]).toEqual([[], [], stream.marks]);
  const record = await caller.hangUp();
  expect(record.turns).toHaveLength(2 * rounds);
}

describe("a handshake that is not Twilio's, or not in time", () => {
  it("MJOURNEY-9 is refused with 403, wakes no object, and uses up no ticket", async () => {
    const rung = await ring("forged");
    const { twiml, student, callSid } = rung;
    const browser = await prepareCall(place.room, student);
    const wss = socketUrlIn(twiml);
    const [url, ticket] = [addressOf(twiml), ticketIn(twiml)];
    const claims = await readTicket(keys, ticket, Date.now());
    if (!claims) throw new Error("no ticket of ours");
    const minted = (changes: Partial<TicketClaims>): Promise<string> => mintTicket(keys, { ...claims, ...changes });
    const unknown = { callId: "0123456789abcdefghjkmnpqrs", id: "0123456789abcdefghjkmnpqrs" };
    const expired = at(await minted({ ...unknown, expiresAtMs: Date.now() - 1 }));
    const nobodys = at(await minted({ ...unknown, phoneCallId: null }));
    const altered = at(`${ticket.slice(0, -4)}AAAA`);
    const before = objectsIn(place.room, "CallObject");
    const started = logged(place.room, "call-start");

    const handshakes: Record<string, () => Promise<number>> = {
      unsigned: () => statusOf(url),
      "signed by another account": () => statusOf(url, signedFor(wss, "another-auth-token")),
      "signed for https": () => statusOf(url, signedFor(wss.replace("wss:", "https:"))),
      "signed for another ticket": () => statusOf(url, signedFor(altered)),
      "from a page of another site": () => statusOf(url, { ...signedFor(wss), origin: "https://evil.example" }),
      "a ticket that was altered": () => statusOf(altered.replace("wss:", "ws:"), signedFor(altered)),
      "a ticket that is too old": () => statusOf(expired.replace("wss:", "ws:"), signedFor(expired)),
      "a ticket without a phone": () => statusOf(nobodys.replace("wss:", "ws:"), signedFor(nobodys)),
      "no ticket": () => statusOf(at("").replace("wss:", "ws:"), signedFor(at(""))),
      "the ticket of a browser": () => {
        const own = at(browser.ticket);
        return statusOf(own.replace("wss:", "ws:"), signedFor(own));
      },
      "the ticket of a phone at a browser's address": () =>
        statusOf(`${place.room.url.replace("http", "ws")}/call/${claims.callId}`, {}, [CALL_PROTOCOL, ticket]),
    };
    for (const [what, handshake] of Object.entries(handshakes)) {
      expect([what, await handshake()]).toEqual([what, 403]);
    }
    expect(objectsIn(place.room, "CallObject")).toEqual(before);
    expect(logged(place.room, "call-start")).toEqual(started);

    // The ring woke one, which shows that it would have been seen; and its ticket is as good as before.
    expect(before).toHaveLength(2);
    expect(started.at(-1)).toMatchObject({ wayIn: "browser" });
    const stream = await place.stream(twiml, callSid);
    await says(place, student, stream, "What is two plus three?");
    await hears(place, student, stream, FIVE);
    await stream.hangUp();
  });
});

describe.concurrent("a phone call with sound in trouble", () => {
  it("MJOURNEY-10 lets a ticket in once, and for its own phone call only", async () => {
    await meanwhile("witness_tickets", async () => {
      const { student, callSid, twiml } = await ring("replayed");
      const stream = await place.stream(twiml, callSid);
      const replayed = await place.stream(twiml, callSid);
      expect(await replayed.closed).toMatchObject({ code: 1008 });
      expect(replayed.received).toEqual([]);
      await says(place, student, stream, "What is two plus three?");
      await hears(place, student, stream, FIVE);
      await isUnchanged(student, stream);
      await stream.hangUp();
      expect((await place.record(student)).call).toMatchObject({ endReason: "caller-left" });
      expect((await (await place.stream(twiml, callSid)).closed).code).toBe(1008);
      expect(place.sessions(student)).toHaveLength(1);

      const other = await ring("other_phone");
      const foreign = await place.stream(other.twiml, newCallSid());
      expect((await foreign.closed).code).toBe(1008);
      expect(foreign.received).toEqual([]);
      expect(place.sessions(other.student)).toEqual([]);
    });
  });

  it("MJOURNEY-11 passes over what is no frame of its stream, and closes the socket on more of it", async () => {
    await meanwhile("witness_frames", async () => {
      const odd = await ring("odd_frames");
      const stream = await place.stream(odd.twiml, odd.callSid);
      const nine = (frame: string | Uint8Array): void => {
        for (let sent = 0; sent < 9; sent += 1) stream.sendRaw(frame);
      };
      const said = says(place, odd.student, stream, "What is two plus three?");
      for (const frame of [new Uint8Array(320), media(newCallSid(), LOUD), "{", "[".repeat(60_000)]) {
        nine(frame);
        await nextFrame(stream);
      }
      await said;
      await hears(place, odd.student, stream, FIVE);
      await isUnchanged(odd.student, stream);
      for (let sent = 0; sent < 10; sent += 1) stream.sendRaw(media(newCallSid(), LOUD));
      expect((await stream.closed).code).toBe(1008);
      expect((await place.record(odd.student)).call.endReason).toBe("policy");

      const large = await ring("large_frame");
      const heavy = await place.stream(large.twiml, large.callSid);
      heavy.sendRaw(" ".repeat(64 * 1024 + 1));
      expect((await heavy.closed).code).toBe(1009);
      expect((await place.record(large.student)).call.endReason).toBe("policy");
    });
  });

  it("MJOURNEY-12 does not hear what comes before the stream has begun", async () => {
    const early = await ring("early_media");
    const socket = await silentSocket(early);
    const streamSid = `MZ${newCallSid().slice(2)}`;
    for (let sent = 0; sent < 5; sent += 1) socket.send(media(streamSid, LOUD));
    const mediaFormat = { encoding: "audio/x-mulaw", sampleRate: 8_000, channels: 1 };
    const start = { streamSid, callSid: early.callSid, tracks: ["inbound"], mediaFormat };
    socket.send(JSON.stringify({ event: "start", sequenceNumber: "1", streamSid, start }));
    const silence = Buffer.alloc(160, 0xff);
    for (let sent = 0; sent < 5; sent += 1) socket.send(media(streamSid, silence));
    const session = await place.openai.realtime.until(
      (sessions) =>
        sessions.find(({ key, audioIn }) => key === early.student.key && audioIn.bytes >= 5 * silence.length),
      "what comes after it",
    );
    expect(place.heardIn(session)).toEqual(Buffer.alloc(5 * silence.length, 0xff));
    socket.send(JSON.stringify({ event: "stop", streamSid, stop: {} }));
    expect((await place.record(early.student)).call.endReason).toBe("caller-left");
    socket.close();
  });

  it("MJOURNEY-13 says in a recorded sentence that a key is refused or its account empty, and dials once", async () => {
    const failures: readonly (readonly [keyWord: string, Reason])[] = [
      ["rejected", "key_rejected"],
      ["nocredit", "no_credit"],
    ];
    await Promise.all(
      failures.map(async ([keyWord, reason]) => {
        const student = await place.student(keyWord, { ivrGreeting: GREETING }, keyWord);
        const { phone } = await place.call(student);
        const stream = await phone.waitForStream();
        const { code } = await stream.closed;
        const { spoken = "", closeCode } = factsOf(reason);
        expect(code).toBe(closeCode);
        expect(stream.heardMulaw.equals(readFileSync(join("src/web/public", spokenPath(spoken))))).toBe(true);
        expect(levelDb(stream.heardMulaw)).toBeGreaterThan(-30);
        expect(stream.echoed).toEqual(stream.marks);
        await phone.over;
        expect(phone.redirects.map(({ verbs }) => verbs)).toEqual([[]]);
        expect([phone.streams.length, phone.spoken]).toEqual([1, []]);
        const record = await place.record(student);
        expect(record.call).toMatchObject({ endReason: "key-failed", keySource: "student", usage: { responses: 0 } });
        expect(record.turns.map(({ text, failure }) => [text, failure])).toEqual([[spoken, reason]]);
        expect(place.sessions(student)).toHaveLength(1);
      }),
    );
  });

  it("MJOURNEY-14 comes back to its call twice after a lost socket, and hears a goodbye the third time", async () => {
    const student = await place.student("resumed", { ivrGreeting: GREETING });
    const caller = await place.call(student);
    await caller.hears(GREETING);
    await caller.ask("My name is Ada.", ADA);
    await caller.phone.drop();
    await caller.ask("What is my name?", "Your name is Ada.");
    place.openai.realtime.fault({ kind: "answer", text: COUNT, key: student.key });
    const { heardMs } = caller.stream;
    await caller.say("Count, please.");
    await caller.stream.untilHeard(heardMs + 1_000);
    await caller.phone.drop();
    await caller.ask("What is my name?", "Your name is Ada.");
    await caller.phone.drop();
    const { phone } = caller;
    expect([phone.isOver, phone.streams.length, phone.spoken]).toEqual([true, 3, [LOST]]);
    expect(phone.errors).toEqual(["31921", "31921", "31921"]);
    expect(phone.streams.flatMap(({ problems }) => problems)).toEqual([]);

    const session = place.session(student);
    expect(session.responses.filter(({ instructions }) => instructions?.includes(GREETING))).toHaveLength(1);
    const said = ["agent", "caller", "agent", "caller", "agent", "caller", "agent", "caller", "agent"];
    const turns = await eventually(async () => {
      const [call, ...others] = await archived(place.room, student.sessionToken);
      expect(others).toEqual([]);
      return call?.turns.length === said.length && call.turns.at(-1)?.text === "Your name is Ada." && call.turns;
    }, "nine turns in Postgres");
    expect(turns.map(({ speaker }) => speaker)).toEqual(said);
    const cut = turns[6];
    expect(cut?.text.startsWith(cut.heard_text ?? "?")).toBe(true);
    expect(cut?.heard_text?.length).toBeLessThan(cut?.text.length ?? 0);
    expect(session.truncations).toMatchObject([{ isRefused: false }]);
  });
});

describe("a server that dies in mid-sentence", () => {
  it("MJOURNEY-15 goes on in the same call, answers what was asked before, and greets nobody twice", async () => {
    const student = await place.student("crashed", { ivrGreeting: GREETING });
    const callSid = newCallSid();
    const before = await place.stream(await place.carrier.ring(student.sessionToken, callSid), callSid);
    await hears(place, student, before, GREETING);
    await says(place, student, before, "My name is Ada.");
    await hears(place, student, before, ADA);
    place.openai.realtime.fault({ kind: "answer", text: COUNT, key: student.key });
    const { heardMs } = before;
    await says(place, student, before, "What is two plus three?");
    await before.untilHeard(heardMs + 1_000);
    await place.room.crash();
    expect((await before.closed).code).toBe(1006);
    await place.room.start(); const t0 = performance.now(); const tw = await place.carrier.lost(student.sessionToken, callSid); console.log("T lost", performance.now() - t0); 

    const after = await place.stream(tw, callSid); console.log("T streamed", performance.now() - t0);
    await hears(place, student, after, FIVE);
    await says(place, student, after, "What is my name?");
    await hears(place, student, after, "Your name is Ada.");
    await after.hangUp(); console.log(place.room.log.slice(-40).join("\n"));
    const { call, turns } = await place.record(student);
    expect(call).toMatchObject({ wayIn: "media-streams", endReason: "caller-left" });
    expect(turns.map(({ text }) => text).filter((text) => text === GREETING)).toHaveLength(1);
    expect(turns.at(-1)?.text).toBe("Your name is Ada.");
    const [first, second, ...more] = place.sessions(student);
    expect(more).toEqual([]);
    expect(first?.closed?.by).toBe("network");
    expect(second?.responses.filter(({ instructions }) => instructions?.includes(GREETING))).toEqual([]);
    expect(second?.items.filter(({ by }) => by === "client").map(({ text }) => text)).toContain("My name is Ada.");
  });
});

/** Until the phone has sent one more frame of its own. */
async function nextFrame(stream: MediaStream): Promise<void> {
  const { length } = stream.sent;
  await stream.until(() => stream.sent.length > length || undefined, "a frame");
}
