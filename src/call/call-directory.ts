import type { CallDirectory } from "../api/deps.ts";
import type { Settings } from "../env.ts";
import { Failure, type Reason } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import type { CallId } from "../protocol/ids.ts";
import type { Database } from "../store/database.ts";
import { workshopStub } from "../workshop/workshop-object.ts";
import type { CallObject } from "./call-object.ts";
import type { CallStart } from "./call-start.ts";
import { prepareCall } from "./prepare-call.ts";

/** The object of a call. Its name is the call's id, which we made; no caller names an object. */
export const callStub = (env: Cloudflare.Env, callId: CallId): DurableObjectStub<CallObject> =>
  env.CALL.get(env.CALL.idFromName(callId));

/** What REST may ask of live calls, asked of the objects that hold them. */
export function callDirectory(env: Cloudflare.Env, settings: Settings, database: Database): CallDirectory {
  return {
    prepare: (student, call) =>
      prepareCall({ settings, database, nowMs: Date.now(), prepare: (start) => prepare(env, start) }, student, call),
    async tell(workshopId, sessionToken, notice) {
      const untold = await workshopStub(env, workshopId).tell(sessionToken, notice);
      if (untold > 0) throw new Failure("internal");
    },
    resume: (callId, session) => callStub(env, callId).resume(session),
    over: (callId, session) => callStub(env, callId).over(session),
    keyCheckAllowed: (workshopId, sessionToken) => workshopStub(env, workshopId).keyCheckAllowed(sessionToken),
    joinAllowed: async (from) => (await env.JOINS.limit({ key: from })).success,
    toolRunAllowed: async (studentId) => (await env.TOOL_RUNS.limit({ key: studentId })).success,
    voiceSampleAllowed: async (studentId) => (await env.VOICE_SAMPLES.limit({ key: studentId })).success,
  };
}

/** Asks the call and its workshop side by side, so that nobody waits for one after the other. */
async function prepare(env: Cloudflare.Env, start: CallStart) {
  const [outcome, refusal] = await Promise.all([callStub(env, start.callId).prepare(start), refusalOf(env, start)]);
  if (refusal) throw new Failure(refusal);
  return outcome;
}

/** Why the workshop lets no such call be asked for. One that does not answer keeps nobody from their own key. */
async function refusalOf(env: Cloudflare.Env, start: CallStart): Promise<Reason | null> {
  const unanswered = start.keySource === "student" ? null : "too_many_calls";
  const asking = workshopStub(env, start.workshopId)
    .ask(start.callId, start.sessionToken, start.wayIn === "browser")
    .catch(() => unanswered);
  const patience = Promise.withResolvers<Reason | null>();
  const timer = setTimeout(() => patience.resolve(unanswered), LIMITS.workshopMs);
  const refusal = await Promise.race([asking, patience.promise]);
  clearTimeout(timer);
  return refusal;
}
