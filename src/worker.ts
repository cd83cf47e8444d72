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
import { loadMasterKeys, type MasterKeys } from "./vault/master-keys.ts";

export { CallObject } from "./call/call-object.ts";
export { WorkshopObject } from "./workshop/workshop-object.ts";

/** The front door: a call, or the API. Files of the page are served before it. */
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
    let masterKeys: Promise<MasterKeys> | undefined;
    return api.fetch(request, {
      settings,
      database,
      masterKeys: () => {
        masterKeys ??= loadMasterKeys(settings.masterKeyHexes.newest, settings.masterKeyHexes.previous);
        return masterKeys;
      },
      now: Date.now,
      randomBytes,
      fetch: (input: RequestInfo | URL, init?: RequestInit) => fetch(input, init),
      calls: callDirectory(env, settings, database),
      waitUntil: (work: Promise<unknown>) => ctx.waitUntil(work),
    });
  },
} satisfies ExportedHandler<Cloudflare.Env>;
