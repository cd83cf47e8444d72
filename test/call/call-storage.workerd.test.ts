import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { NEW_PROGRESS } from "../../src/call/call-facts.ts";
import { CallStorage } from "../../src/call/call-storage.ts";
import { Outbox } from "../../src/call/outbox.ts";
import { LIMITS } from "../../src/limits.ts";
import type { TurnRecord } from "../../src/protocol/call-record.ts";
import { ManualClock } from "../standins/clock.ts";

const turn = (seq: number, revision = 1): TurnRecord => ({
  seq,
  revision,
  speaker: "caller",
  startedAtMs: 1,
  text: `turn ${seq}`,
  heardText: null,
  toolCall: null,
  timings: null,
  usage: null,
  failure: null,
});

/** Runs in an object of its own, whose storage nobody else has touched. */
const withStorage = (name: string, run: (storage: CallStorage) => Promise<void> | void): Promise<void> =>
  runInDurableObject(env.CALL.get(env.CALL.idFromName(name)), async (_object, state) => {
    await run(new CallStorage(state.storage.sql));
  });

describe("the object's storage", () => {
  it("KEEP-1 gives the turns of the outbox in order, and again until they are archived", async () => {
    await withStorage("keep-1", (storage) => {
      storage.keepTurn(turn(2));
      storage.keepTurn(turn(1));
      storage.keepProgress(NEW_PROGRESS);
      const batch = storage.outbox();
      expect(batch?.turns.map(({ seq }) => seq)).toEqual([1, 2]);
      expect(storage.outbox()).toEqual(batch);
      if (batch) storage.archived(batch);
      expect(storage.outbox()).toBeUndefined();
    });
  });

  it("KEEP-2 keeps a turn in the outbox that changed while it was being archived", async () => {
    await withStorage("keep-2", (storage) => {
      storage.keepTurn(turn(1));
      const batch = storage.outbox();
      storage.keepTurn(turn(1, 2));
      if (batch) storage.archived(batch);
      expect(storage.outbox()?.turns).toMatchObject([{ seq: 1, revision: 2 }]);
    });
  });

  it("KEEP-3 takes a ticket once", async () => {
    await withStorage("keep-3", (storage) => {
      expect([storage.useTicket("a"), storage.useTicket("a"), storage.useTicket("b")]).toEqual([true, false, true]);
    });
  });

  it("KEEP-4 knows nothing of a forgotten call but that it is over", async () => {
    await withStorage("keep-4", (storage) => {
      storage.keepTurn(turn(1));
      storage.forget();
      expect(storage.read()).toBe("over");
      expect(storage.outbox()).toBeUndefined();
    });
  });
});

describe("the outbox", () => {
  it("KEEP-5 tries again after 1, 2, 4 … 60 s, and stores each row once", async () => {
    await withStorage("keep-5", async (storage) => {
      let nowMs = 0;
      let isUp = false;
      const stored: number[] = [];
      const outbox = new Outbox(
        storage,
        async (turns) => {
          if (!isUp) throw new Error("down");
          stored.push(...turns.map(({ seq }) => seq));
          return "stored";
        },
        () => nowMs,
        () => () => {},
      );
      storage.keepTurn(turn(1));
      const waits: number[] = [];
      for (let attempt = 0; attempt < 9; attempt++) {
        await outbox.drain();
        waits.push((outbox.retryAtMs ?? 0) - nowMs);
        nowMs = outbox.retryAtMs ?? nowMs;
      }
      expect(waits.map((ms) => ms / 1_000)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
      expect(waits.at(-1)).toBe(LIMITS.outboxRetryMaxMs);
      isUp = true;
      storage.keepTurn(turn(2));
      await Promise.all([outbox.drain(), outbox.drain()]);
      expect(stored).toEqual([1, 2]);
      expect(outbox).toMatchObject({ isEmpty: true, retryAtMs: undefined });
    });
  });

  it("KEEP-6 stops when the student was erased", async () => {
    await withStorage("keep-6", async (storage) => {
      const outbox = new Outbox(
        storage,
        async () => "student-gone",
        Date.now,
        () => () => {},
      );
      storage.keepTurn(turn(1));
      await outbox.drain();
      expect(outbox).toMatchObject({ isStudentGone: true, isEmpty: false });
    });
  });
});

describe("the pace of the outbox", () => {
  it("KEEP-7 lets turns in quick succession travel together, and the first and the last at once", async () => {
    await withStorage("keep-7", async (storage) => {
      const clock = new ManualClock();
      const outbox = new Outbox(storage, async () => "stored", clock.now, clock.startTimer);
      let drains = 0;
      const drain = (): void => {
        drains += 1;
        void outbox.drain();
      };
      outbox.paced(drain);
      expect(drains).toBe(1);
      clock.advance(100);
      outbox.paced(drain);
      outbox.paced(drain);
      expect(drains).toBe(1);
      clock.advance(LIMITS.outboxPaceMs);
      expect(drains).toBe(2);
      clock.advance(LIMITS.outboxPaceMs);
      outbox.paced(drain);
      expect(drains).toBe(3);
    });
  });
});
