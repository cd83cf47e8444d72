import type { Row } from "./help-of-states.ts";

/** Numbers that come with a closed socket. Ours are those of `failure.ts`; the others are a browser's or the network's. */
export const OF_CLOSE_CODES = {
  1000: ["Done: the call ended in order, or another connection took its place (`replaced`).", "Nothing."],
  1001: ["The page was closed, or our side let go of a dead line.", "Nothing: the call waits 30 s."],
  1005: ["The other side closed without saying why.", "Nothing."],
  1006: ["The line broke without a word: network, deploy, crash.", "Pages and phones come back by themselves."],
  1008: ["A rule was broken; the reason's code says which.", "Look the code up here."],
  1009: ["A message was too large (`frame_too_large`, `too_large`).", "Send less at once."],
  1011: ["Our fault, or OpenAI's.", "Call again; then look at the code."],
  1012: ["The server restarts.", "Pages and phones come back by themselves."],
  1013: ["Too much at once: of calls, of sound, or at the database.", "Wait a moment."],
  4000: ["The page itself gave a dead line up, to dial again.", "Nothing."],
  4001: ["The key: none, unreadable, refused, without credit.", "Look the code up here."],
  4002: ["The money: a limit is reached.", "Look the code up here."],
  4003: ["The longest time of a call is reached.", "Call again."],
  4004: ["Ended by the workshop: paused, closed, revoked.", "Ask the instructor."],
} as const satisfies Readonly<Record<number, Row>>;

/** Twilio's error numbers that an agent can meet, as its Console shows them. Sources: Twilio's error pages, `docs/phone.md`. */
export const OF_TWILIO = {
  10002: ["Not for trial accounts.", "Upgrade the account."],
  10004: ["Too many calls at once for a new account.", "Complete the account's business profile, or wait."],
  11200: [
    "Our address answered no TwiML: GET instead of POST (405), a typing error (404), not signed (403, `bad_signature`).",
    "*HTTP POST*; the address anew; the *primary* auth token; `PUBLIC_ORIGIN`.",
  ],
  20003: [
    "Wrong account or token, only for the list of numbers.",
    "`TWILIO_ACCOUNT_SID` and `TWILIO_AUTH_TOKEN` of one account.",
  ],
  31901: ["The socket did not open in time.", "Does `/healthz` answer?"],
  31902: ["The socket was refused.", "Does `/healthz` answer?"],
  31903: ["The socket broke while it opened.", "Call again."],
  31910: ["TLS failed.", "The certificate of your own domain, at Cloudflare."],
  31920: [
    "The handshake was refused: mostly the signature, or a `?` in a stream's address.",
    "As 11200. Take the TwiML as it is made here.",
  ],
  31921: [
    "Our side closed the stream: its call is over, a deploy, a crash.",
    "Nothing: the phone comes back to a call that goes on, twice at the most.",
  ],
  31924: ["The socket did not keep the protocol.", "Call again; is a proxy of yours in between?"],
  31930: ["Sound was sent faster than it was played: a warning.", "Nothing."],
  31950: ["Twilio could not read a message of ours.", "Keep the call's id, and the log of it."],
  31951: ["A message of ours had the wrong stream in it.", "Keep the call's id, and the log of it."],
  39001: ["Twilio's own connection was lost.", "Nothing: the call is resumed."],
  64101: [
    "Twilio takes a voice or language no more, or its AI terms are not agreed to.",
    "`docs/phone.md`, step 2; old TwiML that names a voice.",
  ],
  64102: ["The socket could not be opened.", "As 11200 and 31901."],
  64103: ["Twilio's session failed on its side.", "Nothing: the call is resumed."],
  64104: ["Twilio's longest call.", "Nothing: ours ends first."],
  64105: ["The socket ended on our side, for a deploy or a crash.", "Nothing: the call is resumed, twice at the most."],
  64106: ["The language or voice is not one of this provider's.", "Another language on the student's page."],
  64107: ["Twilio could not read a message of ours.", "Keep the call's id, and the log of it."],
  64108: ["No sound came from the phone's network.", "Call again."],
  64109: ["Too many ConversationRelay sessions at once for this account.", "Ask Twilio for more."],
  64111: ["Twilio's voice failed.", "Nothing: the call is resumed."],
  64112: ["Twilio's voice could not say a sentence.", "Nothing: the call is resumed."],
} as const satisfies Readonly<Record<number, Row>>;

/** What a command's exit code means; absent: the command has no such code. */
export interface ExitCodes {
  readonly zero: string;
  readonly one: string;
  readonly two: string;
}

/** Of every script in `package.json` that is a command of ours. */
export const OF_EXIT_CODES: Readonly<Record<string, ExitCodes>> = {
  setup: {
    zero: "all steps are done",
    one: "a step could not be done: the last lines say why; run it again",
    two: "arguments or variables are not understood; nothing was done",
  },
  doctor: { zero: "nothing failed", one: "a line failed", two: "Callroom could not be asked" },
  adopt: { zero: "all is taken", one: "something could not be; the report says what", two: "nothing could be done" },
  keys: {
    zero: "done",
    one: "something is unreadable, left under an older master key, or not yet time for",
    two: "the command could not do its work",
  },
  trace: { zero: "the call was shown", one: "there is no such call", two: "Callroom could not be asked" },
  call: {
    zero: "the call was made",
    one: "nothing answers, or it was refused or failed",
    two: "arguments are not understood",
  },
  "db:migrate": {
    zero: "up to date",
    one: "not reached, or not migrated; nothing was changed",
    two: "a running `npm run dev` has the folder",
  },
  reconcile: { zero: "both agree", one: "they differ", two: "they cannot be read or compared" },
  prices: {
    zero: "done, with or without warnings",
    one: "a problem; nothing was written",
    two: "arguments are not understood",
  },
  docs: {
    zero: "the pages are written, or up to date",
    one: "`--check`: a page is out of date",
    two: "arguments or measurements are not understood",
  },
  scale: { zero: "done", one: "it could not be measured", two: "arguments are not understood" },
  dev: { zero: "stopped with Ctrl-C", one: "it could not start; the last line says why", two: "" },
  "build:spoken": { zero: "up to date", one: "a sentence could not be made", two: "" },
  "build:web": { zero: "built", one: "a page is too heavy, or does not build", two: "" },
  screenshots: { zero: "taken", one: "a picture is too large", two: "" },
};
