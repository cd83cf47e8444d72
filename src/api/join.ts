import { Failure } from "../failure.ts";
import { DEFAULT_GREETING, DEFAULT_TOOLS } from "../protocol/agent-config.ts";
import { sessionTokenFrom } from "../protocol/ids.ts";
import { enrolStudent } from "../store/students.ts";
import { findWorkshopByJoinCode } from "../store/workshops.ts";
import { isOpen } from "../workshop/dates.ts";
import { endpoint } from "./endpoint.ts";
import { signIn } from "./identity.ts";
import { websocketUrl } from "./public-address.ts";
import { succeeded } from "./replies.ts";
import { joinReply } from "./reply-schemas.ts";
import { joinRequest } from "./schemas.ts";

/** A new student with an agent that already answers: it greets, and its tools need no server. */
export const join = endpoint("anyone", {
  summary: "Joins a workshop: makes a student, signs the browser in.",
  body: joinRequest,
  reply: joinReply,
  fails: ["unknown_join_code", "workshop_closed", "too_many_requests"],
  handle: async (c, { body }) => {
    const from = network(c.req.header("cf-connecting-ip"));
    if (!(await c.env.calls.joinAllowed(from))) throw new Failure("too_many_requests");
    const workshop = await findWorkshopByJoinCode(c.env.database, body.joinCode);
    if (!workshop) throw new Failure("unknown_join_code");
    if (!isOpen(workshop, c.env.now())) throw new Failure("workshop_closed");
    const sessionToken = sessionTokenFrom(c.env.randomBytes(32));
    await enrolStudent(c.env.database, {
      sessionToken,
      workshopId: workshop.id,
      name: body.name,
      email: body.email ?? null,
      origin: "joined",
      prompt: null,
      greeting: DEFAULT_GREETING,
      voice: null,
      toolsJson: DEFAULT_TOOLS,
    });
    signIn(c, sessionToken);
    return succeeded(c, {
      success: true,
      sessionToken,
      name: body.name,
      websocketUrl: websocketUrl(c, sessionToken),
      workshop: { name: workshop.name },
    });
  },
});

/** Whom joins are counted for: an IPv4 address, or the half of an IPv6 one that a household shares. */
const network = (address = "unknown"): string =>
  address.includes(":") ? address.split(":").slice(0, 4).join(":") : address.slice(0, 45);
