import { describe, expect, it } from "vitest";
import { failureBody } from "../../src/api/reply-schemas.ts";
import { LIMITS } from "../../src/limits.ts";
import { harness } from "./world.ts";

const CANARY = "sk-canary-in-a-body-1234567890";
const { request } = harness({});

/** To the route that everybody may use; what gets past the body fails at the database, which is not there. */
async function join(body: BodyInit, headers: Record<string, string> = {}) {
  const reply = await request("POST", "/api/join", {
    body,
    headers: { "content-type": "application/json", ...headers },
  });
  const failure = failureBody.parse(await reply.json());
  return { status: reply.status, code: failure.code, field: failure.field, text: JSON.stringify(failure) };
}

const nested = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`;

function streamOf(chunks: number, bytes: number): { stream: ReadableStream<Uint8Array>; pulled: () => number } {
  let pulled = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      pulled += 1;
      if (pulled > chunks) controller.close();
      else controller.enqueue(new Uint8Array(bytes).fill(32));
    },
  });
  return { stream, pulled: () => pulled };
}

describe("bodies", () => {
  it("REST-10 a well-formed body reaches the database", async () => {
    expect(await join('{"joinCode":"maple-7","name":"Ada"}')).toMatchObject({ code: "database_unavailable" });
  });

  it.each([
    "",
    "{",
    "}",
    "nul",
    "{'a':1}",
    '{"a":1,}',
    '{"a":01}',
    '"\\x"',
    "NaN",
    "undefined",
    "<json/>",
    "joinCode=MAPLE-7",
    `{"joinCode": ${CANARY}}`,
    `${CANARY}`,
    '{"joinCode":"MAPLE-7"',
    "\u0000",
    "// {}",
  ])("REST-11 what is no JSON is 400 and is not quoted: %j", async (body) => {
    const reply = await join(body);
    expect(reply).toMatchObject({ status: 400, code: "bad_request", field: "body: is not JSON" });
    expect(reply.text).not.toContain("canary");
  });

  it.each(["null", "true", "1", '"text"', "[]", '[{"joinCode":"MAPLE-7"}]'])(
    "REST-11 JSON that is no object is 400: %s",
    async (body) => {
      expect(await join(body)).toMatchObject({ status: 400, code: "bad_request", field: "body: must be an object" });
    },
  );

  it.each([[[0xff]], [[0xc0, 0x80]], [[0xed, 0xa0, 0x80]], [[0xf4, 0x90, 0x80, 0x80]], [[0x22, 0xe2, 0x82, 0x22]]])(
    "REST-12 invalid UTF-8 is 400: %j",
    async (bytes) => {
      expect(await join(new Uint8Array(bytes))).toMatchObject({ status: 400, field: "body: is not UTF-8" });
    },
  );

  it.each(['"\\u0000"', '"a\\ud800"', '"\\udc00b"', '{"\\u0000":1}', '{"a":["\\ud83d"]}'])(
    "REST-12 text that Postgres cannot keep is 400: %s",
    async (value) => {
      expect(await join(`{"joinCode":"MAPLE-7","name":${value}}`)).toMatchObject({
        status: 400,
        code: "bad_request",
        field: "body: holds characters that cannot be kept",
      });
    },
  );

  it("REST-13 nesting up to the limit is read, one deeper is 400, and any depth is survived", async () => {
    // The body itself is the first level.
    const inner = LIMITS.bodyDepth - 1;
    const body = (depth: number) => `{"joinCode":"MAPLE-7","name":"Ada","a":${nested(depth)}}`;
    expect((await join(body(inner))).field).toContain("not known here");
    for (const depth of [inner + 1, 1_000, 30_000]) {
      expect(await join(body(depth))).toMatchObject({ status: 400, field: "body: is nested deeper than 32" });
    }
    expect((await join("[".repeat(60_000))).field).toBe("body: is not JSON");
    expect((await join('{"a":'.repeat(10_000))).field).toBe("body: is not JSON");
  });

  it("REST-14 64 KiB are read, one byte more is 413", async () => {
    const padded = (bytes: number) => "{}".padEnd(bytes, " ");
    expect((await join(padded(LIMITS.bodyBytes))).code).toBe("bad_request");
    expect(await join(padded(LIMITS.bodyBytes + 1))).toMatchObject({ status: 413, code: "too_large" });
  });

  it("REST-14 bytes are counted, whatever was announced, and the rest is not waited for", async () => {
    const { stream, pulled } = streamOf(100_000, 4_096);
    expect(await join(stream)).toMatchObject({ status: 413, code: "too_large" });
    expect(pulled()).toBeLessThan(30);
    const announced = streamOf(1, 10);
    expect(await join(announced.stream, { "content-length": "9999999" })).toMatchObject({ status: 413 });
    expect(announced.pulled()).toBeLessThanOrEqual(1);
  });

  it("REST-14 the limit counts bytes and not characters", async () => {
    const reply = await join(`{"name":"${"é".repeat(LIMITS.bodyBytes / 2)}"}`);
    expect(reply).toMatchObject({ status: 413, code: "too_large" });
  });

  it("REST-15 a body that breaks off is 400", async () => {
    const broken = new ReadableStream({ pull: (controller) => controller.error(new Error(CANARY)) });
    const reply = await join(broken);
    expect(reply).toMatchObject({ status: 400, field: "body: was cut off" });
    expect(reply.text).not.toContain("canary");
  });

  it.each(["gzip", "br", "deflate", "zstd", "gzip, gzip", "x"])(
    "REST-16 a compressed body is 415: %s",
    async (encoding) => {
      expect(await join("{}", { "content-encoding": encoding })).toMatchObject({
        status: 415,
        code: "unsupported_media_type",
        field: "content-encoding: must be absent",
      });
    },
  );

  it.each([
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/jsonp",
    "application/json-patch+json",
    "application/json; charset=utf-16",
    "text/json",
    "",
  ])("REST-16 another content type is 415: %j", async (type) => {
    expect(await join("{}", { "content-type": type })).toMatchObject({ status: 415, code: "unsupported_media_type" });
  });

  it.each([
    "application/json",
    "APPLICATION/JSON",
    "application/json; charset=utf-8",
    'application/json;charset="UTF-8"',
  ])("REST-16 JSON is taken however it is written: %s", async (type) => {
    expect(await join("{}", { "content-type": type })).toMatchObject({ status: 400, code: "bad_request" });
  });

  it.each([
    "__proto__",
    "constructor",
    "prototype",
    "toString",
    "hasOwnProperty",
    "role",
    "workshopId",
    "budget",
    CANARY,
  ])("REST-17 an unknown field is 400 and is not named: %s", async (field) => {
    const reply = await join(`{"joinCode":"MAPLE-7","name":"Ada",${JSON.stringify(field)}:{"polluted":true}}`);
    expect(reply).toMatchObject({
      status: 400,
      code: "bad_request",
      field: "body: holds a field that is not known here; known are joinCode, name, email",
    });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(reply.text).not.toContain("canary");
  });

  it.each([
    ["{}", "joinCode: is missing"],
    ['{"joinCode":"MAPLE-7"}', "name: is missing"],
    ['{"joinCode":7,"name":"Ada"}', "joinCode: must be text"],
    ['{"joinCode":"MAPLE-7","name":null}', "name: must be text"],
    ['{"joinCode":"MAPLE-7","name":"  "}', "name: must not be empty"],
    ['{"joinCode":"MAPLE-7","name":"A\\nB"}', "name: must be one line"],
    [`{"joinCode":"MAPLE-7","name":"${"a".repeat(201)}"}`, "name: must be at most 200 characters"],
    [`{"joinCode":"MAPLE-7","name":"${"é".repeat(101)}"}`, "name: must be at most 200 bytes"],
    ['{"joinCode":"MAPLE-7","name":"Ada","email":"x"}', "email: must be an e-mail address"],
    ['{"joinCode":"; drop table","name":"Ada"}', "joinCode: is not a join code"],
  ])("REST-18 bad input names the field in our words: %s", async (body, field) => {
    expect(await join(body)).toMatchObject({ status: 400, code: "bad_request", field });
  });

  it("REST-19 random bodies never get anything but a fixed 4xx", async () => {
    const alphabet = '{}[]":,\\u0ed8 \t\n1-e.truefalsn';
    let seed = 42;
    const next = () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed;
    };
    for (let round = 0; round < 2_000; round += 1) {
      const body = Array.from({ length: next() % 60 }, () => alphabet[next() % alphabet.length]).join("");
      const { status } = await join(body);
      expect([body, status]).toEqual([body, 400]);
    }
  });
});
