import type { Closing, ReportReply, ReportRow, StudentReceipt } from "../../src/protocol/closing.ts";
import type { MeReply } from "../../src/protocol/rest.ts";
import { ME, OWN_KEY, STARTED_AT_MS, WORKSHOP } from "./page-world.ts";

/** A workshop that was closed, and what it came to. */

const DAY_MS = 86_400_000;
const at = (days: number): string => new Date(STARTED_AT_MS + days * DAY_MS).toISOString();

/** From now: the clock of the page is real, and what is to come lies ahead. */
const inDays = (days: number): string => `${new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 16)}:00.000Z`;

/** Keys are gone, students not yet. */
export const CLOSING: Closing = {
  closedAt: at(0.3),
  keysAt: at(0.3),
  keysDeletedAt: at(0.3),
  eraseAt: inDays(30),
  erasedAt: null,
};
/** Nothing is gone yet. */
export const CLOSING_SOON: Closing = { ...CLOSING, keysAt: inDays(10), keysDeletedAt: null };
export const ERASED: Closing = { ...CLOSING, eraseAt: at(1), erasedAt: at(1) };

export const RECEIPT: StudentReceipt = {
  workshop: WORKSHOP.name,
  closing: CLOSING,
  key: { hint: OWN_KEY.hint, deletedAt: CLOSING.keysDeletedAt },
  calls: 7,
  ms: 1_260_000,
  ownMicroUsd: 412_350,
  lentMicroUsd: 87_650,
};

/** Of a student who is still known, after the keys are gone. */
export const closedMe = (closing: Closing = CLOSING): MeReply => ({
  ...ME,
  payer: null,
  fallback: false,
  workshop: { id: "default", name: WORKSHOP.name, state: "ended", opensAt: null, closesAt: null, closing },
});

const NAMES = ["Ada", "Alan", "Barbara", "Donald", "Edsger", "Grace", "Linus", "Margaret", "Radia", "Tim"] as const;

const rowOf = (name: string, row: number): ReportRow => ({
  studentId: `st_${row}`,
  name,
  calls: (row * 3) % 11,
  ms: ((row * 3) % 11) * 171_000,
  ownMicroUsd: row % 3 === 0 ? 0 : row * 61_300,
  lentMicroUsd: row === 4 ? null : ((row * 3) % 11) * 8_700,
  key: row % 3 === 0 ? null : { hint: `a${row}b2`, deletedAt: CLOSING.keysDeletedAt },
});

export const REPORT: ReportReply = {
  success: true,
  workshop: WORKSHOP.name,
  closing: CLOSING,
  rows: NAMES.map((name, row) => rowOf(name, row + 1)),
};

/** What is left of it: one row without a name. */
export const ERASED_REPORT: ReportReply = {
  ...REPORT,
  closing: ERASED,
  rows: [
    { studentId: null, name: null, calls: 55, ms: 9_405_000, ownMicroUsd: 2_268_100, lentMicroUsd: null, key: null },
  ],
};
