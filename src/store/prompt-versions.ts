import { desc, eq, type SQL, sql } from "drizzle-orm";
import type { SessionToken } from "../protocol/ids.ts";
import { SAVERS, type Saver } from "../protocol/rest.ts";
import { ask, type Database } from "./database.ts";
import { msOf, oneOf, textOf } from "./reading.ts";
import { promptVersions, students } from "./schema.ts";

/** Saves that follow each other closer than this are one version: a page saves while its student types. */
export const ONE_VERSION_MS = 60_000;
/** Versions kept of one student: the newest, and the oldest, which is what they began with. */
export const VERSIONS_KEPT = 50;

export interface KeptPrompt {
  /** When it was last saved so. */
  readonly savedAtMs: number;
  /** `null`: the default prompt. */
  readonly prompt: string | null;
  readonly savedBy: Saver;
}

/** What a save makes of the prompts of one student or of many. */
export interface PromptSave {
  /** Whose: a condition on `student_configs`. */
  readonly whose: SQL;
  readonly prompt: string | null;
  readonly savedBy: Saver;
  readonly nowMs: number;
}

/**
 * A student's prompts, newest first; unreadable rows are left out. One whose prompt was never changed has none.
 *
 * @throws Failure `database_unavailable`.
 */
export async function listPrompts(db: Database, token: SessionToken): Promise<KeptPrompt[]> {
  const { changedAtMs, prompt, savedBy } = promptVersions;
  const rows = await ask(
    db
      .select({ changedAtMs, prompt, savedBy })
      .from(promptVersions)
      .where(eq(promptVersions.sessionToken, token))
      .orderBy(desc(promptVersions.savedAtMs))
      .limit(VERSIONS_KEPT),
  );
  return rows.flatMap((row) => {
    const savedAtMs = msOf(row.changedAtMs);
    const saver = oneOf(SAVERS, row.savedBy);
    return savedAtMs === null || !saver ? [] : [{ savedAtMs, prompt: textOf(row.prompt), savedBy: saver }];
  });
}

/**
 * Statements that keep the versions around a save of prompts, to be run in this order and in one batch with the update of
 * `student_configs`, before it: each of them compares with the prompt that is still there.
 */
export function keepPrompts(db: Database, save: PromptSave) {
  return [
    db.execute(lockStudents(save)),
    db.execute(keepWhatIsThere(save)),
    db.execute(continueVersion(save)),
    db.execute(beginVersion(save)),
    db.execute(dropVersions(save)),
  ] as const;
}

const s = students;
const v = promptVersions;
const instant = (ms: number): SQL => sql`${sql.param(ms, v.savedAtMs)}::timestamptz`;
const text = (prompt: string | null): SQL =>
  prompt === null ? sql`null::text` : sql`${sql.param(prompt, v.prompt)}::text`;

/** Whose prompt the save really changes. */
const changed = ({ whose, prompt }: PromptSave): SQL => sql`${whose} and ${s.prompt} is distinct from ${text(prompt)}`;

/** The newest version of the student `student_configs` names, if there is one. */
const newest = sql`left join lateral (
  select saved_at, prompt from ${v} where ${v.sessionToken} = ${s.sessionToken} order by saved_at desc limit 1
) as newest on true`;

/** Two saves at once come one after the other; always in the same order, so that none waits for the other for ever. */
const lockStudents = (save: PromptSave): SQL =>
  sql`select 1 from ${s} where ${save.whose} order by ${s.sessionToken} for no key update`;

/**
 * The prompt that is there, unless it is the newest version: what the student joined with, or what another program has
 * written. The first of all was saved when the student came, later ones when the row was last written.
 */
const keepWhatIsThere = (save: PromptSave): SQL => sql`
insert into ${v} (session_token, saved_at, changed_at, prompt, saved_by)
select ${s.sessionToken}, at.saved, at.saved, ${s.prompt}, 'student'
from ${s} ${newest}
cross join lateral (
  select greatest(
    newest.saved_at + interval '1 ms',
    least(
      case when newest.saved_at is null then ${s.createdAt}::timestamptz else ${s.updatedAt}::timestamptz end,
      ${instant(save.nowMs - 1)}
    )
  ) as saved
) as at
where ${changed(save)} and (newest.saved_at is null or newest.prompt is distinct from ${s.prompt})`;

/** Goes on with the newest version while it is in the making; the oldest stays what the student began with. */
const continueVersion = (save: PromptSave): SQL => sql`
update ${v} set prompt = ${text(save.prompt)}, changed_at = ${instant(save.nowMs)}
from ${s}
where ${v.sessionToken} = ${s.sessionToken} and ${changed(save)}
  and ${v.savedBy} = ${save.savedBy} and ${v.changedAtMs} > ${instant(save.nowMs - ONE_VERSION_MS)}
  and ${v.savedAtMs} = (select max(saved_at) from ${v} as other where other.session_token = ${s.sessionToken})
  and ${v.savedAtMs} > (select min(saved_at) from ${v} as other where other.session_token = ${s.sessionToken})`;

/** A new version, where the newest has not become it. */
const beginVersion = (save: PromptSave): SQL => sql`
insert into ${v} (session_token, saved_at, changed_at, prompt, saved_by)
select ${s.sessionToken}, at.saved, at.saved, ${text(save.prompt)}, ${save.savedBy}
from ${s} ${newest}
cross join lateral (
  select greatest(newest.saved_at + interval '1 ms', ${instant(save.nowMs)}) as saved
) as at
where ${changed(save)} and newest.prompt is distinct from ${text(save.prompt)}`;

/** Versions beyond those that are kept. */
const dropVersions = (save: PromptSave): SQL => sql`
delete from ${v} using ${s}
where ${v.sessionToken} = ${s.sessionToken} and ${changed(save)}
  and ${v.savedAtMs} < (
    select saved_at from ${v} as other where other.session_token = ${s.sessionToken}
    order by saved_at desc offset ${sql.raw(String(VERSIONS_KEPT - 2))} limit 1
  )
  and ${v.savedAtMs} > (select min(saved_at) from ${v} as other where other.session_token = ${s.sessionToken})`;
