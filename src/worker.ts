import type { ApiDeps } from "./api/deps.ts";
import { api } from "./api/routes.ts";
import { callDirectory } from "./call/call-directory.ts";
import { enterCall } from "./call/call-entry.ts";
import { randomBytes } from "./call/call-secrets.ts";
import { readSettings } from "./env.ts";
import { LIMITS } from "./limits.ts";
import { openDatabase } from "./store/database.ts";
import { loadMasterKeys } from "./vault/master-keys.ts";

export { CallObject } from "./call/call-object.ts";
export { WorkshopObject } from "./workshop/workshop-object.ts";

/** The front door: a page's file, a call, or the API. */
export default {
  async fetch(request, env, ctx): Promise<Response> {
    return new Response();
  },
} satisfies ExportedHandler<Cloudflare.Env>;
