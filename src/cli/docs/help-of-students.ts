import type { Reason } from "../../failure.ts";
import { LIMITS } from "../../limits.ts";
import type { Help } from "./failure-help.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Coming in, and saving. */
export const OF_STUDENTS = {
  unknown_join_code: {
    who: "student",
    cause: "The join code is mistyped, or the instructor has changed it since.",
    fix: "Compare it with the board. Upper and lower case make no difference. Or open the instructor's link, which has the code in it.",
  },
  workshop_not_open: {
    who: "student",
    cause: "The workshop's opening time has not come.",
    fix: "Wait: the page lets you in by itself. The instructor can open it now: console → Settings → *Opens*.",
  },
  workshop_closed: {
    who: "student",
    cause:
      "The workshop's end has passed, or the instructor has closed it for good. A key cannot be connected there any more.",
    fix: "Ask the instructor. A workshop that only ran over its time is opened again with a later *Closes*; one that was closed, with *Open it again*, while its keys are there.",
  },
  workshop_full: {
    who: "student",
    cause:
      "As many students have joined as the workshop has seats. Who joined before and lost the page has a seat already.",
    fix: "Were you in before? Come back with your four words. Otherwise the instructor raises *Seats*, or deletes who joined twice.",
  },
  workshop_paused: {
    who: "student",
    cause: "The instructor has paused all calls: live ones ended, and none can begin.",
    fix: "Wait until the pause is over. What you write is saved meanwhile.",
  },
  unknown_phrase: {
    who: "student",
    cause: "One of the four words is wrong, new words were made since, or the student was erased.",
    fix: "Check the spelling of each word. Without them, join again with the code, or ask the instructor.",
  },
  unknown_session: {
    who: "student",
    cause: "Nobody has this session token: it is mistyped in the phone's address, or its student was erased.",
    fix: "In the browser: join again. At the phone: copy the address anew from *Call it by phone*.",
  },
  unauthorized: {
    who: "student",
    cause: `The browser sent no sign-in: its cookie ended (${LIMITS.sessionCookieMs / DAY_MS} days for students, ${LIMITS.instructorCookieMs / HOUR_MS} hours for the console), or the browser keeps none. A server sent no token, or another one.`,
    fix: "Sign in again, and allow cookies for this page. A server sends `Authorization: Bearer …`.",
  },
  bad_config: {
    who: "student",
    cause:
      "Something in the agent cannot be saved: too long, of the wrong form, or a tool's address that is not public https. `field` names it.",
    fix: "Mend what the field says. Everything else was kept.",
  },
  bad_key_shape: {
    who: "student",
    cause: "What was pasted is no OpenAI key: they begin with `sk-` and have no spaces inside.",
    fix: "Copy the key again where you made it, in one piece: <https://platform.openai.com/api-keys>.",
  },
  too_many_requests: {
    who: "student",
    cause: `More in a minute than is taken: ${LIMITS.keyChecksPerMinute} checks of a key, 20 tries of a tool, 6 samples of a voice, ${LIMITS.callsPreparedPerMinute} calls begun, 100 joins from one network.`,
    fix: "Wait a minute. A big class behind one router joins in two waves.",
  },
} as const satisfies Partial<Record<Reason, Help>>;
