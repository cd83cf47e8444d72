import type { Reason } from "../../failure.ts";
import { LIMITS } from "../../limits.ts";
import type { Help } from "./failure-help.ts";

const KIB = 1_024;
const MIB = 1_024 * KIB;
const MINUTE_MS = 60_000;

/** A call, its socket and its end. */
export const OF_CALLS = {
  too_many_calls: {
    who: "student",
    cause: `This agent is in ${LIMITS.callsPerStudent} calls already, or the workshop in ${LIMITS.callsPerWorkshop} (\`CALLS_PER_WORKSHOP\`). On the instructor's key also: the object that counts calls did not answer.`,
    fix: "Hang up the other call, also in other tabs and at the phone. One that was lost counts for half a minute more.",
  },
  silence: {
    who: "student",
    cause: `Nothing was heard for ${LIMITS.silenceEndMs / 1_000} s, and the agent had asked after ${LIMITS.silenceCheckInMs / 1_000} s: the caller is away, or the microphone is off.`,
    fix: "Look at the level of the microphone on the page, and call again.",
  },
  call_cap: {
    who: "student",
    cause: `A call lasts ${LIMITS.callDefaultMs / MINUTE_MS} minutes, unless the workshop says otherwise; ${LIMITS.callMaxMs / MINUTE_MS} at the most.`,
    fix: "Call again. The instructor sets *Longest call*.",
  },
  revoked: {
    who: "student",
    cause:
      "The instructor ended this call, deleted the student or closed the workshop; or the student erased themselves.",
    fix: "Ask the instructor. Nothing is broken.",
  },
  slow_listener: {
    who: "student",
    cause: `More than ${LIMITS.sendQueueCloseBytes / MIB} MiB of sound waited for this connection: the network is slower than speech.`,
    fix: "Go nearer to the access point, close other downloads, or call by typing.",
  },
  call_over: {
    who: "student",
    cause: `The call had ended before this connection came, for instance after more than ${LIMITS.resumeWindowMs / 1_000} s without a network.`,
    fix: "Begin a new call. What was said is under *Calls*.",
  },
  bad_ticket: {
    who: "developer",
    cause: `A ticket opens one socket once, within ${LIMITS.ticketMs / 1_000} s. This one is used, late, changed, or of another call.`,
    fix: "Ask for a new one: `POST /api/calls`. When every ticket fails, the clock of this machine is wrong or `ENCRYPTION_KEY` was replaced: see the check page.",
  },
  wrong_call: {
    who: "developer",
    cause: "A socket came to a call that belongs to another phone call or another student.",
    fix: "Nothing for callers. Does a client of your own keep an old address? Take `url` and `ticket` from the same reply.",
  },
  no_setup: {
    who: "developer",
    cause: `A ConversationRelay client connected and did not send \`setup\` within ${LIMITS.firstMessageMs / 1_000} s.`,
    fix: 'Send `{"type":"setup", …}` first. Twilio does so by itself.',
  },
  bad_frame: {
    who: "developer",
    cause: `A message is no JSON, is nested too deep, or is of no known form. After ${LIMITS.badFramesInARow} in a row the socket is closed.`,
    fix: "Compare it with `src/protocol/call-messages.ts`, or with Twilio's ConversationRelay.",
  },
  frame_too_large: {
    who: "developer",
    cause: `A message has more than ${LIMITS.textFrameBytes / KIB} KiB; sound of a browser, ${LIMITS.soundFrameBytes / KIB} KiB.`,
    fix: "Send sound in pieces of 20 to 100 ms.",
  },
  too_many_frames: {
    who: "developer",
    cause: `More than ${LIMITS.framesPerSecond} messages a second, ${LIMITS.framesBurst} at once, or ${LIMITS.utterancesPerMinute} sentences of a caller a minute.`,
    fix: "Send sound at the speed of speech, a few pieces at a time.",
  },
} as const satisfies Partial<Record<Reason, Help>>;
