import { LIMITS } from "../limits.ts";
import { type ExportedCall, type ExportPlace, pageOfCalls } from "../store/exported-calls.ts";
import { type LedgerPlace, type LedgerRow, pageOfCharges } from "../store/ledger-pages.ts";
import { type Cell, money } from "./csv.ts";
import { csvReply } from "./csv-reply.ts";
import { endpoint } from "./endpoint.ts";
import { isoTime } from "./replies.ts";
import { workshopOf } from "./workshop-of.ts";

const CALL_COLUMNS = [
  "student",
  "student_id",
  "way_in",
  "started_at",
  "ended_at",
  "seconds",
  "payer",
  "model",
  "input_tokens",
  "output_tokens",
  "cost_usd",
  "end_reason",
] as const;

const CHARGE_COLUMNS = [
  "call_id",
  "seq",
  "student",
  "student_id",
  "at",
  "kind",
  "state",
  "payer",
  "model",
  "input_tokens",
  "input_audio_tokens",
  "cached_input_tokens",
  "cached_input_audio_tokens",
  "cache_write_tokens",
  "output_tokens",
  "output_audio_tokens",
  "reasoning_tokens",
  "transcription_input_tokens",
  "transcription_input_audio_tokens",
  "transcription_output_tokens",
  "transcription_ms",
  "phone_seconds",
  "price_version",
  "cost_usd",
  "upstream_id",
] as const;

export const exportCalls = endpoint("instructor", {
  summary: "The calls of a workshop, one a row, as CSV that is safe to open in a spreadsheet.",
  reply: "text/csv",
  fails: ["not_found"],
  handle: async (c) => {
    const { id, joinCode } = await workshopOf(c);
    return csvReply<ExportedCall, ExportPlace>(c, {
      fileName: `callroom-${joinCode}`,
      columns: CALL_COLUMNS,
      cellsOf: cellsOfCall,
      page: async (after) => {
        const { calls, next } = await pageOfCalls(c.env.database, id, { after, limit: LIMITS.exportPage });
        return { rows: calls, next };
      },
    });
  },
});

export const exportLedger = endpoint("instructor", {
  summary:
    "The ledger of a workshop, one charge a row, as CSV that is safe to open in a spreadsheet. An empty cost is not known; " +
    "a charge whose state is unreadable has cost something that nobody knows.",
  reply: "text/csv",
  fails: ["not_found"],
  handle: async (c) => {
    const { id, joinCode } = await workshopOf(c);
    return csvReply<LedgerRow, LedgerPlace>(c, {
      fileName: `callroom-${joinCode}-ledger`,
      columns: CHARGE_COLUMNS,
      cellsOf: cellsOfCharge,
      page: (after) => pageOfCharges(c.env.database, id, { after, limit: LIMITS.exportPage }),
    });
  },
});

function cellsOfCall({ studentName, studentId, call, costMicroUsd }: ExportedCall): Cell[] {
  const { startedAtMs, endedAtMs, usage } = call;
  return [
    studentName,
    studentId,
    call.wayIn,
    isoTime(startedAtMs),
    endedAtMs === null ? null : isoTime(endedAtMs),
    endedAtMs === null ? null : Math.max(0, endedAtMs - startedAtMs) / 1_000,
    call.keySource,
    call.model,
    usage.inputTokens,
    usage.outputTokens,
    money(costMicroUsd),
    call.endReason,
  ];
}

/** A row that nobody can read is there all the same: left out, its money would be missed by nobody. */
function cellsOfCharge({ callId, seq, charge, studentId, studentName }: LedgerRow): Cell[] {
  const whose = [callId, seq, studentName, studentId];
  if (!charge) return [...whose, null, null, "unreadable", ...CHARGE_COLUMNS.slice(7).map(() => null)];
  const { usage } = charge;
  return [
    ...whose,
    isoTime(charge.atMs),
    charge.kind,
    charge.state,
    charge.payer,
    charge.model,
    usage.inputTokens,
    usage.inputAudioTokens,
    usage.cachedInputTokens,
    usage.cachedInputAudioTokens,
    usage.cacheWriteTokens,
    usage.outputTokens,
    usage.outputAudioTokens,
    usage.reasoningTokens,
    usage.transcriptionInputTokens,
    usage.transcriptionInputAudioTokens,
    usage.transcriptionOutputTokens,
    usage.transcriptionMs,
    charge.lineMs / 1_000,
    charge.priceVersion,
    money(charge.costMicroUsd),
    charge.upstreamId,
  ];
}
