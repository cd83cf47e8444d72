import { Failure } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import { parseCallId } from "../protocol/ids.ts";
import type { CountReply, PushReply } from "../protocol/rest-workshop.ts";
import { webhookUrlProblem } from "../protocol/webhook-url.ts";
import { pushToWorkshop } from "../store/push.ts";
import type { ApiContext } from "./deps.ts";
import { endpoint } from "./endpoint.ts";
import { publicHost } from "./public-address.ts";
import { succeeded } from "./replies.ts";
import { doneReply } from "./reply-schemas.ts";
import { countReply, pushReply } from "./reply-schemas-workshop.ts";
import { announcementRequest, type GivenTool, pushRequest } from "./schemas-workshop.ts";
import { soon, workshopIdOf, workshopOf } from "./workshop-of.ts";

export const announce = endpoint("instructor", {
  summary: "Says something on every open page of a workshop.",
  body: announcementRequest,
  reply: doneReply,
  fails: ["not_found"],
  handle: async (c, { body }) => {
    const { id } = await workshopOf(c);
    await c.env.workshops.announce(id, body.text);
    return succeeded(c, { success: true });
  },
});

export const push = endpoint("instructor", {
  summary: "Gives every agent of a workshop a prompt, a greeting or a tool. What it had before stays in its history.",
  body: pushRequest,
  reply: pushReply,
  fails: ["not_found", "bad_config"],
  handle: async (c, { body: { tool, ...texts } }) => {
    const workshopId = workshopIdOf(c);
    if (tool) checkWebhook(c, tool);
    const pushed = await pushToWorkshop(c.env.database, workshopId, {
      ...texts,
      tool: tool && { name: tool.tool.name, stored: tool.stored },
      mostTools: LIMITS.tools,
      nowMs: c.env.now(),
    });
    if (!pushed) throw new Failure("not_found");
    soon(c, c.env.workshops.meChanged(workshopId, null, "instructor"));
    return succeeded<PushReply>(c, { success: true, ...pushed });
  },
});

export const pause = endpoint("instructor", {
  summary: "Stops every live call of a workshop and lets none begin. Answers how many were stopped.",
  reply: countReply,
  fails: ["not_found"],
  handle: (c) => setPaused(c, true),
});

export const resume = endpoint("instructor", {
  summary: "Lets calls begin again.",
  reply: countReply,
  fails: ["not_found"],
  handle: (c) => setPaused(c, false),
});

export const endOneCall = endpoint("instructor", {
  summary: "Ends one live call.",
  reply: doneReply,
  fails: ["not_found"],
  handle: async (c) => {
    const workshopId = workshopIdOf(c);
    const callId = parseCallId(c.req.param("callId"));
    if (!callId || !(await c.env.workshops.endCall(workshopId, callId))) throw new Failure("not_found");
    return succeeded(c, { success: true });
  },
});

async function setPaused(c: ApiContext, isPaused: boolean): Promise<Response> {
  const { id } = await workshopOf(c);
  return succeeded<CountReply>(c, { success: true, count: await c.env.workshops.setPaused(id, isPaused) });
}

/** As of a student's own tools. @throws Failure `bad_config`. */
function checkWebhook(c: ApiContext, { tool: { answer } }: GivenTool): void {
  if (answer.mode !== "webhook") return;
  const problem = webhookUrlProblem(answer.url, {
    urlCharacters: LIMITS.urlCharacters,
    ownHost: publicHost(c),
    standinOrigin: c.env.settings.webhookStandinOrigin,
  });
  if (problem) throw new Failure("bad_config", `tool.function.webhook_url: ${problem}`);
}
