import { describe, expect, it } from "vitest";
import type { Reason } from "../../src/failure.ts";
import { LIMITS } from "../../src/limits.ts";
import { ofType, toCaller, VoiceTable } from "./voice-table.ts";

const lost = (reason: Reason, mayReconnect: boolean) =>
  ({ type: "lost", reason, mayReconnect, upstreamCode: 1006 }) as const;

describe("a session that is lost", () => {
  it("VLOSS-1 in mid-answer: the caller is told by a recorded sentence, and a new session goes on with the history", () => {
    const table = new VoiceTable().connected();
    table.speaks("item_u1", 500, "Tell me a story");
    const ids = table.begins("Once upon a time");
    table.sounds(ids, 1_500);
    const from = table.commands.length;
    const commands = table.upstream(lost("upstream_lost", true));
    expect(ofType(commands, "play-sentence")).toEqual([{ type: "play-sentence", reason: "upstream_lost" }]);
    expect(table.requests).toHaveLength(2);
    expect(table.requests[1]?.history).toEqual([
      { kind: "agent", text: "Hello!" },
      { kind: "caller", text: "Tell me a story" },
      { kind: "agent", text: "Once upon a time" },
      { kind: "agent", text: "One moment, please. I lost my connection and am getting it back." },
    ]);
    expect(table.asked(from)).toMatchObject([{ type: "answer", note: expect.stringContaining("cut off") }]);
    expect(table.turns.at(-2)).toMatchObject({ text: "Once upon a time", failure: "upstream_lost" });
    expect(table.turns.at(-2)?.usage?.estimated).toBe(true);
  });

  it("VLOSS-2 in a pause: a new session takes over without a word and without a second greeting", () => {
    const table = new VoiceTable().connected();
    const from = table.commands.length;
    table.upstream(lost("upstream_lost", true));
    table.upstream({ type: "ready" });
    expect(ofType(table.commands.slice(from), "play-sentence")).toEqual([]);
    expect(table.asked(from)).toEqual([]);
    expect(table.requests).toHaveLength(2);
  });

  it("VLOSS-3 a model that stays mute: the caller is asked to say it again, and a new session waits for it", () => {
    const table = new VoiceTable().connected();
    table.speaks("item_u1", 500, "Hello?");
    const from = table.commands.length;
    const commands = table.upstream(lost("upstream_timeout", true));
    expect(ofType(commands, "play-sentence")).toEqual([{ type: "play-sentence", reason: "upstream_timeout" }]);
    expect(table.requests).toHaveLength(2);
    expect(table.asked(from)).toEqual([]);
  });

  it("VLOSS-27 a first session that never comes about: the caller is told after a while, and greeted in the next one", () => {
    const table = new VoiceTable().start();
    const commands = table.upstream(lost("upstream_timeout", true));
    expect(ofType(commands, "play-sentence")).toEqual([{ type: "play-sentence", reason: "upstream_lost" }]);
    expect(ofType(commands, "open-voice")).toHaveLength(1);
    expect(table.asked().filter(({ type }) => type === "say")).toHaveLength(2);
    const from = table.commands.length;
    table.upstream({ type: "ready" });
    table.hears("Hello!", 1_000);
    table.upstream(lost("upstream_lost", true));
    expect(table.asked(from)).toEqual([]);
  });

  it("VLOSS-27 a first session that is refused at once: nobody is told, and the caller is greeted in the next one", () => {
    const table = new VoiceTable().start();
    const commands = table.upstream(lost("upstream_unavailable", true));
    expect(ofType(commands, "play-sentence")).toEqual([]);
    expect(ofType(commands, "voice").map(({ command }) => command)).toEqual([{ type: "say", text: "Hello!" }]);
  });

  it.each(["upstream_lost", "upstream_timeout"] as const)(
    "VLOSS-28 a greeting that %s before its first sound is said again, and nothing else is asked for",
    (reason) => {
      const table = new VoiceTable().start();
      table.upstream({ type: "ready" });
      table.begins();
      const commands = table.upstream(lost(reason, true));
      expect(ofType(commands, "play-sentence")).toEqual([{ type: "play-sentence", reason: "upstream_lost" }]);
      expect(ofType(commands, "voice").map(({ command }) => command)).toEqual([{ type: "say", text: "Hello!" }]);
    },
  );

  it.each(["key_rejected", "no_credit", "key_restricted", "model_not_available"] as const)(
    "VLOSS-4 %s ends the call in words, without another try",
    (reason) => {
      const table = new VoiceTable().start();
      const commands = table.upstream(lost(reason, false));
      expect(ofType(commands, "play-sentence")).toEqual([{ type: "play-sentence", reason }]);
      expect(ofType(commands, "key-refused")).toEqual([{ type: "key-refused", reason }]);
      expect(toCaller(commands)).toContain("error");
      expect(table.requests).toHaveLength(1);
      table.do({ type: "sentence-end", sent: true });
      table.voice.answers.playback.sent("spoken:1", 4_000);
      table.after(4_000);
      const end = table.caller({ type: "played", positionMs: 4_000 });
      expect(table.progress.endReason).toBe("key-failed");
      expect(toCaller(end).at(-1)).toBe("end");
    },
  );

  it("VLOSS-5 is tried again a few times in a row and no more, and an answer between counts anew", () => {
    const table = new VoiceTable().connected();
    for (let tries = 0; tries < LIMITS.voiceReconnects; tries++) table.upstream(lost("upstream_lost", true));
    table.upstream({ type: "ready" });
    table.speaks("item_u1", 300, "Hi");
    table.hears("Hello.", 300);
    for (let tries = 0; tries < LIMITS.voiceReconnects; tries++) table.upstream(lost("upstream_lost", true));
    expect(table.progress.closing).toBeNull();
    expect(table.requests).toHaveLength(1 + 2 * LIMITS.voiceReconnects);
    table.upstream(lost("upstream_lost", true));
    expect(table.requests).toHaveLength(1 + 2 * LIMITS.voiceReconnects);
    expect(table.progress.closing).toMatchObject({ endReason: "upstream-failed" });
    expect(ofType(table.commands, "key-refused")).toEqual([]);
  });

  it("VLOSS-6 the second try in a row waits a little, the first does not", () => {
    const table = new VoiceTable().connected();
    table.upstream(lost("upstream_lost", true));
    table.upstream(lost("upstream_lost", true));
    expect(ofType(table.commands, "open-voice").map(({ afterMs }) => afterMs)).toEqual([0, 0, 1_000]);
  });

  it("VLOSS-7 what an older session still reports is dropped", () => {
    const table = new VoiceTable().connected();
    const old = table.session;
    table.upstream(lost("upstream_lost", true));
    const event = { type: "speech-start", itemId: "item_old" } as const;
    expect(table.do({ type: "voice", session: old, event })).toEqual([]);
  });

  it("VLOSS-8 a session is exchanged in a pause before it is too old, without a greeting or a word lost", () => {
    const table = new VoiceTable({ callMaxMs: LIMITS.callMaxMs }).connected();
    const openedAtMs = table.nowMs;
    while (table.nowMs - openedAtMs < LIMITS.voiceHandOverMs + 60_000 && table.requests.length === 1) {
      table.after(20_000);
      table.do({ type: "alarm" });
      if (table.requests.length > 1) break;
      table.speaks(`item_${table.nowMs}`, 300, "Still here");
      table.hears("Good.", 300);
    }
    expect(table.nowMs - openedAtMs).toBeGreaterThanOrEqual(LIMITS.voiceHandOverMs - 60_000);
    expect(table.nowMs - openedAtMs).toBeLessThan(55 * 60_000);
    expect(table.requests).toHaveLength(2);
    expect(table.requests[1]?.history.at(-1)).toEqual({ kind: "agent", text: "Good." });
    const types = ofType(table.commands, "close-voice").map(({ drain }) => drain);
    expect(types).toEqual([false]);
    expect(table.asked().filter(({ type }) => type === "say")).toHaveLength(1);
  });

  it("VLOSS-9 a conversation without any pause is handed over at minute 55 all the same, and goes on", () => {
    const table = new VoiceTable({ callMaxMs: LIMITS.callMaxMs }).connected();
    table.after(LIMITS.voiceHandOverMs - 1_000);
    table.speaks("item_u1", 300, "Tell me everything");
    const ids = table.begins("It all began");
    table.sounds(ids, 2_000);
    const startedAtMs = table.facts.startedAtMs;
    table.ring();
    expect(table.nowMs - startedAtMs).toBe(LIMITS.voiceHandOverLatestMs);
    expect(table.requests).toHaveLength(2);
    expect(table.asked().at(-1)).toMatchObject({ type: "answer", note: expect.stringContaining("cut off") });
  });

  it("VLOSS-10 a new key is used from the next session on, which begins at once", () => {
    const table = new VoiceTable().connected();
    const commands = table.do({ type: "key-changed" });
    expect(commands.map(({ type }) => type).filter((type) => type.endsWith("voice"))).toEqual([
      "close-voice",
      "open-voice",
    ]);
  });

  it("VLOSS-11 without a recording a call that cannot go on still ends, in writing", () => {
    const table = new VoiceTable().start();
    const commands = table.upstream(lost("key_rejected", false));
    expect(toCaller(commands)).toContain("error");
    table.do({ type: "sentence-end", sent: false });
    expect(table.progress.endReason).toBe("key-failed");
  });
});
