import { Hono } from "hono";
import { sayTwiml } from "../caller/twiml.ts";
import { factsOf } from "../failure.ts";
import { log } from "../log.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { dressReply } from "./guards.ts";
import { failed, twiml } from "./replies.ts";

/**
 * Answers for every route while a variable is missing or malformed: with its name, never its value. Nothing else of the
 * configuration is looked at, so no route can be open by accident.
 */
export async function answerMisconfigured(
  request: Request,
  variable: string,
  randomBytes: ApiDeps["randomBytes"],
): Promise<Response> {
  log({ event: "variable-missing", variable });
  return misconfiguredApi(variable).fetch(request, { randomBytes });
}

function misconfiguredApi(variable: string): Hono<ApiEnv> {
  const { spoken, sentence } = factsOf("misconfigured");
  const app = new Hono<ApiEnv>();
  app.use(dressReply);
  // A caller hears a sentence: a phone shows no error page. It tells nothing that would need a signature.
  app.post("/twilio/voice/:sessionToken", (c) => twiml(c, sayTwiml(spoken ?? sentence)));
  app.get("/healthz", (c) =>
    failed(c, "misconfigured", { variable, checks: { database: "not-checked", secrets: "failed" } }),
  );
  app.notFound((c) => failed(c, "misconfigured", { variable }));
  return app;
}
