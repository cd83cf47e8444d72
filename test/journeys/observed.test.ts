import { execFile } from "node:child_process";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { metricsReply, traceReply } from "../../src/api/reply-schemas-observed.ts";
import { logged } from "./looks.ts";
import { eventually, Room } from "./room.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const WORDS = "Kanarienvogel";
const KEY = "sk-test-nocredit-0123456789";

let room: Room;
beforeAll(async () => {
  room = await Room.open();
}, 120_000);
afterAll(() => room.close());

/** `npm run trace`, in a process of its own. */
async function trace(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const environment = { PATH: process.env.PATH, HOME: process.env.HOME, DATA_DIR: room.dataDir };
  const command = promisify(execFile)(join(ROOT, "node_modules/.bin/node"), ["src/cli/trace.ts", ...args], {
    cwd: ROOT,
    env: { ...environment, INSTRUCTOR_TOKEN: "instructor-token-of-the-tests" },
  });
  return command.then(
    ({ stdout, stderr }) => ({ code: 0, out: stdout, err: stderr }),
    (thrown: unknown) => {
      const { code, stdout, stderr } = Object(thrown);
      return { code: Number(code), out: String(stdout), err: String(stderr) };
    },
  );
}

describe("a call on a key without credit", () => {
  it("TRACE-21 is traced by its id, counted as an error, and in the log line by line, without a word of it", async () => {
    await room.save("ws_observed", { openaiApiKey: KEY, studentName: WORDS, ivrGreeting: `${WORDS}!` });
    const caller = await room.call("ws_observed");
    caller.send({ type: "setup", sessionId: "VX1", customParameters: {} });
    caller.send({ type: "prompt", voicePrompt: `${WORDS}?`, lang: "en-US", last: true });
    const [end] = await eventually(() => logged(room, "call-end").length > 0 && logged(room, "call-end"), "the end");
    const callId = String(end?.callId);
    const archived = () => room.sql("select 1 from calls where id = $1 and end_reason is not null", [callId]);
    await eventually(async () => (await archived()).length > 0, "the call in Postgres");

    const shown = await trace(callId);
    expect([shown.code, shown.err]).toEqual([0, ""]);
    expect(shown.out).toContain("✗ no_credit");
    expect(shown.out).toContain("ends: the key could not be used");
    expect(shown.out).toContain("→ Add credit at");
    const { events } = traceReply.parse(JSON.parse((await trace(callId, "--json")).out));
    expect(events.map(({ kind }) => kind)).toEqual(["start", "turn", "turn", "charge", "turn", "end"]);
    const other = await trace(callId.replace(/^./, (first) => (first === "0" ? "1" : "0")));
    expect([other.code, other.out]).toEqual([1, ""]);

    const reply = await fetch(`${room.url}/api/workshop/workshops/default/metrics?hours=1`, {
      headers: { authorization: "Bearer instructor-token-of-the-tests" },
    });
    const { calls, errors, ends, spans } = metricsReply.parse(await reply.json());
    expect([calls, ends]).toEqual([1, [{ endReason: "key-failed", calls: 1 }]]);
    expect(errors.map(({ code, count }) => [code, count])).toEqual([["no_credit", 1]]);
    expect(spans.at(-1)).toMatchObject({ calls: 1, errors: 1 });

    const lines = room.log.filter((line) => line.includes(callId)).map((line) => JSON.parse(line).event);
    expect(lines).toEqual(["key-chosen", "call-start", "upstream-failed", "turn-end", "call-end"]);
    for (const text of [shown.out, room.log.join("\n")]) {
      expect(text).not.toContain(WORDS);
      expect(text).not.toContain("nocredit");
    }
  });
});
