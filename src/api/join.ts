import { Failure } from "../failure.ts";
import { DEFAULT_GREETING, DEFAULT_TOOLS } from "../protocol/agent-config.ts";
import { sessionTokenFrom } from "../protocol/ids.ts";
import type { JoinReply } from "../protocol/rest.ts";
import { joinWorkshop } from "../store/joining.ts";
import { findWorkshopByJoinCode } from "../store/workshops.ts";
import { stateOf } from "../workshop/dates.ts";
import { endpoint } from "./endpoint.ts";
import { signIn, signOut } from "./identity.ts";
import { websocketUrl } from "./public-address.ts";
import { checkGuesses, withNewPhrase } from "./recovery.ts";
import { failed, isoTimeOrNull, succeeded } from "./replies.ts";
import { doneReply, joinReply } from "./reply-schemas.ts";
import { joinRequest } from "./schemas.ts";
import { studentChanged } from "./tell-workshop.ts";

/** A new student with an agent that already answers: it greets, and its tools need no server. */
export const join = endpoint("anyone", {
  summary: "Joins a workshop: makes a student, signs the browser in.",
  body: joinRequest,
  reply: joinReply,
  fails: ["unknown_join_code", "workshop_not_open", "workshop_closed", "workshop_full", "too_many_requests"],
  handle: async (c, { body }) => {
    await checkGuesses(c);
    const { database, randomBytes, now } = c.env;
    const workshop = await findWorkshopByJoinCode(database, body.joinCode);
    if (!workshop) throw new Failure("unknown_join_code");
    switch (stateOf(workshop, now())) {
      case "not-open":
        return failed(c, "workshop_not_open", { opensAt: isoTimeOrNull(workshop.opensAtMs) ?? undefined });
      case "ended":
        throw new Failure("workshop_closed");
      case "open":
        break;
    }
    const sessionToken = sessionTokenFrom(randomBytes(32));
    const joiner = {
      sessionToken,
      workshopId: workshop.id,
      name: body.name,
      email: body.email ?? null,
      greeting: DEFAULT_GREETING,
      toolsJson: DEFAULT_TOOLS,
    };
    const { phrase, outcome } = await withNewPhrase(c, (digest) =>
      joinWorkshop(database, { ...joiner, recoveryDigest: digest }),
    );
    if (outcome === "full") throw new Failure("workshop_full");
    if (outcome === "closed") throw new Failure("workshop_closed");
    studentChanged(c, { sessionToken, workshop, ...outcome }, null);
    signIn(c, sessionToken);
    return succeeded<JoinReply>(c, {
      success: true,
      sessionToken,
      name: outcome.name,
      recoveryPhrase: phrase,
      websocketUrl: websocketUrl(c, sessionToken),
      workshop: { name: workshop.name },
    });
  },
});

/** Whoever asks: the cookie of a student who was erased must go away too. */
export const leave = endpoint("anyone", {
  summary: "Signs this browser out. The student stays, and comes back with their words.",
  reply: doneReply,
  fails: [],
  handle: (c) => {
    signOut(c);
    return succeeded(c, { success: true });
  },
});
