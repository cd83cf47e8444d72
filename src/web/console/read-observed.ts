import { END_REASONS, type WayIn } from "../../protocol/call-record.ts";
import { type MetricsReply, NUMBER_TARGETS, type PhoneNumbersReply, type Spread } from "../../protocol/observed.ts";
import { type Fields, fields, list, number, oneOf, orNull, words } from "../../protocol/read-fields.ts";

/** How it runs, read field by field. Each of these throws `Unreadable`. */

export type Metrics = Omit<MetricsReply, "success">;

export const readMetrics = ({ from, to, calls, byWayIn, turnLatency, ends, errors, spans }: Fields): Metrics => ({
  from: words(from),
  to: words(to),
  calls: number(calls),
  byWayIn: readByWayIn(byWayIn),
  turnLatency: readSpread(turnLatency),
  ends: list(ends).map((value) => {
    const end = fields(value);
    return { endReason: oneOf(END_REASONS, end.endReason), calls: number(end.calls) };
  }),
  errors: list(errors).map((value) => {
    const { code, count, lastAt } = fields(value);
    return { code: words(code), count: number(count), lastAt: words(lastAt) };
  }),
  spans: list(spans).map((value) => {
    const span = fields(value);
    return {
      at: words(span.at),
      calls: number(span.calls),
      p50Ms: orNull(number, span.p50Ms),
      p95Ms: orNull(number, span.p95Ms),
      errors: number(span.errors),
    };
  }),
});

function readByWayIn(value: unknown): Metrics["byWayIn"] {
  const byWayIn = fields(value);
  const read = (wayIn: WayIn): Metrics["byWayIn"][WayIn] => {
    const { calls, turnLatency } = fields(byWayIn[wayIn]);
    return { calls: number(calls), turnLatency: readSpread(turnLatency) };
  };
  return {
    browser: read("browser"),
    "conversation-relay": read("conversation-relay"),
    "media-streams": read("media-streams"),
  };
}

function readSpread(value: unknown): Spread {
  const { count, p50Ms, p95Ms } = fields(value);
  return { count: number(count), p50Ms: orNull(number, p50Ms), p95Ms: orNull(number, p95Ms) };
}

export type PhoneNumbers = Omit<PhoneNumbersReply, "success">;

export const readPhoneNumbers = ({ twilio, numbers }: Fields): PhoneNumbers => ({
  twilio: oneOf(["ok", "off", "failed"], twilio),
  numbers: list(numbers).map((value) => {
    const row = fields(value);
    return {
      number: words(row.number),
      name: words(row.name),
      target: oneOf(NUMBER_TARGETS, row.target),
      host: orNull(words, row.host),
      studentId: orNull(words, row.studentId),
    };
  }),
});
