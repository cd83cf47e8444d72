import { type Fields, fields, number, oneOf, orNull, words } from "../../protocol/read-fields.ts";
import type { ToolRunReply } from "../../protocol/rest.ts";
import { type Answer, ask } from "../rest-client.ts";

/** The routes of a student's tools, beside those that save them. */

export type ToolRun = Omit<ToolRunReply, "success">;

/** Runs a saved tool once, as a call would; takes as long as the tool does. */
export const runTool = (name: string, args: Fields): Promise<Answer<ToolRun>> =>
  ask("POST", `/api/me/tools/${encodeURIComponent(name)}/run`, readRun, { arguments: args });

const readRun = (reply: Fields): ToolRun => ({
  outcome: oneOf(["ok", "failed"], reply.outcome),
  durationMs: number(reply.durationMs),
  request: orNull(readRequest, reply.request),
  status: orNull(number, reply.status),
  output: words(reply.output),
});

function readRequest(value: unknown): NonNullable<ToolRun["request"]> {
  const { url, headers, body } = fields(value);
  const lines = Object.entries(fields(headers)).map(([name, text]) => [name, words(text)]);
  return { url: words(url), headers: Object.fromEntries(lines), body: words(body) };
}

/** A new secret that signs the requests to webhooks; the one before stops at once. */
export const makeWebhookSecret = (): Promise<Answer<string>> =>
  ask("POST", "/api/me/webhook-secret", ({ webhookSecret }) => words(webhookSecret), {});
