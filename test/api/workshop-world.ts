import { INSTRUCTOR_COOKIE } from "../../src/api/instructor.ts";
import { LIMITS } from "../../src/limits.ts";
import { type CallRecord, NO_USAGE, type TurnRecord } from "../../src/protocol/call-record.ts";
import { callIdFrom, parseWorkshopId, type SessionToken } from "../../src/protocol/ids.ts";
import { archiveCall } from "../../src/store/calls.ts";
import { mintInstructorSession } from "../../src/vault/instructor-session.ts";
import { type Asking, type Harness, NOW_MS, type TestDatabase } from "./world.ts";

/** The instructor's browser, signed in until `LIMITS.instructorCookieMs` from now on. */
export async function signedIn({ deps }: Harness): Promise<Pick<Asking, "headers">> {
  const session = await mintInstructorSession(
    await deps.masterKeys(),
    deps.settings.instructorToken,
    deps.now() + LIMITS.instructorCookieMs,
  );
  return { headers: { cookie: `__Host-${INSTRUCTOR_COOKIE}=${session}` } };
}

/** Asks as the instructor. */
export const asInstructor =
  (api: Harness) =>
  async (method: string, path: string, json?: unknown): Promise<Response> =>
    api.request(method, `/api/workshop${path}`, { ...(await signedIn(api)), ...(json !== undefined && { json }) });

export const studentIdOf = async ({ sql }: TestDatabase, token: SessionToken): Promise<string> =>
  (await sql("select student_id from student_configs where session_token = $1", token))[0]?.student_id ?? "";

/** An archived call of two turns; gives back its id. */
export async function givenCall(
  { database }: TestDatabase,
  sessionToken: SessionToken,
  call: Partial<Omit<CallRecord, "workshopId">> & { workshopId?: string; costMicroUsd?: number | null } = {},
) {
  const { workshopId, costMicroUsd = 1_000, ...rest } = call;
  const id = callIdFrom(crypto.getRandomValues(new Uint8Array(16)));
  await archiveCall(database, {
    call: {
      id,
      revision: 1,
      sessionToken,
      wayIn: "browser",
      startedAtMs: NOW_MS,
      endedAtMs: NOW_MS + 60_000,
      endReason: "caller-left",
      keySource: "student",
      model: "gpt-realtime-2.1-mini",
      transcriptionModel: null,
      usage: { ...NO_USAGE, responses: 1, inputTokens: 100, outputTokens: 10 },
      ...rest,
      workshopId: parseWorkshopId(workshopId) ?? null,
    },
    turns: [turn(1), turn(2)],
    costMicroUsd,
  });
  return id;
}

const turn = (seq: number): TurnRecord => ({
  seq,
  revision: 1,
  speaker: seq % 2 === 1 ? "caller" : "agent",
  startedAtMs: NOW_MS,
  text: "Words that nobody but the student may read.",
  heardText: null,
  toolCall: null,
  timings: null,
  usage: null,
  failure: null,
});
