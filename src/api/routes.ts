import { Hono } from "hono";
import { deleteMe, getMe, patchMe } from "./agent-configs.ts";
import { deleteKey, putKey } from "./api-keys.ts";
import { startCall } from "./browser-calls.ts";
import { getMyCall, listMyCalls } from "./calls.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { docsPage } from "./docs.ts";
import type { Endpoint } from "./endpoint.ts";
import { health } from "./health.ts";
import type { Who } from "./identity.ts";
import { join, leave } from "./join.ts";
import { getSettings, saveConfig } from "./legacy.ts";
import { openApi } from "./openapi.ts";
import { showPhoneNumbers } from "./phone-numbers.ts";
import { listMyPrompts } from "./prompts.ts";
import { makeRecoveryPhrase, recover } from "./recovery.ts";
import { serveRoutes } from "./serve-routes.ts";
import { runTool } from "./tool-runs.ts";
import { ended, voice } from "./twilio.ts";
import { makeVoiceSample } from "./voice-samples.ts";
import { makeWebhookSecret } from "./webhook-secrets.ts";
import { checkEverything } from "./workshop-check.ts";
import { close, exportReport, getReceipt, reopen, showReport } from "./workshop-closing.ts";
import { exportCalls, exportLedger } from "./workshop-export.ts";
import { login, logout } from "./workshop-login.ts";
import { showMetrics } from "./workshop-metrics.ts";
import { showSpend, topUpPool } from "./workshop-money.ts";
import { announce, endOneCall, pause, push, resume } from "./workshop-room.ts";
import { joinQr, listAllWorkshops, makeWorkshop, patchWorkshop, removeWorkshop } from "./workshop-settings.ts";
import { forgetAllKeys, forgetStudentsKey, listStudents, removeStudent } from "./workshop-students.ts";
import { traceCall } from "./workshop-trace.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface Route<W extends Who = Who> {
  readonly method: Method;
  readonly path: string;
  readonly who: W;
  readonly endpoint: Endpoint<W>;
}

/** `who` is said here again, and must be what the endpoint asks for. */
const route = <W extends Who>(method: Method, path: string, who: W, endpoint: Endpoint<W>): Route<W> => ({
  method,
  path,
  who,
  endpoint,
});

/** Everything that REST does. What is not here is answered 404, or 405 when only the method is not. */
export const ROUTES: readonly Route[] = [
  route("GET", "/healthz", "anyone", health),
  route("POST", "/api/join", "anyone", join),
  route("POST", "/api/recover", "anyone", recover),
  route("POST", "/api/leave", "anyone", leave),

  route("GET", "/api/me", "student", getMe),
  route("PATCH", "/api/me", "student", patchMe),
  route("DELETE", "/api/me", "student", deleteMe),
  route("PUT", "/api/me/key", "student", putKey),
  route("DELETE", "/api/me/key", "student", deleteKey),
  route("POST", "/api/me/recovery-phrase", "student", makeRecoveryPhrase),
  route("GET", "/api/me/prompts", "student", listMyPrompts),
  route("POST", "/api/me/tools/:name/run", "student", runTool),
  route("POST", "/api/me/voice-sample", "student", makeVoiceSample),
  route("POST", "/api/me/webhook-secret", "student", makeWebhookSecret),
  route("GET", "/api/me/calls", "student", listMyCalls),
  route("GET", "/api/me/calls/:callId", "student", getMyCall),

  route("GET", "/api/me/receipt", "student", getReceipt),

  route("POST", "/api/calls", "student", startCall),

  route("POST", "/api/workshop/login", "anyone", login),
  route("POST", "/api/workshop/logout", "anyone", logout),
  route("GET", "/api/workshop/check", "instructor", checkEverything),
  route("GET", "/api/workshop/phone-numbers", "instructor", showPhoneNumbers),
  route("GET", "/api/workshop/calls/:callId/trace", "instructor", traceCall),
  route("GET", "/api/workshop/workshops", "instructor", listAllWorkshops),
  route("POST", "/api/workshop/workshops", "instructor", makeWorkshop),
  route("PATCH", "/api/workshop/workshops/:workshopId", "instructor", patchWorkshop),
  route("DELETE", "/api/workshop/workshops/:workshopId", "instructor", removeWorkshop),
  route("GET", "/api/workshop/workshops/:workshopId/qr.svg", "instructor", joinQr),
  route("GET", "/api/workshop/workshops/:workshopId/students", "instructor", listStudents),
  route("DELETE", "/api/workshop/workshops/:workshopId/students/:studentId", "instructor", removeStudent),
  route("DELETE", "/api/workshop/workshops/:workshopId/students/:studentId/key", "instructor", forgetStudentsKey),
  route("POST", "/api/workshop/workshops/:workshopId/forget-keys", "instructor", forgetAllKeys),
  route("POST", "/api/workshop/workshops/:workshopId/close", "instructor", close),
  route("POST", "/api/workshop/workshops/:workshopId/reopen", "instructor", reopen),
  route("GET", "/api/workshop/workshops/:workshopId/report", "instructor", showReport),
  route("GET", "/api/workshop/workshops/:workshopId/report.csv", "instructor", exportReport),
  route("POST", "/api/workshop/workshops/:workshopId/announcement", "instructor", announce),
  route("POST", "/api/workshop/workshops/:workshopId/push", "instructor", push),
  route("POST", "/api/workshop/workshops/:workshopId/pause", "instructor", pause),
  route("POST", "/api/workshop/workshops/:workshopId/resume", "instructor", resume),
  route("POST", "/api/workshop/workshops/:workshopId/calls/:callId/end", "instructor", endOneCall),
  route("GET", "/api/workshop/workshops/:workshopId/export.csv", "instructor", exportCalls),
  route("GET", "/api/workshop/workshops/:workshopId/ledger.csv", "instructor", exportLedger),
  route("GET", "/api/workshop/workshops/:workshopId/spend", "instructor", showSpend),
  route("GET", "/api/workshop/workshops/:workshopId/metrics", "instructor", showMetrics),
  route("POST", "/api/workshop/workshops/:workshopId/top-up", "instructor", topUpPool),

  route("POST", "/api/student-config-save", "anyone", saveConfig),
  route("GET", "/api/get-student-ai-settings", "service", getSettings),

  route("POST", "/twilio/voice/:sessionToken", "twilio", voice),
  route("POST", "/twilio/voice/:sessionToken/ended", "twilio", ended),

  route(
    "GET",
    "/openapi.json",
    "anyone",
    openApi(() => ROUTES),
  ),
  route(
    "GET",
    "/docs",
    "anyone",
    docsPage(() => ROUTES),
  ),
];

/** Made once: a request brings what it needs as Hono's bindings, `api.fetch(request, deps)`. */
export const api = serveRoutes(ROUTES);

/** The API with its needs filled in. */
export function createApi(deps: ApiDeps): Hono<ApiEnv> {
  return new Hono<ApiEnv>().all("*", (c) => api.fetch(c.req.raw, deps));
}
