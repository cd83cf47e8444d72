import { enterLive } from "./api/live-entry.ts";
import { answerMisconfigured } from "./api/misconfigured.ts";
import { api } from "./api/routes.ts";
import { callDirectory } from "./call/call-directory.ts";
import { enterCall } from "./call/call-entry.ts";
import { randomBytes } from "./call/call-secrets.ts";
import { enterSound } from "./call/sound-entry.ts";
import { readSettings, type Settings } from "./env.ts";
import { Failure } from "./failure.ts";
import { LIMITS } from "./limits.ts";
import { openDatabase } from "./store/database.ts";
import { findStudent } from "./store/students.ts";
import { summarizeStudents } from "./store/students-of-workshop.ts";
import { findWorkshop } from "./store/workshops.ts";
import { loadMasterKeys, type MasterKeys } from "./vault/master-keys.ts";
import { loginStub } from "./workshop/login-object.ts";
import { workshopDirectory } from "./workshop/workshop-directory.ts";

export { CallObject } from "./call/call-object.ts";
export { LoginObject } from "./workshop/login-object.ts";
export { WorkshopObject } from "./workshop/workshop-object.ts";

/** The front door: a call, what goes on in a workshop, or the API. Files of the page are served before it. */
export default {
  async fetch(request, env, ctx): Promise<Response> {
    let settings: Settings;
    try {
      settings = readSettings(env);
    } catch (thrown) {
      const variable = thrown instanceof Failure ? thrown.field : undefined;
      return answerMisconfigured(request, variable ?? "unknown", randomBytes);
    }
    const { pathname } = new URL(request.url);
    if (pathname === "/ws" || pathname.startsWith("/ws/")) return enterCall(request, env, settings);
    if (pathname.startsWith("/call/") || pathname.startsWith("/media/")) return enterSound(request, env, settings);
    const database = openDatabase(settings.database, LIMITS.databaseStartMs);
    let loading: Promise<MasterKeys> | undefined;
    const masterKeys = (): Promise<MasterKeys> => {
      loading ??= loadMasterKeys(settings.masterKeyHexes.newest, settings.masterKeyHexes.previous);
      return loading;
    };
    const outward: typeof fetch = (input: RequestInfo | URL, init?: RequestInit) => fetch(input, init);
    if (pathname === "/live") {
      return enterLive(request, env, {
        settings,
        masterKeys,
        fetch: outward,
        findStudent: (token) => findStudent(database, token),
        studentsOf: (workshopId) => summarizeStudents(database, workshopId),
        factsOf: (workshopId) => findWorkshop(database, workshopId),
      });
    }
    return api.fetch(request, {
      settings,
      database,
      masterKeys,
      now: Date.now,
      randomBytes,
      fetch: outward,
      calls: callDirectory(env, settings, database),
      workshops: workshopDirectory(env),
      logins: { attempt: (address, event) => loginStub(env).attempt(address, event) },
      waitUntil: (work: Promise<unknown>) => ctx.waitUntil(work),
    });
  },
} satisfies ExportedHandler<Cloudflare.Env>;
