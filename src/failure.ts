/**
 * Every reason for which anything in Callroom fails, with what each side is told. Strangers get these fixed
 * sentences and nothing else: text of OpenAI, of a webhook, of the database or of a parser is never passed on,
 * because each of them is known to quote secrets.
 */

/** What the outside sees of a reason. `spoken` is said to the caller of a call that goes on or ends for it. */
export interface FailureFacts {
  readonly status: number;
  readonly closeCode: number;
  readonly sentence: string;
  readonly spoken?: string;
}

const fact = (status: number, closeCode: number, sentence: string, spoken?: string): FailureFacts =>
  spoken === undefined ? { status, closeCode, sentence } : { status, closeCode, sentence, spoken };

const LENT_IS_USED = "I'm sorry, what your instructor lends is used. Add your own key on your page. Goodbye.";
const NOT_LENT = "I'm sorry, your instructor's key is not lent for this. Add your own key on your page. Goodbye.";
const NOT_COUNTED = "I'm sorry, this line can't tell what a call costs right now. Please try again later. Goodbye.";
const TRY_LATER = "I'm sorry, I can't think clearly right now. Please try again in a moment.";

export const FAILURES = {
  // Requests
  bad_request: fact(400, 1008, "The request is not well formed."),
  unauthorized: fact(401, 1008, "You need to be signed in for this."),
  forbidden: fact(403, 1008, "You may not do this."),
  bad_origin: fact(403, 1008, "Requests from this site are not accepted."),
  bad_signature: fact(403, 1008, "The request is not signed by Twilio."),
  not_found: fact(404, 1008, "There is nothing here."),
  method_not_allowed: fact(405, 1008, "This address does not take that method."),
  too_large: fact(413, 1009, "The request is larger than 64 KiB."),
  unsupported_media_type: fact(415, 1008, "Send JSON, with content type application/json."),
  upgrade_required: fact(426, 1008, "This address speaks WebSocket."),
  too_many_requests: fact(429, 1008, "Too many requests. Wait a minute and try again."),
  misconfigured: fact(
    503,
    1011,
    "This server is not set up correctly.",
    "I'm sorry, this line is not set up correctly.",
  ),
  database_unavailable: fact(
    503,
    1013,
    "The database does not answer. Try again in a moment.",
    "I'm sorry, this line is not available right now. Please call again in a few minutes.",
  ),
  internal: fact(500, 1011, "Something went wrong on our side.", TRY_LATER),

  // The instructor
  bad_token: fact(401, 1008, "This is not the instructor's token."),
  too_many_logins: fact(429, 1008, "Too many wrong tokens. Wait, then try again."),
  already_erased: fact(409, 1008, "This workshop was closed, and its students are erased: there is no way back."),
  join_code_taken: fact(409, 1008, "Another workshop has this join code."),

  // Joining and saving
  unknown_join_code: fact(
    404,
    1008,
    "No workshop has this join code. Check it with your instructor: codes look like MAPLE-7F.",
  ),
  workshop_not_open: fact(403, 4004, "This workshop has not begun yet.", "I'm sorry, this workshop is not open."),
  workshop_closed: fact(403, 4004, "This workshop has ended.", "I'm sorry, this workshop has ended. Goodbye."),
  workshop_full: fact(409, 1008, "Every seat of this workshop is taken. Ask your instructor for one more."),
  workshop_paused: fact(
    403,
    4004,
    "Your instructor paused all calls.",
    "Your instructor has paused all calls. Please try again later. Goodbye.",
  ),
  unknown_phrase: fact(404, 1008, "These words belong to nobody. Check each of them, or join with the code."),
  unknown_session: fact(
    401,
    1008,
    "No student has this session token.",
    "I'm sorry, no agent answers at this number yet. Please check the address of the call.",
  ),
  bad_config: fact(400, 1008, "The agent's configuration is not valid."),
  bad_key_shape: fact(400, 4001, "This does not look like an OpenAI key: keys begin with sk-."),

  // Keys
  no_key: fact(
    402,
    4001,
    "No OpenAI API key configured. Please add your key in the workshop settings.",
    "I'm sorry, this agent has no OpenAI key yet. Please add one on your page and call again.",
  ),
  key_unreadable: fact(
    409,
    4001,
    "The stored OpenAI key cannot be read: the key needs to be entered again.",
    "I'm sorry, the stored OpenAI key can't be read. Please enter it again on your page.",
  ),
  key_rejected: fact(
    422,
    4001,
    "OpenAI does not accept this key.",
    "I'm sorry, OpenAI does not accept the key of this agent. Please check the key on your page. Goodbye.",
  ),
  key_restricted: fact(
    403,
    4001,
    "This key may not use the model: its permissions are restricted.",
    "I'm sorry, the key of this agent may not use this model. Please check its permissions. Goodbye.",
  ),
  no_credit: fact(
    402,
    4001,
    "OpenAI accepts the key, but its account has no credit left.",
    "I'm sorry, the OpenAI account of this agent has no credit left. Please add credit and call again. Goodbye.",
  ),

  // Money. `budget_low` is said and shown; the call goes on.
  budget_low: fact(
    402,
    4002,
    "Most of what this call may cost is used.",
    "Just so you know: most of the money for this is used. We will have to finish soon.",
  ),
  allowance_used: fact(
    402,
    4002,
    "What your instructor lends you is used. Connect your own key, or ask for more.",
    LENT_IS_USED,
  ),
  pool_used: fact(
    402,
    4002,
    "What your instructor lends the class is used. Connect your own key, or ask for more.",
    LENT_IS_USED,
  ),
  call_budget_used: fact(
    402,
    4002,
    "This call has cost as much as one call on the instructor's key may.",
    "I'm sorry, this call has cost as much as one call may. Goodbye.",
  ),
  own_cap_used: fact(
    402,
    4002,
    "Your calls have cost as much as you allowed. Raise your limit to go on.",
    "Your calls have cost as much as you allowed. Goodbye.",
  ),
  fallback_off: fact(402, 4002, "Your instructor's key is not lent now. Connect your own key to call.", NOT_LENT),
  model_not_lent: fact(
    402,
    4002,
    "Your instructor's key is not lent for this model. Connect your own key to call.",
    NOT_LENT,
  ),
  unpriced_model: fact(
    402,
    4002,
    "No price is known for this model, so your instructor's key is not used for it.",
    NOT_COUNTED,
  ),
  money_unreachable: fact(
    503,
    1013,
    "What this call costs can't be counted now, so your instructor's key is not used. Try again in a moment.",
    NOT_COUNTED,
  ),

  // The model
  model_not_available: fact(
    404,
    1011,
    "This key has no access to the configured model.",
    "I'm sorry, the model of this agent is not available. Goodbye.",
  ),
  region_unsupported: fact(
    403,
    1011,
    "OpenAI does not serve this region.",
    "I'm sorry, OpenAI is not available here. Goodbye.",
  ),
  upstream_rate_limited: fact(
    429,
    1013,
    "OpenAI asks to slow down.",
    "I'm sorry, I'm getting too many questions at once. Please say that again in a moment.",
  ),
  upstream_bad_request: fact(400, 1011, "OpenAI did not accept the request.", TRY_LATER),
  upstream_unavailable: fact(502, 1011, "OpenAI is not answering.", TRY_LATER),
  upstream_timeout: fact(
    504,
    1011,
    "OpenAI took too long to answer.",
    "I'm sorry, that took too long. Please say that again.",
  ),
  upstream_unreadable: fact(502, 1011, "OpenAI's answer could not be read.", TRY_LATER),

  upstream_lost: fact(
    502,
    1011,
    "The connection to OpenAI was lost.",
    "One moment, please. I lost my connection and am getting it back.",
  ),
  transcript_missing: fact(502, 1011, "OpenAI could not write down what was said."),

  // Calls
  bad_frame: fact(400, 1008, "This message could not be read."),
  frame_too_large: fact(413, 1009, "This message is larger than 64 KiB."),
  too_many_frames: fact(429, 1008, "Too many messages."),
  no_setup: fact(408, 1008, "The call did not begin with a setup message."),
  wrong_call: fact(403, 1008, "This socket belongs to another call."),
  bad_ticket: fact(403, 1008, "This ticket is not valid, or it was used before."),
  call_over: fact(410, 1008, "This call is over."),
  slow_listener: fact(429, 1013, "This connection is too slow for the sound of the call."),
  too_many_calls: fact(
    429,
    1013,
    "This agent is already in as many calls as it may hold.",
    "I'm sorry, this agent is busy in other calls. Please try again later.",
  ),
  call_cap: fact(410, 4003, "The call has reached its longest time.", "We have reached the end of our time. Goodbye."),
  silence: fact(410, 1000, "Nothing was heard for a minute.", "I can't hear you, so I'll hang up now. Goodbye."),
  revoked: fact(
    403,
    4004,
    "This call was ended by the workshop.",
    "This call has been ended by the workshop. Goodbye.",
  ),
} as const satisfies Record<string, FailureFacts>;

export type Reason = keyof typeof FAILURES;

export const factsOf = (reason: Reason): FailureFacts => FAILURES[reason];

/** An expected failure. Carries its reason, and for bad input which field: never text from outside. */
export class Failure extends Error {
  readonly reason: Reason;
  /** Path of the field at fault and what is wrong with it, both from our own words, e.g. `tools[2].name`. */
  readonly field: string | undefined;

  constructor(reason: Reason, field?: string) {
    super(factsOf(reason).sentence);
    this.name = "Failure";
    this.reason = reason;
    this.field = field;
  }
}

/** The reason of anything thrown: ours as it is, everything else is `internal`. */
export const reasonOf = (thrown: unknown): Reason => (thrown instanceof Failure ? thrown.reason : "internal");
