import { Failure } from "../failure.ts";
import { type CallId, callIdFrom, parseCallId } from "../protocol/ids.ts";
import type { TraceReply } from "../protocol/observed.ts";
import { findTrace } from "../store/trace.ts";
import { callIdBytesFor, olderCallIdBytesFor } from "../vault/ticket.ts";
import type { ApiContext } from "./deps.ts";
import { endpoint } from "./endpoint.ts";
import { isoTime, isoTimeOrNull, succeeded } from "./replies.ts";
import { traceReply } from "./reply-schemas-observed.ts";

/** Of any workshop, and of students who belong to none: whoever runs the server looks here when a call went wrong. */
export const traceCall = endpoint("instructor", {
  summary:
    "What happened when in one call, by its id or, of a phone call, by Twilio's CallSid: times, codes, costs, and no word of it.",
  reply: traceReply,
  fails: ["not_found"],
  handle: async (c) => {
    const callIds = await callIdsOf(c);
    const trace = callIds.length > 0 ? await findTrace(c.env.database, callIds) : undefined;
    if (!trace) throw new Failure("not_found");
    const { call, studentId, costMicroUsd, events } = trace;
    return succeeded<TraceReply>(c, {
      success: true,
      call: {
        callId: call.id,
        workshopId: call.workshopId,
        studentId,
        wayIn: call.wayIn,
        keySource: call.keySource,
        model: call.model,
        transcriptionModel: call.transcriptionModel,
        startedAt: isoTime(call.startedAtMs),
        endedAt: isoTimeOrNull(call.endedAtMs),
        costMicroUsd,
      },
      events,
    });
  },
});

/** A phone call is known here by digests of its CallSid: one for each master key there is. */
async function callIdsOf(c: ApiContext): Promise<readonly CallId[]> {
  const given = c.req.param("callId");
  const callId = parseCallId(given);
  if (callId) return [callId];
  if (given === undefined || !/^CA[0-9a-f]{32}$/i.test(given)) return [];
  const keys = await c.env.masterKeys();
  const digests = [await callIdBytesFor(keys, given), ...(await olderCallIdBytesFor(keys, given))];
  return digests.map(callIdFrom);
}
