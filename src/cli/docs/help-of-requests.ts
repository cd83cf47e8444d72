import type { Reason } from "../../failure.ts";
import { LIMITS } from "../../limits.ts";
import type { Help } from "./failure-help.ts";

/** Requests of programs: pages of ours do not send them. */
export const OF_REQUESTS = {
  bad_request: {
    who: "developer",
    cause: "A field is missing, too much, or of the wrong kind, or the body is no JSON. `field` names the first one.",
    fix: "Compare it with `/docs` of your deployment, where every route is described.",
  },
  forbidden: {
    who: "developer",
    cause: `The ticket in the address of a phone's socket is not ours, or older than ${LIMITS.ticketMs / 1_000} s.`,
    fix: "Take the address from fresh TwiML, not from a note. From Twilio itself: is `ENCRYPTION_KEY` the same on every version that runs?",
  },
  bad_origin: {
    who: "developer",
    cause:
      "The request comes from a page of another site, or from this one under another address than `PUBLIC_ORIGIN`.",
    fix: "Open the page at the address in `PUBLIC_ORIGIN`, or change it in `wrangler.toml`. Pages of other sites cannot use the API; servers send no `Origin`.",
  },
  bad_signature: {
    who: "developer",
    cause:
      "With `TWILIO_AUTH_TOKEN` set, requests of a phone must be signed over the very address that Twilio was given. The token is another account's, or `PUBLIC_ORIGIN` is another address.",
    fix: "Put the account's *primary* token: `npx wrangler secret put TWILIO_AUTH_TOKEN`. Set `PUBLIC_ORIGIN` to the address in Twilio's webhook.",
  },
  not_found: {
    who: "developer",
    cause: "There is no such address; or no such workshop, student, call or tool, or it is not yours to see.",
    fix: "Check the address and the id. What was erased is not found either.",
  },
  method_not_allowed: {
    who: "developer",
    cause: "The address is right, the method is not. At a phone: the webhook is set to *HTTP GET*.",
    fix: "`Allow` in the reply names the right ones. In Twilio's console choose *HTTP POST*.",
  },
  too_large: {
    who: "developer",
    cause: `The body has more than ${LIMITS.bodyBytes / 1_024} KiB.`,
    fix: "Shorten the prompt or the tools' schemas: together they must fit.",
  },
  unsupported_media_type: {
    who: "developer",
    cause: "The body is not sent as `application/json`, or is compressed.",
    fix: "Send `Content-Type: application/json`, and no `Content-Encoding`.",
  },
  upgrade_required: {
    who: "developer",
    cause: "An address for sockets was opened like a page.",
    fix: "Open it as a WebSocket. To call from a terminal: `npm run call`.",
  },
} as const satisfies Partial<Record<Reason, Help>>;
