import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { NEW_PROGRESS } from "../../src/call/call-facts.ts";
import { CallStorage } from "../../src/call/call-storage.ts";
import { type Archive, Outbox } from "../../src/call/outbox.ts";
import { Failure } from "../../src/failure.ts";
import { LIMITS } from "../../src/limits.ts";
import { NO_USAGE, type TurnRecord } from "../../src/protocol/call-record.ts";
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

const opened = (storage: CallStorage): CallStorage => {
  storage.open();
  return storage;
};

/** Runs in an object of its own, whose storage nobody else has touched. */
const withStorage = (name: string, run: (storage: CallStorage) => Promise<void> | void): Promise<void> =>
  runInDurableObject(env.CALL.get(env.CALL.idFromName(name)), async (_object, state) => {
    await run(opened(new CallStorage(state.storage)));
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

  it("CLOSE-34 forgets a call whole: only that it is over stays, and that its ticket was used", async () => {
    await withStorage("close-34", async (storage) => {
      storage.keepTurn(turn(1));
      storage.keepProgress(NEW_PROGRESS);
      storage.countResume();
      expect(storage.useTicket("ticket")).toBe(true);
      await storage.forget("caller-left");
      expect([storage.read(), storage.endReason, storage.useTicket("ticket")]).toEqual(["over", "caller-left", false]);
      expect([storage.hasOutbox, storage.outbox(), storage.countResume()]).toEqual([false, undefined, 1]);
    });
  });

  it("KEEP-3 takes a ticket once", async () => {
    await withStorage("keep-3", (storage) => {
      expect([storage.useTicket("a"), storage.useTicket("a"), storage.useTicket("b")]).toEqual([true, false, true]);
    });
  });

  it("KEEP-9 is not touched by a question about a call that is not there", async () => {
    await runInDurableObject(env.CALL.get(env.CALL.idFromName("keep-9")), (_object, state) => {
      expect(new CallStorage(state.storage).read()).toBeUndefined();
      expect(
        state.storage.sql.exec("select name from sqlite_master where name in ('kept', 'turns')").toArray(),
      ).toEqual([]);
    });
  });

  it("KEEP-10 counts the tries of a phone to come back", async () => {
    await withStorage("keep-10", (storage) => {
      expect([storage.countResume(), storage.countResume(), storage.countResume()]).toEqual([1, 2, 3]);
    });
  });

  it("KEEP-12 knows who watches the call, and that the workshop was told of its end", async () => {
    await withStorage("keep-12", (storage) => {
      expect([storage.watch, storage.hasLeft]).toEqual([{ wall: false, page: false, snapshot: false }, false]);
      storage.keepWatch({ wall: true, page: false, snapshot: false });
      storage.keepLeft();
      expect([storage.watch.wall, storage.hasLeft]).toEqual([true, true]);
    });
  });

  it("KEEP-4 knows nothing of a forgotten call but that it is over", async () => {
    await withStorage("keep-4", (storage) => {
      storage.keepTurn(turn(1));
      void storage.forget("handed-over");
      expect(storage.read()).toBe("over");
      expect(storage.endReason).toBe("handed-over");
      expect(storage.outbox()).toBeUndefined();
    });
  });
});

/** As the version before calls with sound kept them: its object may be woken by ours. */
const KEPT_BEFORE = {
  usage: {
    responses: 1,
    inputTokens: 9,
    cachedInputTokens: 4,
    cacheWriteTokens: 0,
    outputTokens: 2,
    reasoningTokens: 0,
    estimated: false,
  },
  timings: { ttftMs: 210, turnLatencyMs: 250, turnMs: 900 },
  start: {
    version: 1,
    callId: "0123456789abcdefghjkmnpqrs",
    sessionToken: "wst_ada",
    workshopId: null,
    wayIn: "conversation-relay",
    prompt: null,
    greeting: null,
    voice: null,
    toolsJson: [],
    keySource: "student",
    sealedKey: "v2:sealed",
    sealedWebhookSecret: null,
    model: "gpt-6-luna",
    startedAtMs: 1,
    callMaxMs: 900_000,
    resumable: false,
    carrierGreets: false,
    phoneCallId: null,
    ownHost: "callroom.example",
  },
};

describe("a call that the version before has kept", () => {
  it("KEEP-11 is read, with no sound in what it used, timed and was begun with", async () => {
    await runInDurableObject(env.CALL.get(env.CALL.idFromName("keep-11")), (_object, state) => {
      const { sql } = state.storage;
      const storage = opened(new CallStorage(state.storage));
      storage.keepProgress(NEW_PROGRESS);
      const put = (name: string, value: unknown) =>
        sql.exec("insert into kept (name, json) values (?, ?)", name, JSON.stringify(value));
      put("start", KEPT_BEFORE.start);
      const { usage, timings } = KEPT_BEFORE;
      const json = JSON.stringify({ ...turn(1), speaker: "agent", usage, timings });
      sql.exec("insert into turns (seq, json) values (1, ?)", json);
      sql.exec("drop table charges");
      const kept = new CallStorage(state.storage).read();
      if (kept === undefined || kept === "over") throw new Error("the call is not there");
      expect(kept.charges).toEqual([]);
      const unknownThen = {
        ...{ transcriptionModel: null, language: null, turnEnd: null, patience: null },
        ...{ studentId: null, studentName: null, fromPage: false },
        ...{ lending: null, ownCapMicroUsd: null },
      };
      expect(kept.start).toEqual({ ...KEPT_BEFORE.start, ...unknownThen });
      expect(kept.turns).toEqual([
        {
          ...turn(1),
          speaker: "agent",
          usage: { ...NO_USAGE, responses: 1, inputTokens: 9, cachedInputTokens: 4, outputTokens: 2 },
          timings: { ttftMs: 210, ttfbMs: null, turnLatencyMs: 250, heardLatencyMs: null, turnMs: 900 },
        },
      ]);
    });
  });
});

describe("the outbox", () => {
  it("KEEP-5 tries again after 1, 2, 4 … 60 s, and stores each row once", async () => {
    await withStorage("keep-5", async (storage) => {
      let nowMs = 0;
      let isUp = false;
      const failures: (number | null)[] = [];
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
        (_rows, retryMs) => failures.push(retryMs),
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
      expect(failures).toEqual(waits);
    });
  });

  it("KEEP-6 stops when the student was erased", async () => {
    await withStorage("keep-6", async (storage) => {
      const outbox = new Outbox(
        storage,
        async () => "student-gone",
        Date.now,
        () => () => {},
        () => {},
      );
      storage.keepTurn(turn(1));
      await outbox.drain();
      expect(outbox).toMatchObject({ isStudentGone: true, isEmpty: false });
    });
  });
});

describe("a row that the archive will never take", () => {
  it("KEEP-8 is given up with a log line, and holds up no other", async () => {
    await withStorage("keep-8", async (storage) => {
      const stored: number[] = [];
      const givenUp: (number | null)[] = [];
      const archive: Archive = async (turns) => {
        if (turns.some(({ seq }) => seq === 2)) throw new Failure("internal");
        stored.push(...turns.map(({ seq }) => seq));
        return "stored";
      };
      const outbox = new Outbox(
        storage,
        archive,
        Date.now,
        () => () => {},
        (_rows, retryMs) => givenUp.push(retryMs),
      );
      for (const seq of [1, 2, 3]) storage.keepTurn(turn(seq));
      await outbox.drain();
      expect({ stored, givenUp, isEmpty: outbox.isEmpty }).toEqual({ stored: [1, 3], givenUp: [null], isEmpty: true });
    });
  });
});

describe("the pace of the outbox", () => {
  it("KEEP-7 lets turns in quick succession travel together, and the first and the last at once", async () => {
    await withStorage("keep-7", async (storage) => {
      const clock = new ManualClock();
      const outbox = new Outbox(
        storage,
        async () => "stored",
        clock.now,
        clock.startTimer,
        () => {},
      );
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
