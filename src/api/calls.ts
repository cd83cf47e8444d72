import { Failure } from "../failure.ts";
import { billOf } from "../pricing/bill.ts";
import { repriced } from "../pricing/reprice.ts";
import type { Bill } from "../protocol/bill.ts";
import { type CallRecord, shownToolCall, type TurnRecord, type Usage } from "../protocol/call-record.ts";
import { parseCallId } from "../protocol/ids.ts";
import type { CallReply, CallsReply, CallView, TurnView } from "../protocol/rest.ts";
import { type ArchivedCall, findCall, listCalls } from "../store/calls.ts";
import { endpoint } from "./endpoint.ts";
import { isoTime, isoTimeOrNull, succeeded } from "./replies.ts";
import { callReply, callsReply } from "./reply-schemas.ts";
import { callsQuery, cursorText } from "./schemas.ts";

export const listMyCalls = endpoint("student", {
  summary: "The student's calls, newest first, a page at a time.",
  query: callsQuery,
  reply: callsReply,
  fails: [],
  handle: async (c, { asker: { sessionToken }, query: { before, limit } }) => {
    const { calls, next } = await listCalls(c.env.database, sessionToken, { limit, before: before ?? null });
    return succeeded<CallsReply>(c, {
      success: true,
      calls: calls.map((call) => ({ ...callView(call, call.costMicroUsd), turnCount: call.turnCount })),
      next: next && cursorText(next),
    });
  },
});

/** Somebody else's call is not there. */
export const getMyCall = endpoint("student", {
  summary: "One call: transcript, tool calls, timings, usage, whose key, and the bill with its arithmetic.",
  reply: callReply,
  fails: ["not_found"],
  handle: async (c, { asker: { sessionToken } }) => {
    const callId = parseCallId(c.req.param("callId"));
    const found = callId && (await findCall(c.env.database, sessionToken, callId));
    if (!found) throw new Failure("not_found");
    return succeeded<CallReply>(c, {
      success: true,
      call: callView(found.call, found.costMicroUsd),
      turns: found.turns.map(turnView),
      bill: billOfCall(found),
      repriced: found.unreadableCharges > 0 ? [] : repriced(found.charges, found.call.startedAtMs),
    });
  },
});

/** `null`: from before there was a ledger. With a row that nobody can read the whole is more than its lines. */
function billOfCall({ charges, unreadableCharges, costMicroUsd }: ArchivedCall): Bill | null {
  if (unreadableCharges > 0) return { ...billOf(charges), costMicroUsd: null, phoneMicroUsd: null };
  return charges.length === 0 && costMicroUsd !== 0 ? null : billOf(charges);
}

const callView = (call: CallRecord, costMicroUsd: number | null): CallView => ({
  id: call.id,
  wayIn: call.wayIn,
  startedAt: isoTime(call.startedAtMs),
  endedAt: isoTimeOrNull(call.endedAtMs),
  endReason: call.endReason,
  keySource: call.keySource,
  model: call.model,
  transcriptionModel: call.transcriptionModel,
  usage: usageView(call.usage),
  costMicroUsd,
});

function turnView({ toolCall, timings, ...turn }: TurnRecord): TurnView {
  return {
    seq: turn.seq,
    speaker: turn.speaker,
    startedAt: isoTime(turn.startedAtMs),
    text: turn.text,
    heardText: turn.heardText,
    toolCall: toolCall && shownToolCall(toolCall),
    timings: timings && {
      ttftMs: timings.ttftMs,
      ttfbMs: timings.ttfbMs,
      turnLatencyMs: timings.turnLatencyMs,
      heardLatencyMs: timings.heardLatencyMs,
      turnMs: timings.turnMs,
    },
    usage: turn.usage && usageView(turn.usage),
    failure: turn.failure,
  };
}

const usageView = (usage: Usage): Usage => ({
  responses: usage.responses,
  inputTokens: usage.inputTokens,
  inputAudioTokens: usage.inputAudioTokens,
  cachedInputTokens: usage.cachedInputTokens,
  cachedInputAudioTokens: usage.cachedInputAudioTokens,
  cacheWriteTokens: usage.cacheWriteTokens,
  outputTokens: usage.outputTokens,
  outputAudioTokens: usage.outputAudioTokens,
  reasoningTokens: usage.reasoningTokens,
  transcriptions: usage.transcriptions,
  transcriptionInputTokens: usage.transcriptionInputTokens,
  transcriptionInputAudioTokens: usage.transcriptionInputAudioTokens,
  transcriptionOutputTokens: usage.transcriptionOutputTokens,
  transcriptionMs: usage.transcriptionMs,
  estimated: usage.estimated,
});
