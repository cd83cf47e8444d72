import { describe, expect, it } from "vitest";
import { ToolRunner } from "../../src/call/tool-runner.ts";
import { LIMITS } from "../../src/limits.ts";
import { callIdFrom } from "../../src/protocol/ids.ts";
import { parseTools } from "../../src/protocol/tools.ts";
import { FILLER_AFTER_MS } from "../../src/web/student/tool-draft.ts";
import { BLANK, GALLERY } from "../../src/web/student/tool-gallery.ts";
import { argumentFieldsOf, argumentsOf, parametersOf } from "../../src/web/student/tool-schema.ts";

const parsed = parseTools([...GALLERY, BLANK], LIMITS);
const tools = parsed.ok ? parsed.value : [];

describe("the ready tools", () => {
  it("TOOLPAGE-8 ten are there, each can be saved as it is, and none needs a server", () => {
    expect(parsed).toMatchObject({ ok: true });
    expect(GALLERY).toHaveLength(10);
    expect(tools.map(({ answer }) => answer.mode)).not.toContain("webhook");
    expect(tools.filter(({ answer }) => answer.mode === "builtin")).toHaveLength(4);
  });

  it("TOOLPAGE-8 each answers when it is run with the values that its fields begin with", async () => {
    for (const tool of tools) {
      expect(parametersOf(tool.parameters), tool.name).not.toBeNull();
      const args = argumentsOf(argumentFieldsOf(tool.parameters), new Map());
      expect(args.ok, tool.name).toBe(true);
      const waits: number[] = [];
      const callId = callIdFrom(new Uint8Array(16));
      const runner = new ToolRunner(callId, {
        nowMs: () => 0,
        randomBelow: () => 0,
        wait: async (ms) => void waits.push(ms),
        webhook: async () => undefined,
      });
      const result = await runner.run(tool, {
        toolCallId: "t",
        name: tool.name,
        arguments: JSON.stringify(args.ok ? args.value : null),
        webhookId: "w",
        outcome: "pending",
        output: null,
        durationMs: null,
      });
      expect(result.outcome, tool.name).toBe("ok");
      // Slow enough to be talked over, never so slow that it fails.
      expect(Math.max(0, ...waits)).toBeLessThan(LIMITS.toolMaxMs);
    }
  });

  it("TOOLPAGE-8 the page says what is said meanwhile when a call would say it", () => {
    expect(FILLER_AFTER_MS).toBe(LIMITS.toolFillerMs);
  });
});
