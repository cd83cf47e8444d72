import { and, eq, inArray, type SQL, sql } from "drizzle-orm";
import { type AgentConfig, PATIENCES, type Patience, TURN_ENDS, type TurnEnd } from "../protocol/agent-config.ts";
import { parseStudentId, type SessionToken, type StudentId, type WorkshopId } from "../protocol/ids.ts";
import { parseLanguage } from "../protocol/language.ts";
import { KEY_STATUSES, type KeyStatus } from "../protocol/rest.ts";
import { ask, type Database } from "./database.ts";
import { addErasedSums, lockWorkshops } from "./erased-sums.ts";
import { keepPrompts } from "./prompt-versions.ts";
import { jsonOf, limitOf, msOf, oneOf, textOf, toolsOf } from "./reading.ts";
import { charges, students, workshops } from "./schema.ts";
import { inOpenWorkshop, keyColumns, newKeyColumns, type StoredKey } from "./sealed-keys.ts";
import { WORKSHOP_COLUMNS, type Workshop, workshopOf } from "./workshops.ts";

export type { StoredKey } from "./sealed-keys.ts";
export type { Workshop } from "./workshops.ts";

/** How a row came: by join code, by saving under a token nobody had, or from the deployment before. */
export const ORIGINS = ["joined", "enrolled", "predecessor"] as const;
export type Origin = (typeof ORIGINS)[number];

export interface Student {
  readonly sessionToken: SessionToken;
  readonly studentId: StudentId;
  readonly name: string | null;
  readonly email: string | null;
  readonly workshop: Workshop | null;
  /** What can be used of what is stored. */
  readonly config: AgentConfig;
  /** The tools as they are stored, unreadable ones included. */
  readonly toolsJson: unknown;
  readonly sealedKey: string | null;
  readonly keyHint: string | null;
  readonly keyStatus: KeyStatus | null;
  readonly keyConnectedAtMs: number | null;
  readonly keyLastUsedAtMs: number | null;
  /** The most that calls on the student's own key may cost in all; `null`: any amount. */
  readonly ownCapMicroUsd: number | null;
  readonly sealedWebhookSecret: string | null;
  /** Of the words that bring the student back; `null`: there are none. */
  readonly recoveryDigest: string | null;
  readonly origin: Origin;
  readonly createdAtMs: number | null;
  readonly updatedAtMs: number | null;
}

/** What a save changes: an absent or `undefined` field stays as it is, `null` clears it. */
export interface StudentPatch {
  readonly name?: string | null | undefined;
  readonly email?: string | null | undefined;
  readonly prompt?: string | null | undefined;
  readonly greeting?: string | null | undefined;
  readonly voice?: string | null | undefined;
  readonly toolsJson?: unknown;
  readonly language?: string | null | undefined;
  readonly turnEnd?: TurnEnd | null | undefined;
  readonly patience?: Patience | null | undefined;
  readonly ownCapMicroUsd?: number | null | undefined;
}

/** The predecessor's save also carries the key. */
export interface LegacyPatch extends StudentPatch {
  readonly key?: StoredKey | null | undefined;
}

export interface NewStudent {
  readonly sessionToken: SessionToken;
  readonly workshopId: WorkshopId | null;
  readonly name: string | null;
  readonly email: string | null;
  readonly origin: Exclude<Origin, "predecessor">;
  readonly prompt: string | null;
  readonly greeting: string | null;
  readonly voice: string | null;
  readonly toolsJson: unknown;
}

/**
 * All that a call and a request need to know of a student, in one query: it also tells whether the token is one.
 *
 * @throws Failure `database_unavailable`.
 */
export async function findStudent(db: Database, token: SessionToken): Promise<Student | undefined> {
  const [row] = await ask(selectStudent(db, token));
  return row && studentOf(token, row);
}

/**
 * Stores a new student. A token that is there already is left as it is, so that a repeated request does no harm.
 *
 * @throws Failure `database_unavailable`; `internal` when there is no such workshop.
 */
export async function enrolStudent(db: Database, student: NewStudent): Promise<void> {
  const { sessionToken, workshopId, origin, ...config } = student;
  await ask(
    db
      .insert(students)
      .values({ sessionToken, workshopId, origin, ...configColumns(config), ...TOUCHED })
      .onConflictDoNothing({ target: students.sessionToken }),
  );
}

/**
 * The predecessor's save, in one query. With `enrol`, a token nobody has becomes a student (of `workshopId`, if given);
 * without it, `undefined` says that nobody has it. Into a workshop that was closed comes no key: `undefined` too.
 *
 * @throws Failure `database_unavailable`.
 */
export async function saveLegacyConfig(
  db: Database,
  token: SessionToken,
  patch: LegacyPatch,
  options: { readonly enrol: boolean; readonly workshopId?: WorkshopId | null | undefined },
): Promise<{ readonly studentId: StudentId } | undefined> {
  const { key, ...config } = patch;
  const saved = { ...configColumns(config), ...TOUCHED };
  const changed = { ...saved, ...keyColumns(key) };
  const mayTake = key ? inOpenWorkshop() : undefined;
  if (options.enrol) {
    const { workshopId = null } = options;
    const enrolled = db
      .insert(students)
      .values({ sessionToken: token, origin: "enrolled", workshopId, ...saved, ...newKeyColumns(key) })
      .onConflictDoUpdate({ target: students.sessionToken, set: changed, ...(mayTake && { setWhere: mayTake }) });
    return savedOf(await ask(enrolled.returning(SAVED)));
  }
  const whose = and(eq(students.sessionToken, token), mayTake);
  return savedOf(await ask(db.update(students).set(changed).where(whose).returning(SAVED)));
}

const SAVED = { studentId: students.studentId };

function savedOf([row]: readonly { readonly studentId: unknown }[]): { readonly studentId: StudentId } | undefined {
  const studentId = parseStudentId(row?.studentId);
  return studentId && { studentId };
}

/**
 * Changes what the patch names and returns the student as they are then, in one request; `undefined` when there is none.
 * A prompt that gives way to another is kept as a version: see `prompt-versions.ts`.
 *
 * @throws Failure `database_unavailable`.
 */
export async function patchStudent(
  db: Database,
  token: SessionToken,
  patch: StudentPatch,
  nowMs: number,
): Promise<Student | undefined> {
  const whose = eq(students.sessionToken, token);
  const update = db
    .update(students)
    .set({ ...configColumns(patch), ...TOUCHED })
    .where(whose);
  const after = selectStudent(db, token);
  const { prompt } = patch;
  const [row] =
    prompt === undefined
      ? (await ask(db.batch([update, after])))[1]
      : (await ask(db.batch([...keepPrompts(db, { whose, prompt, savedBy: "student", nowMs }), update, after])))[6];
  return row && studentOf(token, row);
}

/**
 * Removes a student with key, calls, turns and what their own key has paid; `false` when there was none. What the
 * instructor has paid for them stays in the ledger without their name (the foreign key sees to that), and how much was called
 * in the workshop's sums.
 *
 * @throws Failure `database_unavailable`.
 */
export async function eraseStudent(db: Database, token: SessionToken): Promise<boolean> {
  const whose = eq(students.sessionToken, token);
  const [, , , , rows] = await ask(
    db.batch([
      // The workshop before its students, as wherever both are locked.
      lockWorkshops(db, inArray(workshops.id, db.select({ id: students.workshopId }).from(students).where(whose))),
      // Whatever is archived just then waits, and finds nobody: nothing of theirs is written behind the next line.
      db.select({ found: sql`1` }).from(students).where(whose).for("update"),
      addErasedSums(db, inArray(workshops.id, db.select({ id: students.workshopId }).from(students).where(whose)), {
        whose,
        keepsOwn: false,
      }),
      db.delete(charges).where(and(eq(charges.sessionToken, token), eq(charges.payer, "student"))),
      db.delete(students).where(whose).returning({ found: sql`1` }),
    ]),
  );
  return rows.length > 0;
}

/** The database's clock, as the predecessor's defaults: see {@link STUDENT_COLUMNS}. */
const TOUCHED = { updatedAt: sql`now()` };

const configColumns = (patch: StudentPatch) => ({
  name: patch.name,
  email: patch.email,
  prompt: patch.prompt,
  greeting: patch.greeting,
  voice: patch.voice,
  tools: patch.toolsJson,
  language: patch.language,
  turnEnd: patch.turnEnd,
  patience: patch.patience,
  ownCapMicroUsd: patch.ownCapMicroUsd,
});

/**
 * The predecessor's dates are without time zone, in that of the session, and in some deployments with one. The cast
 * makes both an instant, read in the time zone that wrote it.
 */
const epochMsOf = (column: typeof students.createdAt | typeof students.updatedAt): SQL<number> =>
  sql`extract(epoch from ${column}::timestamptz) * 1000`.mapWith(Number);

const STUDENT_COLUMNS = {
  email: students.email,
  name: students.name,
  sealedKey: students.sealedKey,
  prompt: students.prompt,
  greeting: students.greeting,
  voice: students.voice,
  tools: students.tools,
  language: students.language,
  turnEnd: students.turnEnd,
  patience: students.patience,
  createdAtMs: epochMsOf(students.createdAt),
  updatedAtMs: epochMsOf(students.updatedAt),
  origin: students.origin,
  keyHint: students.keyHint,
  keyStatus: students.keyStatus,
  keyConnectedAtMs: students.keyConnectedAtMs,
  keyLastUsedAtMs: students.keyLastUsedAtMs,
  ownCapMicroUsd: students.ownCapMicroUsd,
  sealedWebhookSecret: students.sealedWebhookSecret,
  studentId: students.studentId,
  recoveryDigest: students.recoveryDigest,
};

const selectStudent = (db: Database, token: SessionToken) =>
  db
    .select({ student: STUDENT_COLUMNS, workshop: WORKSHOP_COLUMNS })
    .from(students)
    .leftJoin(workshops, eq(workshops.id, students.workshopId))
    .where(eq(students.sessionToken, token));

interface StudentRow {
  readonly student: Readonly<Record<keyof typeof STUDENT_COLUMNS, unknown>>;
  readonly workshop: Readonly<Record<keyof typeof WORKSHOP_COLUMNS, unknown>> | null;
}

/** `undefined`: a row whose id another program has spoiled. The database makes them, and holds one for each. */
function studentOf(sessionToken: SessionToken, { student, workshop }: StudentRow): Student | undefined {
  const studentId = parseStudentId(student.studentId);
  if (!studentId) return undefined;
  const toolsJson = jsonOf(student.tools);
  return {
    sessionToken,
    studentId,
    name: textOf(student.name),
    email: textOf(student.email),
    workshop: workshopOf(workshop) ?? null,
    config: {
      prompt: textOf(student.prompt),
      greeting: textOf(student.greeting),
      voice: textOf(student.voice),
      tools: toolsOf(toolsJson),
      language: parseLanguage(student.language) ?? null,
      turnEnd: oneOf(TURN_ENDS, student.turnEnd),
      patience: oneOf(PATIENCES, student.patience),
    },
    toolsJson,
    sealedKey: textOf(student.sealedKey),
    keyHint: textOf(student.keyHint),
    keyStatus: oneOf(KEY_STATUSES, student.keyStatus),
    keyConnectedAtMs: msOf(student.keyConnectedAtMs),
    keyLastUsedAtMs: msOf(student.keyLastUsedAtMs),
    ownCapMicroUsd: limitOf(student.ownCapMicroUsd),
    sealedWebhookSecret: textOf(student.sealedWebhookSecret),
    recoveryDigest: textOf(student.recoveryDigest),
    origin: oneOf(ORIGINS, student.origin) ?? "predecessor",
    createdAtMs: msOf(student.createdAtMs),
    updatedAtMs: msOf(student.updatedAtMs),
  };
}
