import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { NEW_PROGRESS } from "../../src/call/call-facts.ts";
import { CallStart } from "../../src/call/call-start.ts";
import { CallStorage } from "../../src/call/call-storage.ts";
import { type Archive, Outbox } from "../../src/call/outbox.ts";
import { Failure } from "../../src/failure.ts";
import { LIMITS } from "../../src/limits.ts";
import { NO_USAGE } from "../../src/protocol/call-record.ts";
import type { Charge } from "../../src/protocol/charge.ts";
import { callIdFrom } from "../../src/protocol/ids.ts";

const charge = (seq: number, changed: Partial<Charge> = {}): Charge => ({
  seq,
  revision: 2,
  atMs: 1_000,
  kind: "response",
  state: "told",
  payer: "student",
  model: "gpt-6-luna",
  usage: { ...NO_USAGE, responses: 1, inputTokens: 9 },
  lineMs: 0,
  rawUsage: '{"input_tokens":9}',
  upstreamId: `resp_${seq}`,
  priceVersion: "1",
  costMicroUsd: 1,
  ...changed,
});

const START = CallStart.parse({
  version: 2,
  ...{ callId: callIdFrom(new Uint8Array(16)), sessionToken: "wst_kept", workshopId: null },
  ...{ wayIn: "conversation-relay", prompt: null, greeting: null, voice: null, toolsJson: [] },
  ...{ keySource: "student", sealedKey: null, sealedWebhookSecret: null, model: "gpt-6-luna" },
  ...{ startedAtMs: 1_000, callMaxMs: 1_000, resumable: false, carrierGreets: false, phoneCallId: null, ownHost: "h" },
});

/** A call that was kept, in an object of its own. */
const withCall = (name: string, run: (storage: CallStorage, again: () => CallStorage) => Promise<void> | void) =>
  runInDurableObject(env.CALL.get(env.CALL.idFromName(name)), async (_object, state) => {
    const storage = new CallStorage(state.storage);
    storage.open();
    storage.keepStart(START);
    storage.keepProgress(NEW_PROGRESS);
    await run(storage, () => new CallStorage(state.storage));
  });

const outboxOf = (storage: CallStorage, archive: Archive) =>
  new Outbox(
    storage,
    archive,
    () => 0,
    () => () => {},
    () => {},
  );

const chargesIn = (storage: CallStorage): readonly Charge[] => {
  const kept = storage.read();
  return kept === undefined || kept === "over" ? [] : kept.charges;
};

describe("the ledger in a call's storage", () => {
  it("KEEP-13 is read back as it was, the newest of each row", async () => {
    await withCall("keep-13", (storage, again) => {
      storage.keepCharge(charge(1, { state: "open", revision: 1 }));
      storage.keepCharge(charge(2, { costMicroUsd: null, rawUsage: null, upstreamId: null }));
      storage.keepCharge(charge(1));
      expect(chargesIn(again())).toEqual([
        charge(1),
        charge(2, { costMicroUsd: null, rawUsage: null, upstreamId: null }),
      ]);
    });
  });

  it("KEEP-14 is archived once a row is closed, and once", async () => {
    await withCall("keep-14", async (storage) => {
      const stored: string[] = [];
      const outbox = outboxOf(storage, async (_turns, charges) => {
        stored.push(...charges.map(({ seq, state }) => `${seq} ${state}`));
        return "stored";
      });
      storage.keepCharge(charge(1, { state: "open", revision: 1 }));
      storage.keepCharge(charge(2));
      await outbox.drain();
      expect(stored).toEqual(["2 told"]);
      storage.keepCharge(charge(1));
      expect(outbox.isEmpty).toBe(false);
      await outbox.drain();
      await outbox.drain();
      expect([stored, outbox.isEmpty]).toEqual([["2 told", "1 told"], true]);
      expect(chargesIn(storage)).toHaveLength(2);
    });
  });

  it("KEEP-15 travels in pieces, waits for an archive that is away, and gives up only the row that it will never take", async () => {
    await withCall("keep-15", async (storage) => {
      const rows = LIMITS.outboxBatchRows + 20;
      for (let seq = 1; seq <= rows; seq += 1) storage.keepCharge(charge(seq));
      let isAway = true;
      const stored = new Set<number>();
      const outbox = outboxOf(storage, async (_turns, charges) => {
        if (isAway) throw new Failure("database_unavailable");
        if (charges.some(({ seq }) => seq === 5)) throw new Failure("internal");
        for (const { seq } of charges) stored.add(seq);
        return "stored";
      });
      await outbox.drain();
      expect([stored.size, outbox.retryAtMs]).toEqual([0, LIMITS.outboxRetryMs]);
      isAway = false;
      await outbox.drain();
      expect([stored.size, stored.has(5), outbox.isEmpty]).toEqual([rows - 1, false, true]);
    });
  });

  it("KEEP-16 goes with the call when that is forgotten", async () => {
    await withCall("keep-16", (storage, again) => {
      storage.keepCharge(charge(1));
      void storage.forget("caller-left");
      expect(again().read()).toBe("over");
      expect(again().hasOutbox).toBe(false);
    });
  });
});
