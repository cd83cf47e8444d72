import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callWebhook } from "../../src/call/webhook.ts";
import { callIdFrom } from "../../src/protocol/ids.ts";
import { NODE_SNIPPET, PYTHON_SNIPPET } from "../../src/web/student/webhook-snippets.ts";

const SECRET = `whsec_${Buffer.from("0123456789abcdef0123456789abcdef").toString("base64")}`;
const hasPython = spawnSync("python3", ["-c", "import sys; sys.exit(sys.version_info < (3, 9))"]).status === 0;

interface Sent {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A request to a webhook, as a call signs it. */
async function signed(nowMs: number, secret = SECRET): Promise<Sent> {
  const sent: Sent[] = [];
  await callWebhook(
    {
      url: "https://shop.example.com/hook",
      timeoutMs: 1_000,
      webhookId: "msg_1",
      callId: callIdFrom(new Uint8Array(16)),
      tool: "check_stock",
      arguments: { item: "Brötchen" },
    },
    {
      nowMs: () => nowMs,
      secret,
      rules: { urlCharacters: 2_048, ownHost: undefined, standinOrigin: undefined },
      fetch: async (_, init) => {
        sent.push({
          headers: Object.fromEntries(new Headers(init?.headers)),
          body: typeof init?.body === "string" ? init.body : "",
        });
        return Response.json({ ok: true });
      },
    },
  );
  const [request] = sent;
  if (!request) throw new Error("nothing was sent");
  return request;
}

/** Requests of which only the first is right, now and from our agent. */
async function requests(): Promise<readonly Sent[]> {
  const good = await signed(Date.now());
  return [
    good,
    { ...good, headers: { ...good.headers, "webhook-signature": `v1,AAAA ${good.headers["webhook-signature"]}` } },
    { ...good, body: `${good.body} ` },
    { ...good, headers: { ...good.headers, "webhook-id": "msg_2" } },
    { ...good, headers: { ...good.headers, "webhook-signature": "v1,AAAA" } },
    { ...good, headers: {} },
    await signed(Date.now() - 3_600_000),
    await signed(Date.now(), `whsec_${Buffer.from("another").toString("base64")}`),
  ];
}
const RIGHT = [true, true, false, false, false, false, false, false];

describe("the code that checks a request", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "callroom-snippet-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const env = { ...process.env, WEBHOOK_SECRET: SECRET };

  it("TOOLPAGE-9 for Node tells requests of the student's agent from all others", async () => {
    const file = join(folder, "check.mjs");
    const main = `for (const { headers, body } of JSON.parse(process.argv[2])) console.log(isFromMyAgent(headers, body));`;
    writeFileSync(file, `${NODE_SNIPPET}\n${main}\n`);
    const said = execFileSync(process.execPath, [file, JSON.stringify(await requests())], { env, encoding: "utf8" });
    expect(said.trim().split("\n")).toEqual(RIGHT.map(String));
  });

  it.skipIf(!hasPython)("TOOLPAGE-9 for Python tells requests of the student's agent from all others", async () => {
    const file = join(folder, "check.py");
    const main = [
      "import json, sys",
      "for request in json.loads(sys.argv[1]):",
      '    print(is_from_my_agent(request["headers"], request["body"].encode()))',
    ];
    writeFileSync(file, `${PYTHON_SNIPPET}\n${main.join("\n")}\n`);
    const said = execFileSync("python3", [file, JSON.stringify(await requests())], { env, encoding: "utf8" });
    expect(said.trim().toLowerCase().split("\n")).toEqual(RIGHT.map(String));
  });
});
