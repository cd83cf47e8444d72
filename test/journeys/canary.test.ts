import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { placeCall } from "../standins/twilio.ts";
import { startWebhookStandin, type WebhookStandin } from "../standins/webhook.ts";
import { CanaryScanner, newCore } from "./canaries.ts";
import { hostileRequests, MONEY_REPLIES, ROLES, Traffic, troubles, WEBHOOKS } from "./canary-traffic.ts";
import { knockWith, preparedFor, talk, talkInAllWays, voiceTroubles } from "./canary-voice.ts";
import { archived, askedOfOpenAi, logged } from "./looks.ts";
import { eventually, Room } from "./room.ts";
import { sessionsOf, voiceFault } from "./voice-looks.ts";

const cores = {
  "student key": newCore(),
  "instructor key": newCore(),
  "service token": newCore(),
  "instructor token": newCore(),
  "Twilio token": newCore(),
};
const masterKey = randomBytes(32).toString("hex");
const keyWith = (word: string): string => `sk-proj-${word}-${cores["student key"]}`;
const secrets = {
  ENCRYPTION_KEY: masterKey,
  OPENAI_API_KEY: `sk-svcacct-${cores["instructor key"]}`,
  SERVICE_TOKEN: `service-${cores["service token"]}`,
  INSTRUCTOR_TOKEN: `instructor-${cores["instructor token"]}`,
  TWILIO_AUTH_TOKEN: cores["Twilio token"],
};
/** No secret of ours to the student, whose login it is; but neither a log, nor a webhook, nor OpenAI gets it. */
const sessionCore = newCore();
const whole = `ws_canary_${sessionCore}`;
const student = { authorization: `Bearer ${whole}` };
const service = { authorization: `Bearer ${secrets.SERVICE_TOKEN}` };
const instructor = { authorization: `Bearer ${secrets.INSTRUCTOR_TOKEN}` };

const Charged = z.object({ payer: z.string(), raw_usage: z.string().nullable() });

let webhooks: WebhookStandin;
let room: Room;
let traffic: Traffic;
beforeAll(async () => {
  webhooks = await startWebhookStandin({ bombBytes: 16 * 1024 * 1024 });
  room = await Room.open({ ...secrets, WEBHOOK_STANDIN_ORIGIN: webhooks.origin });
  traffic = new Traffic(room);
});
afterAll(async () => {
  await room.close();
  await webhooks.close();
});

/** One call: is greeted, says each line and waits for the answer, or for the end of the call. */
async function converse(sessionToken: string, lines: readonly string[]): Promise<void> {
  const client = await traffic.dial(`/ws/${sessionToken}`, { authorization: `Bearer ${sessionToken}` });
  for (const line of ["", ...lines]) {
    if (line !== "") client?.say(line);
    await client?.nextTurn(25_000).catch(() => undefined);
  }
  await client?.hangUp();
}

async function save(sessionToken: string, openaiApiKey: string, more: Record<string, unknown> = {}): Promise<void> {
  const body = { sessionToken, openaiApiKey, ivrGreeting: "Hello, this is Juno.", ...more };
  expect((await traffic.ask("POST /api/student-config-save", { body })).status).toBe(200);
}

async function callsThatFail(): Promise<void> {
  const failing = [
    ...ROLES.map((role) => ({ key: keyWith(role), fault: undefined })),
    ...troubles(keyWith("trouble")).map((fault, at) => ({ key: keyWith(`trouble-${at}`), fault })),
  ];
  const call = async ({ key, fault }: (typeof failing)[number], at: number): Promise<void> => {
    const sessionToken = `ws_canary_failing_${at}`;
    await save(sessionToken, key);
    if (fault) await room.fault({ ...fault, key });
    await converse(sessionToken, ["Tell me a joke, please.", "And now?"]);
  };
  await Promise.all(failing.map(call));
}

async function callsWithSoundThatFail(): Promise<void> {
  const failing = [
    ...ROLES.map((role) => ({ key: keyWith(`${role}-voice`), fault: undefined })),
    ...voiceTroubles(keyWith("voice")).map((fault, at) => ({ key: keyWith(`voice-${at}`), fault })),
  ];
  const call = async ({ key, fault }: (typeof failing)[number], at: number): Promise<void> => {
    const sessionToken = `ws_canary_voice_${at}`;
    await save(sessionToken, key);
    if (fault) await voiceFault(room, { ...fault, key });
    await talk(traffic, sessionToken);
  };
  await Promise.all(failing.map(call));
}

async function callWithTools(): Promise<string> {
  const tools = [
    ...WEBHOOKS.map((behaviour, at) => ({
      type: "function",
      function: { name: `hook_${at}`, webhook_url: webhooks.urlFor(behaviour) },
      timeoutMs: 400,
    })),
    { type: "function", function: { name: "mocked" }, mock: { reply: { ok: true } } },
    { type: "function", function: { name: "current_time" }, mode: "builtin", builtin: "current_time" },
  ];
  await save(whole, keyWith("whole"), { tools });
  const made = await traffic.ask("POST /api/me/webhook-secret", { ...student, exempt: true });
  const webhookSecret = String(JSON.parse(made.text).webhookSecret);
  webhooks.expectSecret(webhookSecret);
  for (const names of [tools.slice(0, 6), tools.slice(6)]) {
    const toolCalls = names.map((tool) => ({ name: tool.function.name, arguments: { question: "What?" } }));
    await room.fault({ kind: "answer", key: keyWith("whole"), toolCalls });
    await converse(whole, ["Use your tools."]);
  }
  const names = tools.slice(0, 8).map((tool) => tool.function.name);
  await talkInAllWays(room, traffic, whole, keyWith("whole"), names, Object.values(secrets));
  return webhookSecret;
}

async function everyRoute(): Promise<void> {
  await traffic.ask("POST /api/join", { body: { joinCode: room.endpoints.joinCode, name: "Ada" } });
  await traffic.ask("PATCH /api/me", { ...student, body: { prompt: "You are Juno.", name: "Ada" } });
  for (const word of ["replaced", "rejected", "nocredit"]) {
    await traffic.ask("PUT /api/me/key", { ...student, body: { openaiApiKey: keyWith(word) } });
  }
  const [call] = await archived(room, whole);
  for (const path of ["/api/me", "/api/me/calls", `/api/me/calls/${call?.id}`, "/healthz", "/openapi.json", "/docs"]) {
    expect((await traffic.ask(`GET ${path}`, student)).status).toBe(200);
  }
  const bill = await traffic.ask(`GET /api/me/calls/${call?.id}`, student);
  expect(JSON.parse(bill.text).bill.lines.length).toBeGreaterThan(0);
  const settings = `GET /api/get-student-ai-settings?sessionToken=${whole}`;
  for (const authorization of ["", "Bearer wrong", student.authorization, `Bearer ${secrets.INSTRUCTOR_TOKEN}`]) {
    expect((await traffic.ask(settings, { authorization })).status).toBe(401);
  }
  for (const [at, secret] of [...Object.values(secrets), keyWith("hostile")].entries()) {
    const bearer = { authorization: `Bearer ${secret}` };
    for (const [request, init] of hostileRequests(secret, student, instructor)) {
      // To the holder of the service token this route says again whose settings were asked for: here, the token's own.
      const exempt = init.authorization === service.authorization && request.includes("/api/get-student-ai-settings");
      await traffic.ask(request, { ...init, exempt });
    }
    await traffic.dial("/ws/ws_canary_failing_0", bearer);
    await traffic.dial(`/ws?sessionToken=${secret}`, bearer);
    const client = await traffic.dial(`/ws/${whole}`, student);
    for (const frame of [secret, `{"type":"${secret}`, `{"type":"prompt","voicePrompt":${secret}}`])
      client?.send(frame);
    await eventually(() => (client?.errors.length ?? 0) >= 3, "three refused frames");
    await client?.hangUp();
    // Somebody else's: a call that nobody comes to is one of two for half a minute.
    await knockWith(traffic, await preparedFor(traffic, `ws_canary_voice_${at}`), secret);
  }
  const phone = await placeCall({ origin: room.url, authToken: secrets.TWILIO_AUTH_TOKEN, sessionToken: whole });
  await phone.waitForTurn();
  await phone.hangUp();
  traffic.seen.push(...phone.frames.map(({ text }) => ({ where: "phone", text })));
  await traffic.ask("DELETE /api/me/key", student);
  await converse(whole, ["Who pays now?"]);
  await talk(traffic, whole);
}

describe("planted secrets", () => {
  it("JOURNEY-21 are found by the search in every form, and their last four characters are not", () => {
    const folder = mkdtempSync(join(tmpdir(), "canaries-"));
    try {
      const core = newCore();
      const scanner = new CanaryScanner({ planted: core });
      const piece = core.slice(11, 19);
      const planted: Record<string, string> = {
        raw: `some text ${piece} and more`,
        "utf-16": Buffer.from(piece, "utf16le").toString("latin1"),
        hex: Buffer.from(piece).toString("hex"),
        "hex upper": Buffer.from(piece).toString("hex").toUpperCase(),
        percent: Buffer.from(piece).toString("hex").replace(/../g, "%$&"),
        "base64 0": Buffer.from(`${piece}ab`).toString("base64"),
        "base64 1": Buffer.from(`x${piece}ab`).toString("base64"),
        "base64 2": Buffer.from(`xy${piece}ab`).toString("base64url"),
      };
      for (const [form, text] of Object.entries(planted)) {
        writeFileSync(join(folder, "planted"), `${randomBytes(1_000).toString("latin1")}${text}`);
        const [finding, ...others] = scanner.findInFiles(folder);
        expect([form, others.length]).toEqual([form, 0]);
        expect(finding).toEqual({ where: "planted", canary: "planted", form: form.split(" ")[0] });
      }
      writeFileSync(join(folder, "planted"), `ends in ${core.slice(-4)}, ${core.slice(3, 10)}`);
      expect(scanner.findInFiles(folder)).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("JOURNEY-22 leave the server in no reply, frame, log line, webhook, request, row or file", async () => {
    const webhookSecret = await callWithTools();
    await Promise.all([callsThatFail(), callsWithSoundThatFail()]);
    await eventually(async () => (await archived(room, whole)).length === 3, "the calls with tools to be archived");
    await everyRoute();
    await webhooks.settled();
    await eventually(
      async () => (await room.sql("select 1 from calls where ended_at is null")).length === 0,
      "all calls to be archived",
    );
    const scanner = new CanaryScanner({
      ...cores,
      "master key": masterKey,
      "master key's bytes": Buffer.from(masterKey, "hex"),
      "webhook secret": webhookSecret.replace("whsec_", ""),
      "webhook secret's bytes": Buffer.from(webhookSecret.replace("whsec_", ""), "base64"),
    });
    const sessionScanner = new CanaryScanner({ "session token": sessionCore });

    // It really was everywhere where it should have been.
    const settings = await traffic.ask(`GET /api/get-student-ai-settings?sessionToken=ws_canary_failing_0`, {
      ...service,
      exempt: true,
    });
    expect(scanner.find("settings", settings.text)).toMatchObject([{ canary: "student key", form: "raw" }]);
    const asked = await askedOfOpenAi(room);
    expect(asked.some(({ key }) => key === secrets.OPENAI_API_KEY)).toBe(true);
    expect(asked.filter(({ key }) => key.includes(cores["student key"])).length).toBeGreaterThan(25);
    const sessions = await sessionsOf(room);
    expect(sessions.some(({ key }) => key === secrets.OPENAI_API_KEY)).toBe(true);
    expect(new Set(sessions.map(({ key }) => key).filter((key) => key.includes(cores["student key"]))).size).toBe(
      1 + ROLES.length + voiceTroubles("").length,
    );
    expect(logged(room, "voice-lost").length).toBeGreaterThan(8);
    expect(webhooks.calls().map(({ signature }) => signature)).toEqual(webhooks.calls().map(() => "valid"));
    expect(new Set(webhooks.calls().map(({ path }) => path)).size).toBe(WEBHOOKS.length);
    expect(logged(room, "upstream-failed").length).toBeGreaterThan(15);

    // The console's address with its token is what `npm run dev` prints for its one reader, and no line of the Worker's.
    const isConsole = (line: string): boolean => line.startsWith("    console     http");
    expect(room.log.filter(isConsole)).toHaveLength(1);
    const log = room.log.filter((line) => !isConsole(line)).join("\n");
    const tables = await room.sql("select table_name from information_schema.tables where table_schema = 'public'");
    expect(tables.map(({ table_name }) => table_name)).toContain("charges");
    const rows = await Promise.all(tables.map(({ table_name }) => room.sql(`select * from "${table_name}"`)));
    const ledger = z.array(Charged).parse(await room.sql("select * from charges"));
    expect(new Set(ledger.map(({ payer }) => payer))).toEqual(new Set(["student", "instructor"]));
    expect(ledger.filter(({ raw_usage }) => raw_usage !== null).length).toBeGreaterThan(10);
    const money = await Promise.all(
      MONEY_REPLIES.map(async (path) => {
        const { status, text } = await traffic.ask(`GET ${path}`, instructor);
        expect(status).toBe(200);
        return { where: path, text };
      }),
    );
    const bodies = (await room.journal()).map(({ key, ...entry }) => entry);
    const told = sessions.map(({ key, ...session }) => session);
    const outside = [
      { where: "log", text: log },
      { where: "webhooks", text: JSON.stringify(webhooks.calls()) },
      { where: "requests to OpenAI", text: JSON.stringify(bodies) },
      { where: "sessions with OpenAI", text: JSON.stringify(told) },
      ...money,
    ];
    const everything = [...traffic.seen, ...outside, { where: "Postgres", text: JSON.stringify(rows) }];
    expect(everything.flatMap(({ where, text }) => scanner.find(where, text))).toEqual([]);
    expect(outside.flatMap(({ where, text }) => sessionScanner.find(where, text))).toEqual([]);

    // Not stopped but killed: what is still in a write-ahead log stays there.
    await room.crash();
    expect(scanner.findInFiles(room.dataDir)).toEqual([]);
    const files = sessionScanner.findInFiles(room.dataDir).map(({ where }) => where.split("/")[0]);
    expect(new Set(files)).toEqual(new Set(["objects", "postgres"]));
    // Wrangler would write every variable into its log file; it writes none.
    expect(existsSync(join(room.dataDir, "wrangler"))).toBe(false);
  }, 240_000);

  it("JOURNEY-23 are not shown by a server that cannot read one of them", async () => {
    const broken = newCore();
    const unready = await Room.open({ ENCRYPTION_KEY: broken });
    try {
      const scanner = new CanaryScanner({ broken });
      const quiet = new Traffic(unready);
      for (const request of [
        "GET /healthz",
        "GET /api/me",
        "POST /api/join",
        "POST /twilio/voice/ws_1",
        "GET /ws/ws_1",
      ]) {
        const { status, text } = await quiet.ask(request);
        expect(status === 503 ? JSON.parse(text).variable : text).toMatch(/ENCRYPTION_KEY|not set up correctly/);
      }
      const said = [...quiet.seen, { where: "log", text: unready.log.join("\n") }];
      expect(said.flatMap(({ where, text }) => scanner.find(where, text))).toEqual([]);
    } finally {
      await unready.close();
    }
  });
});
