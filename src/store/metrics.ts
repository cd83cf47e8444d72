import { and, count, eq, gte, inArray, isNull, lt, or, type SQL, sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import { FAILURES, type Reason } from "../failure.ts";
import { END_REASONS, type EndReason, WAYS_IN, type WayIn } from "../protocol/call-record.ts";
import type { WorkshopId } from "../protocol/ids.ts";
import type { MetricsReply, Spread } from "../protocol/observed.ts";
import { ask, type Database } from "./database.ts";
import { countOf, msOf, textOf } from "./reading.ts";
import { calls, turns, workshops } from "./schema.ts";

/** From when to when calls began, and in how many equal spans; times in milliseconds since 1970. */
export interface MetricsRange {
  readonly fromMs: number;
  /** Not in it any more. */
  readonly toMs: number;
  readonly spans: number;
}

/** {@link MetricsReply} in milliseconds since 1970. */
export interface WorkshopMetrics {
  readonly calls: number;
  readonly byWayIn: MetricsReply["byWayIn"];
  readonly turnLatency: Spread;
  readonly ends: MetricsReply["ends"];
  readonly errors: readonly CountedError[];
  readonly spans: readonly SpanMetrics[];
}

export interface CountedError {
  readonly code: string;
  readonly count: number;
  readonly lastAtMs: number;
}

export interface SpanMetrics {
  readonly atMs: number;
  readonly calls: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly errors: number;
}

/** A caller is told of these, and nothing has failed: limits that were set, and what somebody has decided. */
const NO_ERRORS: readonly Reason[] = [
  "budget_low",
  "silence",
  "call_cap",
  "revoked",
  "workshop_paused",
  "workshop_closed",
];
const ERROR_CODES = Object.keys(FAILURES).filter((code) => !NO_ERRORS.some((reason) => reason === code));
/** Ends that went wrong: of the first no turn says why, of the others one often does, and then that is what is counted. */
const SILENT_FAILED_ENDS: readonly EndReason[] = ["lost", "policy"];
const SPOKEN_FAILED_ENDS: readonly EndReason[] = ["key-failed", "upstream-failed", "refused", "budget"];
/** No answer took longer, whatever a row says. */
const ANSWER_MAX_MS = 24 * 60 * 60_000;

/**
 * How the calls of a workshop went that began in a range, summed by the database: one request, and what comes back
 * grows with the spans and codes, not with the calls. What is not readable of a row counts nothing. `undefined` when there
 * is no such workshop.
 *
 * @throws Failure `database_unavailable`.
 */
export async function metricsOf(
  db: Database,
  workshopId: WorkshopId,
  range: MetricsRange,
): Promise<WorkshopMetrics | undefined> {
  const inRange = and(
    eq(calls.workshopId, workshopId),
    gte(calls.startedAtMs, range.fromMs),
    lt(calls.startedAtMs, range.toMs),
    inArray(calls.wayIn, [...WAYS_IN]),
  );
  const span = spanIn(range);
  const failed = failedTurns(db);
  const [found, callRows, latencyRows, turnErrors, endErrors] = await ask(
    db.batch([
      db.select({ id: workshops.id }).from(workshops).where(eq(workshops.id, workshopId)),
      db
        .select({ wayIn: calls.wayIn, endReason: KNOWN_END, span, calls: count() })
        .from(calls)
        .where(inRange)
        .groupBy(sql`1, 2, 3`),
      db
        .select({ wayIn: ONE_WAY_IN, span: sql<number | null>`${span}`.mapWith(Number), ...SPREAD_COLUMNS })
        .from(calls)
        .innerJoin(turns, eq(turns.callId, calls.id))
        .where(and(inRange, IS_ANSWER, sql`${LATENCY_MS} between 0 and ${ANSWER_MAX_MS}`))
        .groupBy(sql`grouping sets ((), (1), (2))`),
      db
        .select({ code: failed.code, span, count: total(failed.count), lastAtMs: latest(failed.lastAtMs) })
        .from(calls)
        .crossJoinLateral(failed)
        .where(inRange)
        .groupBy(sql`1, 2`),
      db
        .select({ code: calls.endReason, span, count: count(), lastAtMs: latest(during(calls.endedAtMs)) })
        .from(calls)
        .where(and(inRange, HAS_FAILED))
        .groupBy(sql`1, 2`),
    ]),
  );
  if (found.length === 0) return undefined;
  const errors = [...turnErrors, ...endErrors].flatMap((row) => errorOf(row) ?? []);
  const spreadIn = (wayIn: WayIn | null, at: number | null): Spread =>
    spreadOf(latencyRows.find((row) => row.wayIn === wayIn && row.span === at));
  const callsIn = (isIn: (row: (typeof callRows)[number]) => boolean): number => sumOf(callRows.filter(isIn), "calls");
  const ofWayIn = (wayIn: WayIn) => ({
    calls: callsIn((row) => row.wayIn === wayIn),
    turnLatency: spreadIn(wayIn, null),
  });
  return {
    calls: callsIn(() => true),
    byWayIn: {
      browser: ofWayIn("browser"),
      "conversation-relay": ofWayIn("conversation-relay"),
      "media-streams": ofWayIn("media-streams"),
    },
    turnLatency: spreadIn(null, null),
    ends: END_REASONS.map((endReason) => ({ endReason, calls: callsIn((row) => row.endReason === endReason) }))
      .filter((end) => end.calls > 0)
      .toSorted((a, b) => b.calls - a.calls),
    errors: byCode(errors),
    // The database numbers buckets from 1.
    spans: Array.from({ length: range.spans }, (_, at) => {
      const { p50Ms, p95Ms } = spreadIn(null, at + 1);
      return {
        atMs: range.fromMs + Math.round((at * (range.toMs - range.fromMs)) / range.spans),
        calls: callsIn((row) => row.span === at + 1),
        p50Ms,
        p95Ms,
        errors: sumOf(
          errors.filter((error) => error.span === at + 1),
          "count",
        ),
      };
    }),
  };
}

const spanIn = ({ fromMs, toMs, spans }: MetricsRange) =>
  sql<number>`width_bucket(extract(epoch from ${calls.startedAtMs}) * 1000, ${fromMs}::numeric, ${toMs}::numeric, ${spans}::int)`.mapWith(
    Number,
  );

/** Words that are no end of ours are no more groups than one. */
const KNOWN_END = sql<
  string | null
>`case when ${inArray(calls.endReason, [...END_REASONS])} then ${calls.endReason} end`;

/** In a grouping set without it: null. */
const ONE_WAY_IN = sql<string | null>`${calls.wayIn}`;

/** What is no number is no latency, and breaks nothing. */
const LATENCY_MS = sql`case when jsonb_typeof(${turns.timings} -> 'turnLatencyMs') = 'number' then (${turns.timings} ->> 'turnLatencyMs')::numeric end`;

/** What failed is an error and no answer: a key without credit is told of within a moment. */
const IS_ANSWER = and(eq(turns.speaker, "agent"), isNull(turns.failure));

const percentile = (share: number) =>
  sql<number>`round(percentile_disc(${sql.raw(String(share))}) within group (order by ${LATENCY_MS}))`.mapWith(Number);

const SPREAD_COLUMNS = { count: count(), p50Ms: percentile(0.5), p95Ms: percentile(0.95) };

/** A time that can be none of this call's is taken for its beginning. */
const during = (at: PgColumn): SQL =>
  sql`extract(epoch from case when ${at} between ${calls.startedAtMs} and ${calls.startedAtMs} + interval '1 day' then ${at} else ${calls.startedAtMs} end) * 1000`;
const latest = (ms: SQL | SQL.Aliased) => sql<number>`max(${ms})`.mapWith(Number);
const total = (counts: SQL | SQL.Aliased) => sql<number>`sum(${counts})`.mapWith(Number);

/** Failed turns of one call by their code. Summed up call by call: joined, it would begin with the failures of all. */
const failedTurns = (db: Database) =>
  db
    .select({
      code: sql<string>`${turns.failure}`.as("code"),
      count: sql<number>`count(*)`.as("failures"),
      lastAtMs: sql<number>`max(${during(turns.startedAtMs)})`.as("last_at_ms"),
    })
    .from(turns)
    .where(and(eq(turns.callId, calls.id), inArray(turns.failure, ERROR_CODES)))
    .groupBy(turns.failure)
    .as("failed");

const HAS_FAILED = or(
  inArray(calls.endReason, [...SILENT_FAILED_ENDS]),
  and(
    inArray(calls.endReason, [...SPOKEN_FAILED_ENDS]),
    sql`not exists (select 1 from ${turns} where ${turns.callId} = ${calls.id} and ${inArray(turns.failure, ERROR_CODES)})`,
  ),
);

interface ErrorInSpan extends CountedError {
  readonly span: number;
}

function errorOf({
  code,
  span,
  count,
  lastAtMs,
}: Readonly<Record<keyof ErrorInSpan, unknown>>): ErrorInSpan | undefined {
  const known = textOf(code);
  const inSpan = countOf(span);
  const atMs = msOf(lastAtMs);
  if (known === null || inSpan === null || atMs === null) return undefined;
  return { code: known, span: inSpan, count: countOf(count) ?? 0, lastAtMs: atMs };
}

/** The most frequent first, of as many the latest. */
function byCode(errors: readonly ErrorInSpan[]): CountedError[] {
  const codes = Map.groupBy(errors, ({ code }) => code);
  return [...codes]
    .map(([code, of]) => ({
      code,
      count: sumOf(of, "count"),
      lastAtMs: Math.max(...of.map((error) => error.lastAtMs)),
    }))
    .toSorted((a, b) => b.count - a.count || b.lastAtMs - a.lastAtMs);
}

function spreadOf(row: Readonly<Record<keyof typeof SPREAD_COLUMNS, unknown>> | undefined): Spread {
  return { count: countOf(row?.count) ?? 0, p50Ms: msOf(row?.p50Ms), p95Ms: msOf(row?.p95Ms) };
}

const sumOf = <Field extends string>(rows: readonly Readonly<Record<Field, number>>[], field: Field): number =>
  rows.reduce((sum, row) => sum + row[field], 0);
