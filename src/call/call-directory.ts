import type { CallDirectory } from "../api/deps.ts";
import { Failure } from "../failure.ts";
import type { CallId } from "../protocol/ids.ts";
import { workshopStub } from "../workshop/workshop-object.ts";
import type { CallObject } from "./call-object.ts";

/** The object of a call. Its name is the call's id, which we made; no caller names an object. */
export const callStub = (env: Cloudflare.Env, callId: CallId): DurableObjectStub<CallObject> =>
  env.CALL.get(env.CALL.idFromName(callId));

/** What REST may ask of live calls, asked of the objects that hold them. */
export function callDirectory(env: Cloudflare.Env): CallDirectory {
  return {
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
