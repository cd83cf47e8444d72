import { deleteCookie, setCookie } from "hono/cookie";
import { LIMITS } from "../limits.ts";
import { mintInstructorSession } from "../vault/instructor-session.ts";
import { endpoint } from "./endpoint.ts";
import { INSTRUCTOR_COOKIE, tryInstructorToken } from "./instructor.ts";
import { succeeded } from "./replies.ts";
import { doneReply } from "./reply-schemas.ts";
import { loginRequest } from "./schemas-workshop.ts";

/** `__Host-`: for this very host, over https, on every path; `Strict`: never sent along from another site. */
const COOKIE = { prefix: "host", secure: true, httpOnly: true, sameSite: "Strict", path: "/" } as const;

export const login = endpoint("anyone", {
  summary: "Signs the instructor's browser in.",
  body: loginRequest,
  reply: doneReply,
  fails: ["bad_token", "too_many_logins"],
  handle: async (c, { body }) => {
    await tryInstructorToken(c, body.instructorToken);
    const { masterKeys, settings, now } = c.env;
    const expiresAtMs = now() + LIMITS.instructorCookieMs;
    const session = await mintInstructorSession(await masterKeys(), settings.instructorToken, expiresAtMs);
    setCookie(c, INSTRUCTOR_COOKIE, session, { ...COOKIE, maxAge: LIMITS.instructorCookieMs / 1_000 });
    return succeeded(c, { success: true });
  },
});

/** Takes the cookie away; who has none is signed out already. */
export const logout = endpoint("anyone", {
  summary: "Signs the instructor's browser out.",
  reply: doneReply,
  fails: [],
  handle: async (c) => {
    deleteCookie(c, INSTRUCTOR_COOKIE, COOKIE);
    return succeeded(c, { success: true });
  },
});
