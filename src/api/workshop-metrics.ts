import { Failure } from "../failure.ts";
import type { MetricsReply } from "../protocol/observed.ts";
import { metricsOf } from "../store/metrics.ts";
import { endpoint } from "./endpoint.ts";
import { isoTime, succeeded } from "./replies.ts";
import { metricsReply } from "./reply-schemas-observed.ts";
import { metricsQuery } from "./schemas-workshop.ts";
import { workshopIdOf } from "./workshop-of.ts";

const HOUR_MS = 60 * 60_000;
const SPANS = 24;

export const showMetrics = endpoint("instructor", {
  summary: "How the calls of the last hours went: how many, how fast agents answered, how calls ended, what failed.",
  query: metricsQuery,
  reply: metricsReply,
  fails: ["not_found"],
  handle: async (c, { query: { hours } }) => {
    const toMs = c.env.now();
    const range = { fromMs: toMs - hours * HOUR_MS, toMs, spans: SPANS };
    const metrics = await metricsOf(c.env.database, workshopIdOf(c), range);
    if (!metrics) throw new Failure("not_found");
    return succeeded<MetricsReply>(c, {
      success: true,
      from: isoTime(range.fromMs),
      to: isoTime(range.toMs),
      calls: metrics.calls,
      byWayIn: metrics.byWayIn,
      turnLatency: metrics.turnLatency,
      ends: metrics.ends,
      errors: metrics.errors.map(({ code, count, lastAtMs }) => ({ code, count, lastAt: isoTime(lastAtMs) })),
      spans: metrics.spans.map(({ atMs, calls, p50Ms, p95Ms, errors }) => {
        return { at: isoTime(atMs), calls, p50Ms, p95Ms, errors };
      }),
    });
  },
});
