import { readSettings } from "../env.ts";
import { LIMITS } from "../limits.ts";
import { deleteKeysIfDue, eraseIfDue, findClosing } from "../store/closing.ts";
import { type Database, openDatabase } from "../store/database.ts";
import type { ClosingRows } from "./closing-desk.ts";

/** The steps of a workshop's end in Postgres. Each throws Failure `database_unavailable` while that does not answer. */
export function closingRows(env: Cloudflare.Env): ClosingRows {
  const open = (): Database => openDatabase(readSettings(env).database, LIMITS.outboxDrainMs);
  return {
    find: (id) => findClosing(open(), id),
    deleteKeys: (id, nowMs, isDone) => deleteKeysIfDue(open(), id, nowMs, isDone),
    erase: (id, nowMs) => eraseIfDue(open(), id, nowMs),
  };
}
