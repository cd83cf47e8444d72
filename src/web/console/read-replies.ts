import { END_REASONS, type EndReason, KEY_SOURCES, WAYS_IN } from "../../protocol/call-record.ts";
import { CHARGE_KINDS } from "../../protocol/charge.ts";
import type { ReportReply, ReportRow } from "../../protocol/closing.ts";
import { readLendingLimits } from "../../protocol/read-bill.ts";
import { type Fields, fields, flag, list, number, oneOf, orNull, words } from "../../protocol/read-fields.ts";
import { readSpendByPayer } from "../../protocol/read-live-message.ts";
import { SHOWN_KEY_STATUSES, WORKSHOP_STATES } from "../../protocol/rest.ts";
import {
  CHECK_STATUSES,
  type Check,
  type SpendReply,
  type SpendRow,
  type StudentSummary,
  type WorkshopsReply,
  type WorkshopView,
} from "../../protocol/rest-workshop.ts";
import { readClosing, readSums } from "../read-closing.ts";

/** Replies of the instructor's routes, read field by field. Each of these throws `Unreadable`. */

export type Workshops = Omit<WorkshopsReply, "success">;
/** A check that this page does not know by name yet is still shown. */
export type ShownCheck = Omit<Check, "name"> & { readonly name: string };

export const readWorkshops = ({ workshops, fallbackKey, models }: Fields): Workshops => ({
  workshops: list(workshops).map(readWorkshop),
  fallbackKey: flag(fallbackKey),
  models: list(models).map(words),
});

export const readOneWorkshop = ({ workshop }: Fields): WorkshopView => readWorkshop(workshop);

export function readWorkshop(value: unknown): WorkshopView {
  const workshop = fields(value);
  return {
    id: words(workshop.id),
    name: words(workshop.name),
    joinCode: words(workshop.joinCode),
    joinUrl: words(workshop.joinUrl),
    state: oneOf(WORKSHOP_STATES, workshop.state),
    opensAt: orNull(words, workshop.opensAt),
    closesAt: orNull(words, workshop.closesAt),
    seats: orNull(number, workshop.seats),
    studentCount: number(workshop.studentCount),
    callMaxMs: orNull(number, workshop.callMaxMs),
    fallbackAllowed: flag(workshop.fallbackAllowed),
    lending: readLendingLimits(workshop.lending),
    closing: orNull(readClosing, workshop.closing),
  };
}

export const readStudents = ({ students }: Fields): readonly StudentSummary[] => list(students).map(readStudent);

function readStudent(value: unknown): StudentSummary {
  const student = fields(value);
  return {
    studentId: words(student.studentId),
    name: orNull(words, student.name),
    joinedAt: orNull(words, student.joinedAt),
    keyStatus: orNull((status) => oneOf(SHOWN_KEY_STATUSES, status), student.keyStatus),
    keyHint: orNull(words, student.keyHint),
    spend: readSpendByPayer(student.spend),
    turnCount: number(student.turnCount),
    lastCall: orNull(readLastCall, student.lastCall),
  };
}

function readLastCall(value: unknown): NonNullable<StudentSummary["lastCall"]> {
  const call = fields(value);
  return {
    wayIn: oneOf(WAYS_IN, call.wayIn),
    startedAt: words(call.startedAt),
    endReason: orNull((reason): EndReason => oneOf(END_REASONS, reason), call.endReason),
    keySource: oneOf(KEY_SOURCES, call.keySource),
  };
}

export type Ledger = Omit<SpendReply, "success">;

export const readSpend = ({ rows, unreadable }: Fields): Ledger => ({
  rows: list(rows).map(readSpendRow),
  unreadable: number(unreadable),
});

function readSpendRow(value: unknown): SpendRow {
  const row = fields(value);
  return {
    studentId: orNull(words, row.studentId),
    name: orNull(words, row.name),
    payer: oneOf(KEY_SOURCES, row.payer),
    kind: oneOf(CHARGE_KINDS, row.kind),
    model: words(row.model),
    charges: number(row.charges),
    inputTokens: number(row.inputTokens),
    outputTokens: number(row.outputTokens),
    lineMs: number(row.lineMs),
    costMicroUsd: number(row.costMicroUsd),
    unpriced: number(row.unpriced),
    lastAt: words(row.lastAt),
  };
}

export type Report = Omit<ReportReply, "success">;

export const readReport = ({ workshop, closing, rows }: Fields): Report => ({
  workshop: words(workshop),
  closing: orNull(readClosing, closing),
  rows: list(rows).map(readReportRow),
});

function readReportRow(value: unknown): ReportRow {
  const { studentId, name } = fields(value);
  return { ...readSums(value), studentId: orNull(words, studentId), name: orNull(words, name) };
}

export const readChecks = ({ checks }: Fields): readonly ShownCheck[] => list(checks).map(readCheck);

function readCheck(value: unknown): ShownCheck {
  const { name, status, found, fix } = fields(value);
  return { name: words(name), status: oneOf(CHECK_STATUSES, status), found: words(found), fix: words(fix) };
}

/** How many a broadcast reached. */
export const readPushed = ({ students, skipped }: Fields): { readonly students: number; readonly skipped: number } => ({
  students: number(students),
  skipped: number(skipped),
});

export const readCount = ({ count }: Fields): number => number(count);
