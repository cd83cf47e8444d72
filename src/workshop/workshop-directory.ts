import type { WorkshopDirectory } from "../api/deps.ts";
import { Failure } from "../failure.ts";
import { workshopStub } from "./workshop-object.ts";

/**
 * What REST may ask of the live side of workshops, asked of their objects. Rejects with Failure `internal` when a call
 * that was to end could not be told: whoever asked may ask again.
 */
export function workshopDirectory(env: Cloudflare.Env): WorkshopDirectory {
  return {
    async setPaused(workshopId, paused) {
      const { calls, untold } = await workshopStub(env, workshopId).setPaused(paused);
      allTold(untold);
      return paused ? calls : 0;
    },
    isPaused: (workshopId) => workshopStub(env, workshopId).isPaused(),
    funds: (workshopId, request) => workshopStub(env, workshopId).funds(request),
    lendingChanged: (workshopId, lending) => workshopStub(env, workshopId).lendingChanged(lending),
    ownCapChanged: (workshopId, sessionToken, microUsd) =>
      workshopStub(env, workshopId).ownCapChanged(sessionToken, microUsd),
    announce: (workshopId, text) => workshopStub(env, workshopId).announce(text),
    async endCall(workshopId, callId) {
      const ended = await workshopStub(env, workshopId).endCall(callId);
      allTold(ended?.untold ?? 0);
      return ended !== undefined;
    },
    meChanged: (workshopId, sessionToken, by) => workshopStub(env, workshopId).meChanged(sessionToken, by),
    studentChanged: (workshopId, student) => workshopStub(env, workshopId).studentChanged(student),
    keysForgotten: async (workshopId, students) =>
      allTold(await workshopStub(env, workshopId).keysForgotten([...students])),
    studentGone: async (workshopId, sessionToken) =>
      allTold(await workshopStub(env, workshopId).studentGone(sessionToken)),
    closingChanged: async (workshopId) => {
      const failure = await workshopStub(env, workshopId).closingChanged(workshopId);
      if (failure !== null) throw new Failure(failure);
    },
  };
}

function allTold(untold: number): void {
  if (untold > 0) throw new Failure("internal");
}
