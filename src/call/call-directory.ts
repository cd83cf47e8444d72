import type { CallDirectory } from "../api/deps.ts";
import type { Settings } from "../env.ts";
import { Failure } from "../failure.ts";
import type { CallId } from "../protocol/ids.ts";
import type { Database } from "../store/database.ts";
import { workshopStub } from "../workshop/workshop-object.ts";
import type { CallObject } from "./call-object.ts";
import { prepareCall } from "./prepare-call.ts";

/** The object of a call. Its name is the call's id, which we made; no caller names an object. */
export const callStub = (env: Cloudflare.Env, callId: CallId): DurableObjectStub<CallObject> =>
  env.CALL.get(env.CALL.idFromName(callId));

/** What REST may ask of live calls, asked of the objects that hold them. */
export function callDirectory(env: Cloudflare.Env, settings: Settings, database: Database): CallDirectory {
  return {
    prepare: (student, call) =>
      prepareCall(
        { settings, database, nowMs: Date.now(), prepare: (start) => callStub(env, call.callId).prepare(start) },
        student,
        call,
      ),
    async tell(workshopId, sessionToken, notice) {
      const untold = await workshopStub(env, workshopId).tell(sessionToken, notice);
      if (untold > 0) throw new Failure("internal");
    },
    resume: (callId, session) => callStub(env, callId).resume(session),
    over: (callId, session) => callStub(env, callId).over(session),
    keyCheckAllowed: (workshopId, sessionToken) => workshopStub(env, workshopId).keyCheckAllowed(sessionToken),
    joinAllowed: async (from) => (await env.JOINS.limit({ key: from })).success,
  };
}
