import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { LIMITS } from "../../src/limits.ts";
import type { EndReason, TurnRecord, WayIn } from "../../src/protocol/call-record.ts";
import { NO_USAGE } from "../../src/protocol/call-record.ts";
import { callIdFrom, parseSessionToken, parseWorkshopId } from "../../src/protocol/ids.ts";
import { archiveCall } from "../../src/store/calls.ts";
import { metricsOf, type WorkshopMetrics } from "../../src/store/metrics.ts";
import { type DatabaseUnderTest, OPEN_MS, openDatabaseUnderTest } from "./database-under-test.ts";

const Param = z.union([z.string(), z.number().transform(String), z.null()]);
const Batch = z.object({ queries: z.array(z.object({ query: z.string(), params: z.array(Param) })) });

const HOUR_MS = 3_600_000;
const FROM = Date.UTC(2026, 10, 22, 9);
const RANGE = { fromMs: FROM, toMs: FROM + 24 * HOUR_MS, spans: 24 };
const ada = parseSessionToken("wst_ada")!;
const autumn = parseWorkshopId("autumn")!;
const winter = parseWorkshopId("winter")!;

interface GivenCall {
  readonly atMs?: number;
  readonly wayIn?: WayIn;
  readonly endReason?: EndReason | null;
  readonly workshopId?: typeof autumn;
  /** One answer each, so long after its question; `null`: it has no time. */
  readonly latenciesMs?: readonly (number | null)[];
  /** One answer each that failed so. */
  readonly failures?: readonly string[];
}

let under: DatabaseUnderTest;
beforeAll(async () => {
  under = await openDatabaseUnderTest();
  await under.migrate();
}, OPEN_MS);
afterAll(() => under.close());
beforeEach(async () => {
  await under.sql("delete from student_configs");
  await under.sql("delete from workshops");
  await under.sql("insert into workshops (id, name, join_code) values ('autumn', 'A', 'A-1'), ('winter', 'W', 'W-1')");
  await under.sql("insert into student_configs (session_token) values ('wst_ada')");
});

async function givenCall(given: GivenCall = {}): Promise<string> {
  const { atMs = FROM, wayIn = "browser", workshopId = autumn, latenciesMs = [], failures = [] } = given;
  const { endReason = "caller-left" } = given;
  const id = callIdFrom(crypto.getRandomValues(new Uint8Array(16)));
  const answer = { revision: 1, text: "", heardText: null, toolCall: null, usage: null } as const;
  const turns = [
    ...latenciesMs.map((turnLatencyMs) => ({ turnLatencyMs, failure: null })),
    ...failures.map((failure) => ({ turnLatencyMs: 5, failure })),
  ].map(({ turnLatencyMs, failure }, at): TurnRecord => {
    const timings = { ttftMs: 1, ttfbMs: null, turnLatencyMs, heardLatencyMs: null, turnMs: 1 };
    return { ...answer, seq: at + 1, speaker: "agent", startedAtMs: atMs + 1_000 * (at + 1), timings, failure };
  });
  await archiveCall(under.db, {
    call: {
      id,
      revision: 1,
      sessionToken: ada,
      workshopId,
      wayIn,
      startedAtMs: atMs,
      endedAtMs: endReason && atMs + 60_000,
      endReason,
      keySource: "student",
      model: "gpt-6-luna",
      transcriptionModel: null,
      usage: NO_USAGE,
    },
    turns,
  });
  return id;
}

async function metrics(range = RANGE): Promise<WorkshopMetrics> {
  const found = await metricsOf(under.db, autumn, range);
  if (!found) throw new Error("no such workshop");
  return found;
}

const NOBODY = { count: 0, p50Ms: null, p95Ms: null };

describe("the metrics of a workshop", () => {
  it("METRICS-1 of a workshop in which nobody called are zeros, spans without gaps, and no latency", async () => {
    const found = await metrics();
    expect(found).toEqual({
      calls: 0,
      byWayIn: {
        browser: { calls: 0, turnLatency: NOBODY },
        "conversation-relay": { calls: 0, turnLatency: NOBODY },
        "media-streams": { calls: 0, turnLatency: NOBODY },
      },
      turnLatency: NOBODY,
      ends: [],
      errors: [],
      spans: Array.from({ length: 24 }, (_, at) => {
        return { atMs: FROM + at * HOUR_MS, calls: 0, p50Ms: null, p95Ms: null, errors: 0 };
      }),
    });
    expect(await metricsOf(under.db, parseWorkshopId("nowhere")!, RANGE)).toBeUndefined();
  });

  it("METRICS-2 half of the answers came within p50 and 95 of 100 within p95, by way in and all together", async () => {
    const upTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1);
    await givenCall({ latenciesMs: upTo(100) });
    await givenCall({ wayIn: "media-streams", latenciesMs: [700.4, null], failures: ["no_credit"] });
    await givenCall({ wayIn: "conversation-relay", latenciesMs: [900, 300] });
    const { byWayIn, turnLatency, calls } = await metrics();
    expect(byWayIn).toEqual({
      browser: { calls: 1, turnLatency: { count: 100, p50Ms: 50, p95Ms: 95 } },
      "media-streams": { calls: 1, turnLatency: { count: 1, p50Ms: 700, p95Ms: 700 } },
      "conversation-relay": { calls: 1, turnLatency: { count: 2, p50Ms: 300, p95Ms: 900 } },
    });
    expect([calls, turnLatency]).toEqual([3, { count: 103, p50Ms: 52, p95Ms: 98 }]);
  });

  it("METRICS-3 each call is in the span in which it began, and none outside of the range or of another workshop", async () => {
    await givenCall({ atMs: FROM - 1, latenciesMs: [1], failures: ["upstream_timeout"] });
    await givenCall({ atMs: FROM, latenciesMs: [10] });
    await givenCall({ atMs: FROM + HOUR_MS - 1, latenciesMs: [30], failures: ["upstream_timeout"] });
    await givenCall({ atMs: FROM + HOUR_MS, latenciesMs: [50] });
    await givenCall({ atMs: FROM + 24 * HOUR_MS - 1, endReason: null });
    await givenCall({ atMs: FROM + 24 * HOUR_MS, endReason: "lost" });
    await givenCall({ workshopId: winter, latenciesMs: [1], endReason: "lost" });
    const { calls, spans, ends, errors, turnLatency } = await metrics();
    expect(calls).toBe(4);
    expect(spans.filter((span) => span.calls > 0)).toEqual([
      { atMs: FROM, calls: 2, p50Ms: 10, p95Ms: 30, errors: 1 },
      { atMs: FROM + HOUR_MS, calls: 1, p50Ms: 50, p95Ms: 50, errors: 0 },
      { atMs: FROM + 23 * HOUR_MS, calls: 1, p50Ms: null, p95Ms: null, errors: 0 },
    ]);
    // A call that goes on has not ended.
    expect(ends).toEqual([{ endReason: "caller-left", calls: 3 }]);
    expect([errors.map(({ count }) => count), turnLatency.count]).toEqual([[1], 3]);
  });

  it("METRICS-4 errors are what turns failed with and ends that no turn explains, the most frequent first", async () => {
    await givenCall({ failures: ["upstream_timeout", "upstream_timeout"] });
    await givenCall({ atMs: FROM + HOUR_MS, failures: ["upstream_timeout"], endReason: "lost" });
    await givenCall({ failures: ["key_rejected"], endReason: "key-failed" });
    await givenCall({ endReason: "key-failed" });
    await givenCall({ endReason: "budget" });
    await givenCall({ atMs: FROM + 2 * HOUR_MS, endReason: "budget" });
    const { errors, ends, spans } = await metrics();
    expect(errors).toEqual([
      { code: "upstream_timeout", count: 3, lastAtMs: FROM + HOUR_MS + 1_000 },
      { code: "budget", count: 2, lastAtMs: FROM + 2 * HOUR_MS + 60_000 },
      { code: "lost", count: 1, lastAtMs: FROM + HOUR_MS + 60_000 },
      { code: "key-failed", count: 1, lastAtMs: FROM + 60_000 },
      { code: "key_rejected", count: 1, lastAtMs: FROM + 1_000 },
    ]);
    expect(ends).toEqual([
      { endReason: "key-failed", calls: 2 },
      { endReason: "budget", calls: 2 },
      { endReason: "caller-left", calls: 1 },
      { endReason: "lost", calls: 1 },
    ]);
    expect(spans.slice(0, 4).map((span) => span.errors)).toEqual([5, 2, 1, 0]);
  });

  it("METRICS-5 limits that were set and what somebody has decided are no errors", async () => {
    const said = ["budget_low", "silence", "call_cap", "revoked", "workshop_paused", "workshop_closed"];
    await givenCall({ failures: said, endReason: "silence" });
    for (const endReason of ["agent-ended", "handed-over", "call-cap", "revoked", "paused"] as const) {
      await givenCall({ endReason });
    }
    const { errors, ends } = await metrics();
    expect(errors).toEqual([]);
    expect(ends).toHaveLength(6);
  });

  it("METRICS-6 what no one can read of a row counts nothing and breaks nothing", async () => {
    const id = await givenCall({
      latenciesMs: [10, 20, 30, 40, 50, 60, 70, 80],
      failures: ["upstream_lost", "x", "y"],
    });
    const timings = ['"{}"', "[1]", '{"turnLatencyMs":"9"}', '{"turnLatencyMs":-1}', '{"turnLatencyMs":1e300}', "null"];
    for (const [at, json] of timings.entries()) {
      await under.sql(
        "update turns set timings = $1::jsonb where call_id = $2 and seq = $3::int",
        json,
        id,
        `${at + 1}`,
      );
    }
    await under.sql("update turns set failure = 'sk-secret or words' where call_id = $1 and seq = 10", id);
    await under.sql("update turns set speaker = 'ghost' where call_id = $1 and seq = 7", id);
    await under.sql("update turns set started_at = 'infinity' where call_id = $1 and failure = 'upstream_lost'", id);
    const wayless = await givenCall({ latenciesMs: [1_000] });
    await under.sql("update calls set way_in = 'pigeon' where id = $1", wayless);
    const endless = await givenCall({ endReason: "lost" });
    await under.sql("update calls set ended_at = '290000-01-01' where id = $1", endless);
    const unknown = await givenCall();
    await under.sql("update calls set end_reason = 'asleep' where id = $1", unknown);
    const never = await givenCall();
    await under.sql("update calls set started_at = '-infinity' where id = $1", never);
    const { calls, turnLatency, ends, errors } = await metrics();
    expect([calls, turnLatency]).toEqual([3, { count: 1, p50Ms: 80, p95Ms: 80 }]);
    expect(ends.map(({ endReason }) => endReason)).toEqual(["caller-left", "lost"]);
    // A time that can be none of the call's is its beginning.
    expect(errors).toEqual([
      { code: "upstream_lost", count: 1, lastAtMs: FROM },
      { code: "lost", count: 1, lastAtMs: FROM },
    ]);
  });

  it("METRICS-7 of 100,000 turns is one request, quick, and reads no turns of other workshops", {
    timeout: 120_000,
  }, async () => {
    await under.sql(`insert into calls (id, session_token, workshop_id, way_in, started_at, ended_at, end_reason, key_source, model, usage, revision)
      select 'c' || n, 'wst_ada', 'w' || n % 20, 'browser', to_timestamp(${FROM / 1_000} + n % 86400), to_timestamp(${FROM / 1_000} + n % 86400 + 60), 'caller-left', 'student', 'm', '{}', 1
      from generate_series(1, 10000) n`);
    await under.sql(`insert into turns (call_id, seq, revision, speaker, started_at, text, timings)
      select 'c' || 1 + n / 10 % 10000, n % 10, 1, 'agent', now(), 'words', jsonb_build_object('turnLatencyMs', n % 1000) from generate_series(0, 99999) n`);
    await under.sql("update calls set workshop_id = 'autumn' where workshop_id = 'w1'");
    await under.sql("analyze calls");
    await under.sql("analyze turns");
    const sent = vi.spyOn(globalThis, "fetch");
    const startedMs = performance.now();
    const found = await metrics();
    const tookMs = performance.now() - startedMs;
    const [request, ...more] = sent.mock.calls.map(([, init]) => Batch.parse(JSON.parse(z.string().parse(init?.body))));
    sent.mockRestore();
    expect(more).toEqual([]);
    expect([found.calls, found.turnLatency.count]).toEqual([500, 5_000]);
    expect(tookMs).toBeLessThan(LIMITS.databaseStartMs);
    const plans: string[] = [];
    for (const { query, params } of request?.queries ?? []) {
      const rows = await under.sql(`explain (costs off) ${query}`, ...params);
      plans.push(rows.map((row) => row["QUERY PLAN"]).join("\n"));
    }
    expect(plans.filter((plan) => plan.includes(" turns"))).toHaveLength(3);
    for (const plan of plans.slice(1)) {
      expect(plan).toContain("calls_workshop_id_started_at_idx");
      expect(plan).not.toContain("Seq Scan");
    }
    await under.sql("update calls set workshop_id = 'autumn'");
    const allStartedMs = performance.now();
    expect((await metrics()).turnLatency).toEqual({ count: 100_000, p50Ms: 499, p95Ms: 949 });
    // What a REST request waits for its database.
    expect(performance.now() - allStartedMs).toBeLessThan(LIMITS.databaseStartMs);
  });
});
