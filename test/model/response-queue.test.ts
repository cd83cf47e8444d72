import { describe, expect, it } from "vitest";
import { ResponseQueue } from "../../src/model/response-queue.ts";
import { Race, randomOf } from "./response-race.ts";

/** What the queue has sent, in short: `create ask_1`, `cancel resp_1`. */
function recorded(): { queue: ResponseQueue; sent: string[] } {
  const sent: string[] = [];
  const queue = new ResponseQueue((event) => {
    sent.push(event.type === "response.create" ? `create ${event.event_id}` : `cancel ${event.response_id}`);
  });
  return { queue, sent };
}

describe("one response at a time", () => {
  it("VOICE-140 what is asked waits for what is active, in its order", () => {
    const { queue, sent } = recorded();
    queue.say({});
    queue.say({});
    queue.answer({});
    queue.pump();
    queue.pump();
    expect(sent).toEqual(["create ask_1"]);
    expect(queue.phase).toBe("awaited");
    expect(queue.created("resp_1", "ask_1")).toBe(true);
    expect(queue.phase).toBe("active");
    queue.pump();
    expect(queue.done("resp_1")).toBe(true);
    queue.pump();
    queue.created("resp_2", "ask_2");
    queue.done("resp_2");
    queue.pump();
    expect(sent).toEqual(["create ask_1", "create ask_2", "create ask_3"]);
  });

  it("VOICE-140 it is recognised as ours by its metadata, and asked with what it was given", () => {
    const asked: unknown[] = [];
    const queue = new ResponseQueue((event) => asked.push(event));
    queue.answer({ tool_choice: "none", instructions: "Be brief." });
    queue.pump();
    expect(asked).toEqual([
      {
        type: "response.create",
        event_id: "ask_1",
        response: { tool_choice: "none", instructions: "Be brief.", metadata: { ask: "ask_1" } },
      },
    ]);
  });

  it("VOICE-140 two answers that wait are one, as the later was asked", () => {
    const asked: unknown[] = [];
    const queue = new ResponseQueue((event) => asked.push(event));
    queue.created("resp_1", null);
    queue.answer({ instructions: "first" });
    queue.answer({ instructions: "second" });
    queue.done("resp_1");
    queue.pump();
    queue.created("resp_2", "ask_1");
    queue.done("resp_2");
    queue.pump();
    expect(asked).toMatchObject([{ response: { instructions: "second" } }]);
    expect(queue.phase).toBe("idle");
  });

  it("VOICE-141 an ask that lost the race is asked again after the winner, by another name", () => {
    const { queue, sent } = recorded();
    queue.say({});
    queue.pump();
    queue.created("resp_1", null);
    queue.refused("ask_1");
    queue.pump();
    expect(sent).toEqual(["create ask_1"]);
    queue.done("resp_1");
    queue.pump();
    expect(sent).toEqual(["create ask_1", "create ask_2"]);
  });

  it("VOICE-141 an answer is not asked again when the winner began after what it was to answer", () => {
    for (const isKnown of [true, false]) {
      const { queue, sent } = recorded();
      const itemId = queue.nextItemId();
      queue.answer({});
      queue.pump();
      if (isKnown) queue.itemSettled(itemId);
      queue.created("resp_1", null);
      if (!isKnown) queue.itemSettled(itemId);
      queue.refused("ask_1");
      queue.done("resp_1");
      queue.pump();
      expect(sent).toEqual(isKnown ? ["create ask_1"] : ["create ask_1", "create ask_2"]);
    }
  });

  it("VOICE-141 an answer that still waits is dropped with it too, and words to say are not", () => {
    const { queue, sent } = recorded();
    queue.turnEnded("item_1");
    queue.itemSettled(queue.nextItemId());
    queue.answer({});
    queue.say({});
    queue.pump();
    expect(sent).toEqual([]);
    queue.created("resp_1", null);
    queue.done("resp_1");
    queue.pump();
    queue.created("resp_2", "ask_1");
    queue.done("resp_2");
    queue.pump();
    expect(sent).toEqual(["create ask_1"]);
    expect(queue.phase).toBe("idle");
  });

  it("VOICE-141 a turn that the server could not answer, as ours was active, is answered after it", () => {
    const { queue, sent } = recorded();
    queue.say({});
    queue.pump();
    queue.turnEnded("item_1");
    queue.refused(null);
    queue.created("resp_1", "ask_1");
    queue.done("resp_1");
    queue.pump();
    expect(sent).toEqual(["create ask_1", "create ask_2"]);
  });

  it("VOICE-142 cancel stops what is active once, and forgets what waits", () => {
    const { queue, sent } = recorded();
    queue.say({});
    queue.pump();
    queue.created("resp_1", "ask_1");
    queue.say({});
    queue.answer({});
    queue.cancel();
    queue.cancel();
    expect(sent).toEqual(["create ask_1", "cancel resp_1"]);
    expect([queue.isLive("resp_1"), queue.isAudible("resp_1")]).toEqual([true, false]);
    expect(queue.done("resp_1")).toBe(true);
    queue.cancel();
    queue.pump();
    expect(sent).toHaveLength(2);
    expect(queue.phase).toBe("idle");
  });

  it("VOICE-142 what is asked after the cancel is asked when the cancelled one has ended", () => {
    const { queue, sent } = recorded();
    queue.answer({});
    queue.pump();
    queue.cancel();
    queue.say({});
    queue.pump();
    expect(queue.created("resp_1", "ask_1")).toBe(false);
    queue.pump();
    expect(queue.done("resp_1")).toBe(false);
    queue.pump();
    expect(sent).toEqual(["create ask_1", "cancel resp_1", "create ask_2"]);
  });

  it("VOICE-142 the server's own response is cancelled too when it begins after the cancel, and only that one", () => {
    const { queue, sent } = recorded();
    queue.turnEnded("item_1");
    queue.cancel();
    expect(queue.created("resp_1", null)).toBe(false);
    queue.done("resp_1");
    queue.turnEnded("item_2");
    expect(queue.created("resp_2", null)).toBe(true);
    expect(sent).toEqual(["cancel resp_1"]);
  });

  it("VOICE-143 in mid-speech no answer is asked for, and one that begins there all the same is void", () => {
    const { queue, sent } = recorded();
    queue.answer({});
    queue.pump();
    queue.speechStarted();
    expect(queue.created("resp_1", "ask_1")).toBe(false);
    queue.done("resp_1");
    queue.pump();
    expect(queue.phase).toBe("idle");
    queue.turnEnded("item_1");
    queue.turnEnded("item_1");
    expect(queue.phase).toBe("awaited");
    // It answers both.
    expect(queue.created("resp_2", null)).toBe(true);
    queue.done("resp_2");
    queue.pump();
    expect(sent).toEqual(["create ask_1", "cancel resp_1"]);
  });

  it("VOICE-143 the server's own that is told of late, in the next speech, is void too: it was interrupted", () => {
    const { queue, sent } = recorded();
    queue.turnEnded("item_1");
    queue.speechStarted();
    expect(queue.created("resp_1", null)).toBe(false);
    expect(queue.done("resp_1")).toBe(false);
    queue.turnEnded("item_2");
    expect(queue.created("resp_2", null)).toBe(true);
    expect(sent).toEqual(["cancel resp_1"]);
  });

  it("VOICE-141 an ask that is refused for a response nobody was told of waits for its end", () => {
    const { queue, sent } = recorded();
    queue.say({});
    queue.pump();
    queue.refused("ask_1");
    queue.pump();
    expect(sent).toEqual(["create ask_1"]);
    expect(queue.phase).toBe("active");
    queue.created("resp_1", null);
    queue.done("resp_1");
    queue.pump();
    expect(sent).toEqual(["create ask_1", "create ask_2"]);
  });

  it("VOICE-143 words to say do not wait for the end of the caller's speech", () => {
    const { queue, sent } = recorded();
    queue.speechStarted();
    queue.answer({});
    queue.say({});
    queue.pump();
    expect(queue.created("resp_1", "ask_1")).toBe(true);
    expect(sent).toEqual(["create ask_1"]);
  });

  it("VOICE-143 without vad no turn brings a response by itself, and open speech has no end", () => {
    const { queue, sent } = recorded();
    queue.speechStarted();
    queue.setVad(false);
    queue.turnEnded("item_1");
    queue.answer({});
    queue.pump();
    expect(sent).toEqual(["create ask_1"]);
  });

  it.each([
    [200, 150, 100],
    // In a long race a later reply makes up for one that was lost.
    [5_000, 20, 500],
  ])(
    "VOICE-144 in %i random races of %i steps nothing is left without a reply, and nothing gets two",
    (races, steps, lost) => {
      let refusals = 0;
      for (let seed = 1; seed <= races; seed += 1) {
        const race = new Race(randomOf(seed));
        race.run(steps);
        expect({ seed, ...race.verdict }).toEqual({ seed, dropped: [], doubled: [], unsaid: [], overlaps: 0 });
        refusals += race.refusals;
      }
      // Races that nobody loses would show nothing.
      expect(refusals).toBeGreaterThan(lost);
    },
  );
});
