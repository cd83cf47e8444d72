import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { eventually, Room } from "./room.ts";

const KEY = "sk-proj-student-0123456789abcdef";
const FALLBACK = "sk-proj-instructor-fallback-01";
const FIXTURES = join(import.meta.dirname, "../../../shared/fixtures/legacy-sealed-keys.json");
const Fixture = z.object({
  masterKeyHex: z.string(),
  readable: z.array(z.object({ sessionToken: z.string(), sealed: z.string(), plaintext: z.string() })),
  refused: z.array(z.object({ why: z.string(), sealed: z.string() })),
});

let room: Room;
beforeAll(async () => {
  room = await Room.open({ OPENAI_API_KEY: FALLBACK });
});
afterAll(() => room.close());

/** The keys of the requests that reached OpenAI since the last look. */
async function keysUsed(): Promise<unknown[]> {
  const entries = await room.journal();
  await fetch(new URL("/standin/journal", room.endpoints.openaiBaseUrl), { method: "DELETE" });
  return entries.filter(({ path }) => path === "/v1/responses").map(({ key }) => key);
}

async function ask(token: string, path?: string): Promise<string> {
  const call = await room.call(token, path);
  try {
    call.say("Are you there?");
    return (await call.nextTurn()).text;
  } finally {
    await call.hangUp();
  }
}

/** Four of the recorded keys have letters that no HTTP header can carry: they open, and must be entered again. */
const isSendable = (key: string): boolean => /^[\x21-\x7e]+$/.test(key);

describe("what worked with the deployment before", () => {
  it("JOURNEY-1 saves a key, seals it, and answers on it under both addresses", async () => {
    const saved = await room.save("test_session_123", { studentEmail: "ada@example.com", openaiApiKey: KEY });
    expect(saved).toMatchObject({
      success: true,
      websocketUrl: `ws://127.0.0.1:${room.port}/ws/test_session_123`,
      openai: { status: "connected", hint: "cdef" },
    });
    const [row] = await room.sql("select * from student_configs where session_token = $1", ["test_session_123"]);
    expect(row?.openai_api_key).toMatch(/^v2:[0-9a-f]{8}:[A-Za-z0-9+/=]{16}:[A-Za-z0-9+/=]{24}:[A-Za-z0-9+/=]+$/);
    expect(JSON.stringify(row)).not.toContain(KEY);

    await keysUsed();
    expect(await ask("test_session_123")).not.toBe("");
    expect(await ask("test_session_123", "/ws?sessionToken=test_session_123")).not.toBe("");
    expect(await keysUsed()).toEqual([KEY, KEY]);
    expect(room.log.join("\n")).toContain("Using student's OpenAI API key");
  });

  it("JOURNEY-2 answers a student without a key on the instructor's, and says so in the log", async () => {
    await room.save("test_session_nokey", { studentName: "Bob" });
    await keysUsed();
    expect(await ask("test_session_nokey")).not.toBe("");
    expect(await keysUsed()).toEqual([FALLBACK]);
    expect(room.log.join("\n")).toContain("Using instructor's OpenAI API key (fallback)");
  });

  it("JOURNEY-3 leaves the key as it was when only the prompt is saved, and forgets it on null", async () => {
    const keyOf = async () =>
      (await room.sql("select openai_api_key from student_configs where session_token = 'test_session_123'"))[0];
    const before = await keyOf();
    await room.save("test_session_123", { systemPrompt: "You are Juno." });
    expect(await keyOf()).toEqual(before);
    await room.save("test_session_123", { openaiApiKey: null });
    expect(await keyOf()).toEqual({ openai_api_key: null });
  });

  it("JOURNEY-4 gives a key to the holder of the service token and to nobody else", async () => {
    await room.save("test_session_service", {
      openaiApiKey: KEY,
      ivrGreeting: "Hello from Juno",
      selectedVoice: "cedar",
    });
    const ask = (authorization?: string, token = "test_session_service") =>
      fetch(`${room.url}/api/get-student-ai-settings?sessionToken=${token}`, {
        headers: authorization ? { authorization } : {},
      });
    const reply = await ask("Bearer service-token-of-the-tests");
    expect(await reply.json()).toMatchObject({
      success: true,
      settings: {
        sessionToken: "test_session_service",
        openaiApiKey: KEY,
        greeting: "Hello from Juno",
        voice: "cedar",
      },
      isDefault: false,
    });
    for (const other of [
      undefined,
      "Bearer wrong",
      "Bearer instructor-token-of-the-tests",
      "Bearer test_session_service",
    ]) {
      const refused = await ask(other);
      expect(refused.status).toBe(401);
      expect(await refused.text()).not.toContain(KEY);
    }
    expect(await (await ask("Bearer service-token-of-the-tests", "nobody")).json()).toMatchObject({
      isDefault: true,
      settings: { openaiApiKey: null },
    });
  });

  it("JOURNEY-5 opens every key it sealed, seals it anew on use, and refuses what is none", async () => {
    const { masterKeyHex, readable, refused } = Fixture.parse(JSON.parse(readFileSync(FIXTURES, "utf8")));
    const old = await Room.open({ ENCRYPTION_KEY: masterKeyHex, OPENAI_API_KEY: "" });
    try {
      const rows = [...readable, ...refused.map(({ sealed }, at) => ({ sessionToken: `ws_refused_${at}`, sealed }))];
      for (const { sessionToken, sealed } of rows) {
        await old.sql("insert into student_configs (session_token, openai_api_key) values ($1, $2)", [
          sessionToken,
          sealed,
        ]);
      }
      for (const { sessionToken, plaintext } of readable) {
        const call = await old.call(sessionToken);
        if (isSendable(plaintext)) {
          call.say("Hi");
          expect((await call.nextTurn()).text).not.toBe("");
          await call.hangUp();
          expect((await old.journal(plaintext)).some(({ path }) => path === "/v1/responses")).toBe(true);
        } else {
          expect((await call.closed).code).toBe(4001);
        }
        await eventually(async () => {
          const [row] = await old.sql("select openai_api_key from student_configs where session_token = $1", [
            sessionToken,
          ]);
          return String(row?.openai_api_key).startsWith("v2:");
        }, `${sessionToken} to be sealed anew`);
      }
      const errors = new Set<string>();
      for (const at of refused.keys()) {
        const call = await old.call(`ws_refused_${at}`);
        const closed = await call.closed;
        expect(closed.code).toBe(4001);
        errors.add(JSON.stringify(call.errors));
      }
      expect([...errors]).toHaveLength(1);
      expect([...errors][0]).toContain("key_unreadable");
    } finally {
      await old.close();
    }
  });

  it("JOURNEY-6 tells a student without any key so, and closes", async () => {
    const poor = await Room.open({ OPENAI_API_KEY: "" });
    try {
      await poor.save("test_session_poor");
      const call = await poor.call("test_session_poor");
      expect(await call.closed).toMatchObject({ code: 4001 });
      expect(call.errors).toEqual([
        { code: "no_key", sentence: "No OpenAI API key configured. Please add your key in the workshop settings." },
      ]);
      expect(poor.log.join("\n")).toContain("No OpenAI API key available");
    } finally {
      await poor.close();
    }
  });
});
