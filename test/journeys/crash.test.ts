import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RelayClient } from "../standins/twilio.ts";
import { Carrier, newCallSid } from "./carrier.ts";
import { ended } from "./looks.ts";
import { eventually, Room } from "./room.ts";

const AUTH_TOKEN = "twilio-auth-token-of-the-tests";
const GREETING = "Hello, this is Juno.";
const CALLS = 20;
const PHONES = 8;
/** Phones whose carrier brings them back after the crash; nobody comes back to the others. */
const RETURNING = 4;

/** One caller: even numbers listen to a long answer when it happens, odd ones ask and are answered all the time. */
interface Caller {
  readonly number: number;
  readonly sessionToken: string;
  readonly callSid: string | undefined;
  readonly client: RelayClient;
}

let room: Room;
let carrier: Carrier;
beforeAll(async () => {
  room = await Room.open({ TWILIO_AUTH_TOKEN: AUTH_TOKEN });
  carrier = new Carrier(room, AUTH_TOKEN);
}, 120_000);
afterAll(() => room.close());

async function callIn(number: number): Promise<Caller> {
  const sessionToken = `ws_crash_${number}`;
  await room.save(sessionToken, { openaiApiKey: `sk-proj-crash-0123456789-${number}`, ivrGreeting: GREETING });
  const callSid = number < PHONES ? newCallSid() : undefined;
  const client = callSid
    ? await carrier.dial(await carrier.ring(sessionToken, callSid), callSid)
    : await room.call(sessionToken, undefined, { authorization: `Bearer ${sessionToken}` });
  await client.nextTurn();
  client.say(`What is 100 plus ${number}?`);
  await client.nextTurn();
  return { number, sessionToken, callSid, client };
}

const listens = ({ number }: Caller): boolean => number % 2 === 0;
const isBack = ({ number }: Caller): boolean => number < RETURNING;

/** Asks and is answered until the line goes dead; every answer is one of a kind. */
async function chat({ client, number }: Caller): Promise<void> {
  for (let round = 1; !client.isClosed; round += 1) {
    client.say(`What is ${1_000 * round} plus ${number}?`);
    await client.nextTurn().catch(() => undefined);
  }
}

const acknowledged = (client: RelayClient): string[] => client.turns.map(({ text }) => text);

describe("a server that dies in mid-sentence", () => {
  it("JOURNEY-19 keeps every acknowledged turn once, greets nobody twice, and leaves no call open", async () => {
    const callers = await Promise.all(Array.from({ length: CALLS }, (_, number) => callIn(number)));
    const chats = callers.filter((caller) => !listens(caller)).map(chat);
    for (const { client } of callers.filter(listens)) client.say("Tell me a story.");
    await eventually(
      () =>
        callers.every((caller) =>
          listens(caller) ? (caller.client.speaking?.text.length ?? 0) > 20 : caller.client.turns.length >= 4,
        ),
      "everybody to be in the middle of something",
    );
    expect(callers.filter(({ client }) => client.speaking).length).toBeGreaterThanOrEqual(CALLS / 2);
    await room.crash();
    await Promise.all([...chats, ...callers.map(({ client }) => client.closed)]);
    await room.start();

    for (const caller of callers.filter(isBack)) {
      const { sessionToken, callSid = "" } = caller;
      const again = await carrier.dial(await carrier.lost(sessionToken, callSid), callSid);
      // What was asked before the crash is answered now, without being asked again.
      if (listens(caller)) expect((await again.nextTurn()).text).toContain("lighthouse");
      again.say("What is 7 plus 70?");
      await eventually(() => acknowledged(again).includes("7 plus 70 is 77."), "an answer after the crash");
      expect(acknowledged(again)).not.toContain(GREETING);
      await again.hangUp();
    }

    for (const caller of callers) {
      const { sessionToken, client } = caller;
      const [call] = await ended(room, sessionToken, 1, 75_000);
      const said = call?.turns.filter(({ speaker }) => speaker === "agent").map(({ text }) => text) ?? [];
      const seen = acknowledged(client);
      expect(said.slice(0, seen.length)).toEqual(seen);
      expect(new Set(said).size).toBe(said.length);
      expect(said.filter((text) => text === GREETING)).toHaveLength(1);
      expect(call?.turns.map(({ seq }) => seq)).toEqual(call?.turns.map((_, at) => at + 1));
      expect(call?.end_reason).toBe(isBack(caller) ? "caller-left" : "lost");
      if (isBack(caller)) expect(said.at(-1)).toBe("7 plus 70 is 77.");
      // Kept, and then the crash came between the turn and its last frame.
      else expect(said.length - seen.length).toBeLessThanOrEqual(1);
    }
    const [count] = await room.sql("select count(*)::int as calls, count(ended_at)::int as ended from calls");
    expect(count).toEqual({ calls: CALLS, ended: CALLS });
  }, 240_000);
});
