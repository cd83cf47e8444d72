import { eq, type SQL, sql } from "drizzle-orm";
import type { WorkshopId } from "../protocol/ids.ts";
import { storableJson } from "./columns.ts";
import { ask, type Database } from "./database.ts";
import { keepPrompts } from "./prompt-versions.ts";
import { countOf } from "./reading.ts";
import { students, workshops } from "./schema.ts";

/** A tool as it is to be stored. */
export interface PushedTool {
  readonly name: string;
  readonly stored: unknown;
}

/** What every student of a workshop gets; what is absent stays as theirs is. */
export interface Push {
  readonly prompt?: string | undefined;
  readonly greeting?: string | undefined;
  /** Put in the place of one of the same name, else behind the others. */
  readonly tool?: PushedTool | undefined;
  /** A student with so many tools already, none of this name, keeps what they have. */
  readonly mostTools: number;
  /** When: of the versions that are kept of each prompt. */
  readonly nowMs: number;
}

/** `skipped`: students who did not get the tool. */
export interface Pushed {
  readonly students: number;
  readonly skipped: number;
}

/**
 * Writes a prompt, a greeting or a tool into every agent of a workshop: in one request and one transaction, whatever the
 * size of the class. `undefined` when there is no such workshop.
 *
 * @throws Failure `database_unavailable`.
 */
export async function pushToWorkshop(db: Database, workshopId: WorkshopId, push: Push): Promise<Pushed | undefined> {
  const { prompt, greeting, tool, nowMs } = push;
  const whose = eq(students.workshopId, workshopId);
  const size = db
    .select({ students: db.$count(students, whose) })
    .from(workshops)
    .where(eq(workshops.id, workshopId));
  // The prompts that give way are looked at before anything is written, and their rows are locked in one order.
  const kept = prompt === undefined ? [] : keepPrompts(db, { whose, prompt, savedBy: "instructor", nowMs });
  const texts = db.update(students).set({ prompt, greeting, updatedAt: sql`now()` }).where(whose);
  const tools = db
    .update(students)
    .set({ tools: tool ? toolsWith(tool) : sql`${students.tools}` })
    .where(tool ? sql`${whose} and ${takes(tool, push.mostTools)}` : whose);
  const [[found], ...written] = await ask(db.batch([size, ...kept, texts, tools]));
  if (!found) return undefined;
  const taken = written.at(-1)?.rowCount ?? 0;
  return { students: taken, skipped: Math.max(0, (countOf(found.students) ?? 0) - taken) };
}

/**
 * The tools that a row holds, as a list; null where nobody can say: a predecessor's column of `text`, or text in a `json`
 * column that `jsonb` may not take (U+0000, half a surrogate pair). A cast that fails would stop the push to everybody.
 */
const stored = sql`(case
  when ${students.tools} is null then '[]'::jsonb
  when pg_typeof(${students.tools})::text not in ('json', 'jsonb') then null
  when pg_typeof(${students.tools})::text = 'json' and ${students.tools}::text ~* '\\\\u(0000|d[89a-f])' then null
  when json_typeof(${students.tools}::text::json) = 'array' then ${students.tools}::text::jsonb
  else '[]'::jsonb
end)`;

const NAME = sql.raw("entry -> 'function' ->> 'name'");

/** Reads and writes the row as it is at that moment, so that a student who saves meanwhile loses nothing. */
const toolsWith = (tool: PushedTool): SQL => sql`(
  select jsonb_agg(entry order by place) from (
    select entry, place from jsonb_array_elements(${stored}) with ordinality as kept (entry, place)
    where ${NAME} is distinct from ${tool.name}::text
    union all
    select ${storableJson(tool.stored)}::jsonb, coalesce(
      (select min(place) from jsonb_array_elements(${stored}) with ordinality as same (entry, place)
        where ${NAME} = ${tool.name}::text),
      jsonb_array_length(${stored}) + 1
    )
  ) as entries
)`;

/** Whether there is a tool of this name to give way, or room for one more; null, which is no, where `stored` is. */
const takes = ({ name }: PushedTool, mostTools: number): SQL => sql`(
  jsonb_array_length(${stored}) < ${mostTools}::int
  or exists (select 1 from jsonb_array_elements(${stored}) as entry where ${NAME} = ${name}::text)
)`;
