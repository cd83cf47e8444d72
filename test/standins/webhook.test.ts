import { connect } from "node:net";
import { gunzipSync } from "node:zlib";
import { Webhook } from "standardwebhooks";
import { afterEach, describe, expect, it } from "vitest";
import { ManualClock } from "./clock.ts";
import { startWebhookStandin, type WebhookStandin, type WebhookStandinOptions } from "./webhook.ts";

const SECRET = `whsec_${Buffer.from("a secret of at least 24 bytes").toString("base64")}`;
const BODY = JSON.stringify({ tool: "look_up", arguments: { q: "Grüße" } });

const standins: WebhookStandin[] = [];
const start = async (options: WebhookStandinOptions = {}): Promise<WebhookStandin> => {
  const standin = await startWebhookStandin(options);
  standins.push(standin);
  return standin;
};
afterEach(() => Promise.all(standins.splice(0).map((standin) => standin.close())));

const post = (url: string, headers: Record<string, string> = {}, signal?: AbortSignal) =>
  fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: BODY,
    redirect: "manual",
    ...(signal === undefined ? {} : { signal }),
  });

/** The headers of Standard Webhooks, made by its library. */
const signed = (secret: string, atMs = Date.now(), body = BODY): Record<string, string> => ({
  "webhook-id": "msg_1",
  "webhook-timestamp": String(Math.floor(atMs / 1_000)),
  "webhook-signature": new Webhook(secret).sign("msg_1", new Date(atMs), body),
});

describe("how it behaves", () => {
  it("STANDIN-14 answers with what it got", async () => {
    const standin = await start();
    const reply = await post(standin.urlFor("ok"));
    expect([reply.status, await reply.json()]).toEqual([200, { ok: true, received: JSON.parse(BODY) }]);
  });

  it("STANDIN-14 answers with the status asked for, 410 and redirects to a metadata service included", async () => {
    const standin = await start();
    expect((await post(standin.urlFor("status/503"))).status).toBe(503);
    expect((await post(standin.urlFor("status/204"))).status).toBe(204);
    expect((await post(standin.urlFor("gone"))).status).toBe(410);
    const redirect = await post(standin.urlFor("redirect"));
    expect(redirect.status).toBe(302);
    expect(redirect.headers.get("location")).toMatch(/^http:\/\/169\.254\.169\.254\//);
    expect((await post(`${standin.origin}/unheard-of`)).status).toBe(404);
    expect((await post(`${standin.origin}/status/99`)).status).toBe(400);
    expect((await post(`${standin.origin}/ok?lang=en`)).status).toBe(200);
  });

  it("STANDIN-14 answers late by the milliseconds of its path", async () => {
    const clock = new ManualClock();
    const standin = await start({ clock });
    const arrival = standin.nextCall();
    const reply = post(standin.urlFor("slow/1500"));
    await arrival;
    expect(clock.dueMs).toEqual([1_500]);
    clock.advance(1_500);
    expect(await (await reply).json()).toEqual({ ok: true, afterMs: 1_500 });
  });

  it("STANDIN-14 hangs until the client has had enough", async () => {
    const standin = await start();
    const leaving = new AbortController();
    const arrival = standin.nextCall();
    const reply = post(standin.urlFor("hang"), {}, leaving.signal);
    await arrival;
    leaving.abort();
    await expect(reply).rejects.toThrow();
    await standin.settled();
    expect(standin.calls()).toMatchObject([{ path: "/hang", aborted: true }]);
  });

  it("STANDIN-14 drips a byte every 200 ms and stops when the client goes", async () => {
    const clock = new ManualClock();
    const standin = await start({ clock });
    const leaving = new AbortController();
    const reply = await post(standin.urlFor("drip"), {}, leaving.signal);
    const reader = (reply.body ?? new ReadableStream<Uint8Array>()).getReader();
    for (let drops = 1; drops <= 3; drops += 1) {
      expect((await reader.read()).value).toHaveLength(1);
      expect(clock.dueMs).toEqual([drops * 200]);
      clock.advance(200);
    }
    const rest = reader.read().then(() => reader.read());
    leaving.abort();
    await expect(rest).rejects.toThrow();
    await standin.settled();
    expect(clock.dueMs).toEqual([]);
  });

  it("STANDIN-14 sends a mebibyte of gzip that inflates to a gibibyte, made once", async () => {
    const standin = await start();
    const raw = async (): Promise<Buffer> => {
      const { hostname, port } = new URL(standin.origin);
      const socket = connect(Number(port), hostname);
      socket.write("POST /bomb HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
      const chunks: Buffer[] = [];
      for await (const chunk of socket) chunks.push(chunk);
      const reply = Buffer.concat(chunks);
      expect(reply.subarray(0, reply.indexOf("\r\n\r\n")).toString()).toMatch(/content-encoding: gzip/i);
      return reply.subarray(reply.indexOf("\r\n\r\n") + 4);
    };
    const bomb = await raw();
    expect(bomb.length).toBeGreaterThan(1_000_000);
    expect(bomb.length).toBeLessThan(1_200_000);
    expect(bomb.readUInt32LE(bomb.length - 4)).toBe(1024 ** 3);
    expect(() => gunzipSync(bomb, { maxOutputLength: 16 * 1024 * 1024 })).toThrow("larger than");
    expect((await raw()).equals(bomb)).toBe(true);
  });

  it("STANDIN-14 tells when a client has stopped reading a large reply", async () => {
    const standin = await start();
    const reply = await post(standin.urlFor("big"));
    const reader = (reply.body ?? new ReadableStream<Uint8Array>()).getReader();
    await reader.read();
    await reader.cancel();
    await standin.settled();
    expect(standin.calls()).toMatchObject([{ path: "/big", aborted: true }]);
  });

  it("STANDIN-14 has a bomb that is sound to its last byte", async () => {
    const standin = await start({ bombBytes: 3 * 1024 * 1024 });
    const zeros = Buffer.from(await (await post(standin.urlFor("bomb"))).arrayBuffer());
    expect([zeros.length, zeros.every((byte) => byte === 0)]).toEqual([3 * 1024 * 1024, true]);
  });

  it("STANDIN-14 sends ten mebibytes, sends what is no JSON, and resets", async () => {
    const standin = await start();
    const big = await (await post(standin.urlFor("big"))).text();
    expect([big.length, JSON.parse(big).length]).toEqual([10 * 1024 * 1024, 10 * 1024 * 1024 - 2]);
    const page = await (await post(standin.urlFor("notjson"))).text();
    expect(() => JSON.parse(page)).toThrow(SyntaxError);
    await expect(post(standin.urlFor("reset"))).rejects.toThrow();
  });
});

describe("signatures", () => {
  it.each<[string, Record<string, string>, string]>([
    ["a good signature", signed(SECRET), "valid"],
    ["another secret's", signed(`whsec_${Buffer.from("quite another secret 1234567").toString("base64")}`), "invalid"],
    ["one of another body", signed(SECRET, Date.now(), "{}"), "invalid"],
    ["one of ten minutes ago", signed(SECRET, Date.now() - 600_000), "invalid"],
    ["none", {}, "unsigned"],
    ["half of the headers", { "webhook-id": "msg_1" }, "unsigned"],
  ])("STANDIN-15 judges %s with the library that receivers use: %s", async (_, headers, verdict) => {
    const standin = await start({ secret: SECRET });
    await (await post(standin.urlFor("ok"), headers)).text();
    expect(standin.calls()[0]?.signature).toBe(verdict);
  });

  it("STANDIN-15 judges nothing before it knows the secret", async () => {
    const standin = await start();
    await (await post(standin.urlFor("ok"), signed(SECRET))).text();
    standin.expectSecret(SECRET);
    await (await post(standin.urlFor("ok"), signed(SECRET))).text();
    expect(standin.calls().map(({ signature }) => signature)).toEqual(["unchecked", "valid"]);
  });
});

it("STANDIN-16 writes down headers, body, times and how many requests were going on", async () => {
  const clock = new ManualClock(5_000);
  const standin = await start({ clock });
  const first = standin.nextCall();
  const slow = post(standin.urlFor("slow/300"), { "x-trace": "abc" });
  await first;
  clock.advance(100);
  await (await post(standin.urlFor("ok"))).text();
  clock.advance(200);
  await (await slow).text();
  await standin.settled();
  expect(standin.calls()).toMatchObject([
    { method: "POST", path: "/slow/300", atMs: 5_000, endedAtMs: 5_300, concurrency: 1, aborted: false },
    { path: "/ok", atMs: 5_100, concurrency: 2, body: JSON.parse(BODY), bodyText: BODY },
  ]);
  expect(standin.calls()[0]?.headers["x-trace"]).toBe("abc");
  standin.clear();
  expect(standin.calls()).toEqual([]);
});
