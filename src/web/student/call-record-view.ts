import type { TurnMessage } from "../../protocol/call-messages.ts";
import { END_REASONS, KEY_SOURCES, WAYS_IN } from "../../protocol/call-record.ts";
import { readBill, readRepriced } from "../../protocol/read-bill.ts";
import { readCallMessage, readUsage } from "../../protocol/read-call-message.ts";
import { type Fields, fields, list, number, oneOf, orNull, Unreadable, words } from "../../protocol/read-fields.ts";
import type { CallReply, CallsReply, CallView, TurnView } from "../../protocol/rest.ts";

/** A call as the archive tells it: read field by field, like everything that comes over a wire. */

export type ArchivedCall = Omit<CallReply, "success">;
export type ListedCall = CallsReply["calls"][number];
export type CallPage = Omit<CallsReply, "success">;

/** @throws Unreadable */
export const readCallPage = (reply: Fields): CallPage => ({
  calls: list(reply.calls).map((value) => ({ ...readCall(value), turnCount: number(fields(value).turnCount) })),
  next: orNull(time, reply.next),
});

/** @throws Unreadable */
export const readArchivedCall = (reply: Fields): ArchivedCall => ({
  call: readCall(reply.call),
  turns: list(reply.turns).map(readTurn),
  bill: orNull(readBill, reply.bill),
  repriced: list(reply.repriced).map(readRepriced),
});

function readCall(value: unknown): CallView {
  const call = fields(value);
  return {
    id: words(call.id),
    wayIn: oneOf(WAYS_IN, call.wayIn),
    startedAt: time(call.startedAt),
    endedAt: orNull(time, call.endedAt),
    endReason: orNull((reason) => oneOf(END_REASONS, reason), call.endReason),
    keySource: oneOf(KEY_SOURCES, call.keySource),
    model: words(call.model),
    transcriptionModel: orNull(words, call.transcriptionModel),
    usage: readUsage(call.usage),
    costMicroUsd: orNull(number, call.costMicroUsd),
  };
}

/** A turn is what a live call sends of it, but for the form of its time. */
function readTurn(value: unknown): TurnView {
  const turn = fields(value);
  const startedAt = time(turn.startedAt);
  const message = readCallMessage({ ...turn, type: "turn", startedAtMs: Date.parse(startedAt) });
  if (message?.type !== "turn") throw new Unreadable();
  const { type: _, startedAtMs: __, ...shown } = message;
  return { ...shown, startedAt };
}

/** A time that is one. */
function time(value: unknown): string {
  const text = words(value);
  if (Number.isNaN(Date.parse(text))) throw new Unreadable();
  return text;
}

/** As the call's own screen was sent it. */
export const turnMessageOf = ({ startedAt, ...turn }: TurnView): TurnMessage => ({
  type: "turn",
  ...turn,
  startedAtMs: Date.parse(startedAt),
});

/** How long it lasted, in milliseconds; null: it has not ended, or nobody saw it end. */
export const lastedMs = ({ startedAt, endedAt }: CallView): number | null =>
  endedAt === null ? null : Math.max(0, Date.parse(endedAt) - Date.parse(startedAt));
