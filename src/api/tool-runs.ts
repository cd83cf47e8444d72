import { randomBelow } from "../call/call-secrets.ts";
import { ensureWebhookSecret } from "../call/first-webhook-secret.ts";
import { ToolRunner } from "../call/tool-runner.ts";
import type { WebhookWorld } from "../call/webhook.ts";
import { Failure } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import { callIdFrom } from "../protocol/ids.ts";
import type { ToolRunReply } from "../protocol/rest.ts";
import type { Student } from "../store/students.ts";
import { SealedKeyUnreadable, unseal } from "../vault/seal.ts";
import type { ApiContext } from "./deps.ts";
import { endpoint } from "./endpoint.ts";
import { publicHost } from "./public-address.ts";
import { succeeded } from "./replies.ts";
import { toolRunReply } from "./reply-schemas.ts";
import { toolRunRequest } from "./schemas.ts";
import { meChanged } from "./tell-workshop.ts";

/**
 * Runs a saved tool exactly as a call would: the same limits, the same request, the same words for the model. What a tool
 * does to a call (to end it, to hand it over) is only said, for there is no call.
 */
export const runTool = endpoint("student", {
  summary: "Runs one of the student's saved tools once, as a call would, and shows what was sent and what came back.",
  body: toolRunRequest,
  reply: toolRunReply,
  fails: ["not_found", "too_many_requests"],
  handle: async (c, { asker: student, body }) => {
    const tool = student.config.tools.find(({ name }) => name === c.req.param("name"));
    if (!tool) throw new Failure("not_found");
    if (!(await c.env.calls.toolRunAllowed(student.studentId))) throw new Failure("too_many_requests");
    const callId = callIdFrom(c.env.randomBytes(16));
    const exchange = new Exchange(c.env.fetch);
    const runner = new ToolRunner(callId, {
      nowMs: c.env.now,
      randomBelow,
      wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      webhook: () => webhookWorld(c, student, exchange.fetch),
    });
    const { outcome, output, durationMs } = await runner.run(tool, {
      toolCallId: callId,
      name: tool.name,
      arguments: JSON.stringify(body.arguments),
      webhookId: `msg_${callId}_1`,
      outcome: "pending",
      output: null,
      durationMs: null,
    });
    const { request, status } = exchange;
    return succeeded<ToolRunReply>(c, { success: true, outcome, durationMs, request, status, output });
  },
});

/** What went to the webhook and how it answered; of two tries, the last. */
class Exchange {
  request: ToolRunReply["request"] = null;
  status: number | null = null;
  readonly fetch: typeof fetch;

  constructor(fetcher: typeof fetch) {
    this.fetch = async (input, init) => {
      const { url, headers } = new Request(input, init);
      this.request = {
        url,
        headers: Object.fromEntries(headers),
        body: typeof init?.body === "string" ? init.body : "",
      };
      const response = await fetcher(input, init);
      this.status = response.status;
      return response;
    };
  }
}

/** `undefined`: the secret that is there cannot be read, or none could be stored. */
async function webhookWorld(c: ApiContext, student: Student, fetcher: typeof fetch): Promise<WebhookWorld | undefined> {
  const { database, settings, now, masterKeys } = c.env;
  const sealed = await ensureWebhookSecret(database, settings, student);
  if (sealed === null) return undefined;
  if (student.sealedWebhookSecret === null) meChanged(c, student);
  const binding = { purpose: "webhook-secret", sessionToken: student.sessionToken } as const;
  const opened = await unseal(await masterKeys(), binding, sealed).catch((thrown: unknown) => {
    if (thrown instanceof SealedKeyUnreadable) return undefined;
    throw thrown;
  });
  if (!opened) return undefined;
  const rules = {
    urlCharacters: LIMITS.urlCharacters,
    ownHost: publicHost(c),
    standinOrigin: settings.webhookStandinOrigin,
  };
  return { nowMs: now, fetch: fetcher, secret: opened.plaintext, rules };
}
