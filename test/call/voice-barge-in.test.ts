import { describe, expect, it } from "vitest";
import { ofType, toCaller, VoiceTable } from "./voice-table.ts";

/** A story of four seconds is told, of which the caller has heard one. */
function telling(): VoiceTable & { readonly ids: { responseId: string; itemId: string } } {
  const table = new VoiceTable().connected();
  table.speaks("item_u1", 500, "Tell me a story");
  const ids = table.begins("Once upon a time there was a king who had four daughters and a very large castle.");
  table.sounds(ids, 4_000);
  table.after(1_000).played(table.sentMs - 3_000);
  return Object.assign(table, { ids });
}

describe("a caller who speaks over the agent", () => {
  it("VBARGE-1 stops the sound, drops what still comes of it, and tells the model what was heard", () => {
    const table = telling();
    const from = table.commands.length;
    const commands = table.upstream({ type: "speech-start", itemId: "item_u2" });
    expect(toCaller(commands)[0]).toBe("clear");
    expect(table.asked(from)).toEqual([{ type: "truncate", itemId: table.ids.itemId, heardMs: 1_000 }]);
    expect(table.voice.audible(table.ids.responseId)).toBeUndefined();
    expect(table.sounds(table.ids, 500)).toBe(0);
  });

  it("VBARGE-2 the transcript shows what was said and what of it was heard, cut between words", () => {
    const table = telling();
    table.speaks("item_u2", 600, "Stop");
    table.ends(table.ids.responseId, "cancelled");
    const [, , story, stop] = table.turns;
    expect(story?.text).toMatch(/^Once upon a time .* castle\.$/);
    expect(story?.heardText).toBe("Once upon a time");
    expect(story?.usage?.responses).toBe(1);
    expect(stop).toMatchObject({ speaker: "caller", text: "Stop", seq: 4 });
  });

  it("VBARGE-3 words that come late for an answer that was cut change nothing", () => {
    const table = telling();
    table.upstream({ type: "speech-start", itemId: "item_u2" });
    const text = table.kept.get(3)?.text;
    table.upstream({ type: "agent-delta", ...table.ids, text: " And they lived" });
    table.upstream({ type: "agent-text", ...table.ids, text: "Everything of it." });
    table.ends(table.ids.responseId, "cancelled");
    expect(table.kept.get(3)).toMatchObject({ text, heardText: "Once upon a time" });
  });

  it("VBARGE-4 an answer that the model is through with is cut as well while it is being heard", () => {
    const table = telling();
    table.ends(table.ids.responseId);
    const from = table.commands.length;
    table.upstream({ type: "speech-start", itemId: "item_u2" });
    expect(toCaller(table.commands.slice(from))[0]).toBe("clear");
    expect(table.asked(from)).toEqual([{ type: "truncate", itemId: table.ids.itemId, heardMs: 1_000 }]);
    expect(table.kept.get(3)?.heardText).toBe("Once upon a time");
  });

  it("VBARGE-5 an answer that was heard to its end is not cut", () => {
    const table = telling();
    table.ends(table.ids.responseId);
    table.after(3_000).played(table.sentMs);
    const from = table.commands.length;
    table.upstream({ type: "speech-start", itemId: "item_u2" });
    expect(toCaller(table.commands.slice(from))).not.toContain("clear");
    expect(table.asked(from)).toEqual([]);
    expect(table.kept.get(3)?.heardText).toBeNull();
  });

  it("VBARGE-6 a position that the caller claims beyond what was sent truncates to no more than was sent", () => {
    const table = telling();
    table.played(1_000_000);
    table.sounds(table.ids, 1_000);
    const from = table.commands.length;
    table.upstream({ type: "speech-start", itemId: "item_u2" });
    expect(table.asked(from)).toEqual([{ type: "truncate", itemId: table.ids.itemId, heardMs: 4_000 }]);
  });

  it("VBARGE-7 an answer of which nothing was heard leaves nothing in what the model will be told", () => {
    const table = new VoiceTable().connected();
    table.speaks("item_u1", 500, "Hi");
    const ids = table.begins("Hello there");
    table.sounds(ids, 2_000);
    table.upstream({ type: "speech-start", itemId: "item_u2" });
    expect(table.asked().at(-1)).toEqual({ type: "truncate", itemId: ids.itemId, heardMs: 0 });
    expect(table.kept.get(3)).toMatchObject({ text: "Hello there", heardText: "" });
  });

  it("VBARGE-8 the next answer is heard again, from its own beginning", () => {
    const table = telling();
    table.speaks("item_u2", 600, "Stop");
    table.ends(table.ids.responseId, "cancelled");
    const ids = table.begins("Fine.");
    expect(table.sounds(ids, 400)).toBe(400);
    table.ends(ids.responseId);
    table.after(400).played(table.sentMs);
    expect(table.turns.at(-1)).toMatchObject({ text: "Fine.", heardText: null });
    expect(table.states.at(-1)).toBe("listening");
  });

  it("VBARGE-9 a recorded sentence can be spoken over too, and is no item of the model's", () => {
    const table = new VoiceTable().connected();
    table.speaks("item_u1", 500, "Hi");
    table.upstream({ type: "response-start", responseId: "resp_x" });
    const reason = "upstream_rate_limited" as const;
    table.upstream({ type: "response-end", responseId: "resp_x", outcome: "failed", reason, usage: null });
    table.voice.answers.playback.sent("spoken:1", 3_000);
    const from = table.commands.length;
    table.upstream({ type: "speech-start", itemId: "item_u2" });
    expect(toCaller(table.commands.slice(from))[0]).toBe("clear");
    expect(table.asked(from)).toEqual([]);
  });

  it("VBARGE-10 what the caller is sent and the model is told goes ahead of what is kept", () => {
    const commands = telling().upstream({ type: "speech-start", itemId: "item_u2" });
    const types = commands.map(({ type }) => type);
    expect(types.indexOf("caller")).toBeLessThan(types.indexOf("keep-turn"));
    expect(ofType(commands, "archive")).toHaveLength(1);
  });
});
