/**
 * The end of a workshop, in the three steps that it takes: calls end and keys are deleted, at once or at a date; everybody
 * can still read their receipt; then students, prompts and transcripts are erased, and only sums without names stay. Times are
 * ISO 8601 in UTC.
 */

/** `POST …/close`. Both dates may be changed until what they say has happened. */
export interface CloseRequest {
  /** When the students' keys are deleted; `null`: now. */
  readonly keysAt: string | null;
  /** When everything that tells who somebody was is erased, not before the keys; `null`: now. */
  readonly eraseAt: string | null;
}

export interface Closing {
  readonly closedAt: string;
  readonly keysAt: string;
  /** When it was done; `null`: not yet. */
  readonly keysDeletedAt: string | null;
  readonly eraseAt: string;
  readonly erasedAt: string | null;
}

/** Where whoever owns a key revokes it: deleting it here leaves it valid at OpenAI. */
export const REVOKE_URL = "https://platform.openai.com/api-keys";

/** What a student takes along. Sums are those of the ledger; `null`: of some of it no price is known. */
export interface StudentReceipt {
  readonly workshop: string;
  readonly closing: Closing;
  /** The key that was deleted last, by its last four characters; `null`: there was none. `deletedAt` null: it is still here. */
  readonly key: { readonly hint: string | null; readonly deletedAt: string | null } | null;
  readonly calls: number;
  /** Of all calls, in milliseconds. */
  readonly ms: number;
  readonly ownMicroUsd: number | null;
  readonly lentMicroUsd: number | null;
}

/** `GET /api/me/receipt`; `null`: the workshop has not been closed. */
export interface ReceiptReply {
  readonly success: true;
  readonly receipt: StudentReceipt | null;
}

export interface ReportRow extends Omit<StudentReceipt, "workshop" | "closing"> {
  /** After the erasure there are no students in it: one row of sums without a name. */
  readonly studentId: string | null;
  readonly name: string | null;
}

/** `GET …/report`, the instructor's; also as `report.csv`. */
export interface ReportReply {
  readonly success: true;
  readonly workshop: string;
  readonly closing: Closing | null;
  readonly rows: readonly ReportRow[];
}
