import { parse } from "hono/utils/cookie";
import { readHandshake, refusal } from "../call/handshake.ts";
import type { Settings } from "../env.ts";
import { Failure } from "../failure.ts";
import { END_REASONS } from "../protocol/call-record.ts";
import { parseSessionToken, parseWorkshopId, type SessionToken, type WorkshopId } from "../protocol/ids.ts";
import type { Student } from "../store/students.ts";
import type { ClassStudent } from "../store/students-of-workshop.ts";
import { lendingOf, type Workshop } from "../store/workshops.ts";
import type { MasterKeys } from "../vault/master-keys.ts";
import { WATCHER_HEADER, type Watcher } from "../workshop/live-sockets.ts";
import type { SeededStudent } from "../workshop/seat.ts";
import { workshopStub } from "../workshop/workshop-object.ts";
import { isInstructor } from "./instructor.ts";

/** What a student's page is let in by, and shown as. */
type Listener = Pick<Student, "sessionToken" | "studentId" | "name" | "sealedKey" | "keyStatus" | "ownCapMicroUsd"> & {
  readonly workshop: Pick<Workshop, "id" | "fallbackAllowed" | "lending" | "closing"> | null;
};

export interface LiveEntryDeps {
  readonly settings: Settings;
  readonly masterKeys: () => Promise<MasterKeys>;
  readonly fetch: typeof fetch;
  readonly findStudent: (token: SessionToken) => Promise<Listener | undefined>;
  /** Of a workshop that there is. */
  readonly studentsOf: (workshopId: WorkshopId) => Promise<readonly ClassStudent[] | undefined>;
  readonly factsOf: (
    workshopId: WorkshopId,
  ) => Promise<Pick<Workshop, "fallbackAllowed" | "lending" | "closing"> | undefined>;
}

/**
 * Lets a page listen to what goes on: a student's at `/live`, the instructor's console at `/live?workshop=<id>`. Nothing
 * wakes a workshop before Origin, identity and workshop have been found good. Where a browser speaks, its Origin is ours;
 * without one, only who shows a token by hand may come.
 */
export async function enterLive(request: Request, env: Cloudflare.Env, deps: LiveEntryDeps): Promise<Response> {
  try {
    const { url } = readHandshake(request, deps.settings);
    const bearer = /^Bearer +(\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
    if (request.headers.get("origin") === null && bearer === undefined) throw new Failure("bad_origin");
    const workshop = url.searchParams.get("workshop");
    if (workshop !== null) return await enterWall(workshop, request, env, deps);
    const cookie = "__Host-callroom";
    return await enterPage(bearer ?? parse(request.headers.get("cookie") ?? "", cookie)[cookie], env, deps);
  } catch (thrown) {
    return refusal(thrown, "/live");
  }
}

/** As for REST, one query authenticates the token and brings all there is of its student. */
async function enterPage(given: string | undefined, env: Cloudflare.Env, deps: LiveEntryDeps): Promise<Response> {
  if (given === undefined) throw new Failure("unauthorized");
  const token = parseSessionToken(given);
  const student = token && (await deps.findStudent(token));
  if (!student) throw new Failure("unknown_session");
  const { sessionToken, studentId, name, workshop, ownCapMicroUsd } = student;
  return open(env, workshop?.id ?? null, {
    kind: "page",
    sessionToken,
    studentId,
    name,
    keyStatus: keyStatusOf(student),
    lending: lendingOf(workshop),
    ownCapMicroUsd,
    workshopId: workshop?.id ?? null,
    closing: workshop?.closing ?? null,
  });
}

async function enterWall(
  workshop: string,
  request: Request,
  env: Cloudflare.Env,
  { settings, masterKeys, fetch, studentsOf, factsOf }: LiveEntryDeps,
): Promise<Response> {
  if (!(await isInstructor(request, { settings, masterKeys, nowMs: Date.now(), fetch }))) {
    throw new Failure("unauthorized");
  }
  const workshopId = parseWorkshopId(workshop);
  if (!workshopId) throw new Failure("not_found");
  const [students, facts] = await Promise.all([studentsOf(workshopId), factsOf(workshopId)]);
  if (!students || !facts) throw new Failure("not_found");
  await workshopStub(env, workshopId).seed(students.map(seedOf));
  return open(env, workshopId, {
    kind: "wall",
    workshopId,
    lending: lendingOf(facts),
    closing: facts.closing,
  });
}

function open(env: Cloudflare.Env, workshopId: string | null, watcher: Watcher): Promise<Response> {
  const headers = { upgrade: "websocket", [WATCHER_HEADER]: encodeURIComponent(JSON.stringify(watcher)) };
  return workshopStub(env, workshopId).fetch(new Request("https://workshop/", { headers }));
}

function seedOf({
  joinedAtMs: _,
  keyHint: __,
  sealedKey,
  keyStatus,
  lastCall,
  ...student
}: ClassStudent): SeededStudent {
  const endReason = END_REASONS.find((reason) => reason === lastCall?.endReason) ?? null;
  return {
    ...student,
    keyStatus: keyStatusOf({ sealedKey, keyStatus }),
    lastCall: lastCall && { ...lastCall, endReason },
  };
}

/** Without trying to open it: whether it can be read, its calls will tell. */
const keyStatusOf = ({ sealedKey, keyStatus }: Pick<Student, "sealedKey" | "keyStatus">) =>
  sealedKey === null ? null : (keyStatus ?? "unverified");
