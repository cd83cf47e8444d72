import { beforeEach, describe, expect, it } from "vitest";
import { Autosave, PAUSE_MS, type SaveAnswer } from "../../src/web/student/autosave.ts";
import { ManualClock } from "../standins/clock.ts";

interface Fields {
  readonly prompt?: string;
  readonly greeting?: string;
}

/** A server that answers when the test says so. */
class Server {
  readonly asked: Partial<Fields>[] = [];
  readonly #answers: ((answer: SaveAnswer) => void)[] = [];

  readonly send = (patch: Partial<Fields>): Promise<SaveAnswer> => {
    this.asked.push(patch);
    return new Promise((resolve) => this.#answers.push(resolve));
  };

  get waiting(): number {
    return this.#answers.length;
  }

  async answer(answer: SaveAnswer): Promise<void> {
    this.#answers.shift()?.(answer);
    await settled();
  }
}

const SAVED: SaveAnswer = { kind: "saved" };
const UNREACHED: SaveAnswer = { kind: "unreached" };
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
};

let clock: ManualClock;
let server: Server;
let changes: number;
let autosave: Autosave<Fields>;
beforeEach(() => {
  clock = new ManualClock();
  server = new Server();
  changes = 0;
  autosave = new Autosave<Fields>({ send: server.send, startTimer: clock.startTimer }, () => {
    changes += 1;
  });
});

async function pass(ms: number): Promise<void> {
  clock.advance(ms);
  await settled();
}
const stateOf = (name: keyof Fields): string | undefined => autosave.draft(name)?.state;

describe("saving what is typed", () => {
  it("AGENT-1 waits for a pause after the last keystroke, and sends the last words once", async () => {
    for (const prompt of ["Y", "Yo", "You"]) {
      autosave.edit({ prompt });
      await pass(PAUSE_MS - 1);
    }
    expect(server.asked).toEqual([]);
    await pass(1);
    expect(server.asked).toEqual([{ prompt: "You" }]);
    expect(stateOf("prompt")).toBe("saving");
    await server.answer(SAVED);
    expect([stateOf("prompt"), autosave.isUnsaved]).toEqual(["saved", false]);
    expect(changes).toBeGreaterThan(3);
    await pass(60_000);
    expect(server.asked).toHaveLength(1);
  });

  it("AGENT-1 gives every field its own pause: typing in one does not hold back another", async () => {
    autosave.edit({ prompt: "You are Juno." });
    await pass(PAUSE_MS - 50);
    autosave.edit({ greeting: "H" });
    await pass(50);
    expect(server.asked).toEqual([{ prompt: "You are Juno." }]);
  });

  it("AGENT-2 has one request under way, and what is typed meanwhile goes together with the next", async () => {
    autosave.edit({ prompt: "one" });
    await pass(PAUSE_MS);
    autosave.edit({ prompt: "two" });
    autosave.edit({ greeting: "Hi" });
    await pass(PAUSE_MS);
    expect(server.waiting).toBe(1);
    await server.answer(SAVED);
    expect(server.asked).toEqual([{ prompt: "one" }, { prompt: "two", greeting: "Hi" }]);
  });

  it("AGENT-3 keeps what was typed after a request was sent: its answer is no answer to that", async () => {
    autosave.edit({ prompt: "old" });
    await pass(PAUSE_MS);
    autosave.edit({ prompt: "new" });
    await server.answer(SAVED);
    expect(autosave.draft("prompt")).toMatchObject({ patch: { prompt: "new" }, state: "typing" });
    await pass(PAUSE_MS);
    expect(server.asked.at(-1)).toEqual({ prompt: "new" });
    await server.answer({ kind: "refused", sentence: "Too long.", field: "prompt" });
    autosave.edit({ prompt: "newer" });
    await pass(PAUSE_MS);
    await server.answer(SAVED);
    expect(autosave.draft("prompt")).toMatchObject({ patch: { prompt: "newer" }, state: "saved", sentence: null });
  });

  it("AGENT-4 tries again after 1, 2, 4 … 30 s where nobody answers, and loses nothing", async () => {
    autosave.edit({ prompt: "You are Juno." });
    await pass(PAUSE_MS);
    await server.answer(UNREACHED);
    expect([stateOf("prompt"), autosave.isUnreached]).toEqual(["unreached", true]);
    for (const afterMs of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      const before = server.asked.length;
      await pass(afterMs - 1);
      expect(server.asked).toHaveLength(before);
      await pass(1);
      expect(server.asked).toHaveLength(before + 1);
      await server.answer(UNREACHED);
    }
    await pass(30_000);
    await server.answer(SAVED);
    expect([stateOf("prompt"), autosave.isUnreached]).toEqual(["saved", false]);
    autosave.edit({ prompt: "You are Juno!" });
    await pass(PAUSE_MS);
    await server.answer(UNREACHED);
    await pass(1_000);
    expect(server.waiting).toBe(1);
  });

  it("AGENT-4 sends what waited together with what is typed next", async () => {
    autosave.edit({ prompt: "You are Juno." });
    await pass(PAUSE_MS);
    await server.answer(UNREACHED);
    autosave.edit({ greeting: "Hello!" });
    await pass(PAUSE_MS);
    expect(server.asked.at(-1)).toEqual({ prompt: "You are Juno.", greeting: "Hello!" });
  });

  it("AGENT-5 keeps a refused field with its reason, and saves the others without it", async () => {
    autosave.edit({ prompt: "x".repeat(9) });
    autosave.edit({ greeting: "Hello!" });
    void autosave.flush();
    await settled();
    expect(server.asked).toEqual([{ prompt: "xxxxxxxxx", greeting: "Hello!" }]);
    await server.answer({ kind: "refused", sentence: "Too long.", field: "prompt" });
    expect(autosave.draft("prompt")).toMatchObject({ state: "refused", sentence: "Too long." });
    expect(server.asked.at(-1)).toEqual({ greeting: "Hello!" });
    await server.answer(SAVED);
    expect(stateOf("greeting")).toBe("saved");
    await pass(60_000);
    expect(server.asked).toHaveLength(2);
    autosave.edit({ prompt: "x" });
    await pass(PAUSE_MS);
    expect(server.asked.at(-1)).toEqual({ prompt: "x" });
  });

  it("AGENT-5 blames every field of a request that was refused for nobody knows what", async () => {
    autosave.edit({ prompt: "one" });
    autosave.edit({ greeting: "two" });
    void autosave.flush();
    await settled();
    await server.answer({ kind: "refused", sentence: "You may not do this.", field: null });
    expect([stateOf("prompt"), stateOf("greeting")]).toEqual(["refused", "refused"]);
    await pass(60_000);
    expect(server.asked).toHaveLength(1);
  });

  it("AGENT-6 sends nothing of what the page itself objects to, not even when the page goes away", async () => {
    autosave.edit({ prompt: "sk-proj-0123456789" }, "Take the key out.");
    await pass(PAUSE_MS);
    await autosave.flush();
    autosave.leave();
    expect(server.asked).toEqual([]);
    expect(autosave.draft("prompt")).toMatchObject({ state: "refused", sentence: "Take the key out." });
    autosave.edit({ prompt: "You are Juno." });
    autosave.edit({ prompt: "sk-proj-0123456789" }, "Take the key out.");
    await pass(PAUSE_MS);
    expect(server.asked).toEqual([]);
  });

  it("AGENT-7 saves at once when asked to, and says when that is done", async () => {
    autosave.edit({ prompt: "one" });
    await pass(PAUSE_MS);
    autosave.edit({ prompt: "two" });
    let isDone = false;
    const done = autosave.flush().then(() => {
      isDone = true;
    });
    await settled();
    expect(server.asked).toEqual([{ prompt: "one" }]);
    await server.answer(SAVED);
    expect(server.asked.at(-1)).toEqual({ prompt: "two" });
    expect(isDone).toBe(false);
    await server.answer(SAVED);
    await done;
    expect(autosave.isUnsaved).toBe(false);
    await autosave.flush();
    expect(server.asked).toHaveLength(2);
  });

  it("AGENT-7 does not wait for ever for a server that is away", async () => {
    autosave.edit({ prompt: "one" });
    const done = autosave.flush();
    await settled();
    await server.answer(UNREACHED);
    await done;
    expect(stateOf("prompt")).toBe("unreached");
  });

  it("AGENT-8 sends what is unsent when the page goes away, beside the request under way", async () => {
    autosave.edit({ prompt: "one" });
    await pass(PAUSE_MS);
    autosave.edit({ greeting: "Hello!" });
    const last: Partial<Fields>[] = [];
    autosave.leave((patch) => last.push(patch));
    expect(last).toEqual([{ greeting: "Hello!" }]);
    await pass(PAUSE_MS);
    await server.answer(SAVED);
    await server.answer(SAVED);
    autosave.leave((patch) => last.push(patch));
    expect(last).toHaveLength(1);
  });

  it("AGENT-9 forgets everything when another student may be next", async () => {
    autosave.edit({ prompt: "mine" });
    autosave.forget();
    await pass(60_000);
    expect(server.asked).toEqual([]);
    expect(autosave.draft("prompt")).toBeUndefined();
    autosave.edit({ prompt: "mine" });
    await pass(PAUSE_MS);
    autosave.forget();
    await server.answer(UNREACHED);
    await pass(60_000);
    expect(server.asked).toHaveLength(1);
    expect(autosave.isUnsaved).toBe(false);
  });
});
