import { LLMock } from "@copilotkit/aimock";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FAILURES } from "../../src/failure.ts";
import { startOpenAiStandin } from "../standins/openai.ts";
import { LiveConversation } from "./live.ts";

const GOOD = "sk-conversation-good-0123456789";
const BAD = "sk-conversation-rejected-012345";
const LONG = Array.from({ length: 40 }, (_, sentence) => `This is sentence ${sentence}.`).join(" ");

/** An OpenAI to talk to, with the answers that the suite expects, and the bodies it was sent. */
interface Upstream {
  readonly baseUrl: string;
  bodies(): string[];
  close(): Promise<void>;
}

async function ours(): Promise<Upstream> {
  const standin = await startOpenAiStandin({ ttftMs: 0, tokensPerSecond: 100 });
  const paths = ({ path }: { path: string }) => path === "/v1/responses";
  return {
    baseUrl: standin.baseUrl,
    bodies: () =>
      standin
        .journal(GOOD)
        .filter(paths)
        .map(({ body }) => JSON.stringify(body)),
    close: () => standin.close(),
  };
}

/** `@copilotkit/aimock`: written by others, so that we do not only agree with ourselves. */
async function theirs(): Promise<Upstream> {
  const mock = new LLMock({ port: 0, host: "127.0.0.1", auth: { apiKeys: [GOOD] }, chunkSize: 12, latency: 2 });
  mock.on({ userMessage: "time", hasToolResult: true }, { content: "It is noon in Tokyo." });
  mock.on(
    { userMessage: "time", hasToolResult: false },
    { toolCalls: [{ name: "current_time", arguments: '{"time_zone":"Asia/Tokyo"}' }] },
  );
  mock.onMessage("story", { content: LONG });
  mock.onMessage(/.*/, { content: "I am here." });
  const url = await mock.start();
  return {
    baseUrl: `${url}/v1`,
    bodies: () => mock.getRequests().map(({ body }) => JSON.stringify(body)),
    close: async () => {
      await mock.stop();
    },
  };
}

describe.each([
  ["our stand-in", ours],
  ["aimock", theirs],
] as const)("a conversation with %s", (_name, open) => {
  let upstream: Upstream;
  beforeAll(async () => {
    upstream = await open();
  });
  afterAll(() => upstream.close());

  it("TALK-1 is answered, turn after turn, with the whole history sent along", async () => {
    const call = new LiveConversation(upstream.baseUrl, GOOD);
    const first = await call.ask("Hello, are you there?");
    expect(first).not.toBe("");
    expect(await call.ask("And still there?")).not.toBe("");
    const body = upstream.bodies().at(-1) ?? "";
    expect(body).toContain("Hello, are you there?");
    expect(body).toContain(first.slice(0, 8));
    expect(call.turns.get(4)).toMatchObject({ speaker: "agent", usage: { responses: 1 }, failure: null });
  });

  it("TALK-2 runs a tool and says what came of it", async () => {
    const call = new LiveConversation(upstream.baseUrl, GOOD);
    expect(await call.ask("What time is it in Tokyo?")).toMatch(/Tokyo/);
    expect([...call.turns.values()].map(({ speaker }) => speaker)).toEqual(["caller", "tool", "agent"]);
    expect(call.turns.get(2)?.toolCall).toMatchObject({ name: "current_time", outcome: "ok" });
    expect(call.turns.get(2)?.toolCall?.output).toContain("Asia/Tokyo");
  });

  it("TALK-3 that is interrupted goes on with what was heard", async () => {
    const call = new LiveConversation(upstream.baseUrl, GOOD);
    await call.askAndInterrupt("Please tell me a long story", "This is");
    expect(await call.ask("Stop, are you there?")).not.toBe("");
    const body = upstream.bodies().at(-1) ?? "";
    expect(body).toContain('"This is"');
    expect(call.turns.get(2)).toMatchObject({ heardText: "This is" });
  });

  it("TALK-4 on a key that is refused says so in our words", async () => {
    const call = new LiveConversation(upstream.baseUrl, BAD);
    expect(await call.ask("Hello?")).toBe(FAILURES.key_rejected.spoken);
    expect(call.refused).toEqual(["key_rejected"]);
  });
});
