import { getCookie, setCookie } from "hono/cookie";
import { type FormParams, formParams, verifyTwilioSignature } from "../caller/twilio-signature.ts";
import { Failure } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import { parseSessionToken, type SessionToken } from "../protocol/ids.ts";
import { findStudent, type Student } from "../store/students.ts";
import { readFormText } from "./body.ts";
import type { ApiContext } from "./deps.ts";
import { isInstructor, tryInstructorToken } from "./instructor.ts";
import { publicOrigin } from "./public-address.ts";
import { isSameSecret } from "./same-secret.ts";

/** Who may use a route, and what a handler then knows of them. */
export interface Askers {
  readonly anyone: undefined;
  readonly student: Student;
  readonly instructor: undefined;
  /** A server of the instructor's. */
  readonly service: undefined;
  /** The form that Twilio posted. */
  readonly twilio: FormParams;
}

export type Who = keyof Askers;

const IDENTIFY: { readonly [W in Who]: (c: ApiContext) => Promise<Askers[W]> } = {
  anyone: async () => undefined,
  student: studentOf,
  instructor: checkInstructor,
  service: checkService,
  twilio: twilioForm,
};

/** @throws Failure when the asker is not who the route is for. */
export const identify = <W extends Who>(c: ApiContext, who: W): Promise<Askers[W]> => IDENTIFY[who](c);

/** Signs a browser in. `__Host-` ties the cookie to this very host, over https, for every path. */
export function signIn(c: ApiContext, token: SessionToken): void {
  setCookie(c, "callroom", token, {
    prefix: "host",
    secure: true,
    httpOnly: true,
    sameSite: "Strict",
    path: "/",
    maxAge: LIMITS.sessionCookieMs / 1_000,
  });
}

/** Signs a browser out, and has it forget what it keeps of us. */
export function signOut(c: ApiContext): void {
  setCookie(c, "callroom", "", {
    prefix: "host",
    secure: true,
    httpOnly: true,
    sameSite: "Strict",
    path: "/",
    maxAge: 0,
  });
}

/** One query authenticates the token and brings all there is of its student. */
async function studentOf(c: ApiContext): Promise<Student> {
  const given = bearer(c) ?? getCookie(c, "callroom", "host");
  if (given === undefined) throw new Failure("unauthorized");
  const token = parseSessionToken(given);
  const student = token && (await findStudent(c.env.database, token));
  if (!student) throw new Failure("unknown_session");
  return student;
}

/** A token that is given is the one that counts, as with students; a script has no cookie and a browser no token. */
async function checkInstructor(c: ApiContext): Promise<undefined> {
  const given = bearer(c);
  if (given !== undefined) return tryInstructorToken(c, given);
  const { settings, masterKeys, now, fetch } = c.env;
  if (!(await isInstructor(c.req.raw, { settings, masterKeys, nowMs: now(), fetch })))
    throw new Failure("unauthorized");
}

/** Without a `SERVICE_TOKEN` there is nobody to be. */
async function checkService(c: ApiContext): Promise<undefined> {
  const expected = c.env.settings.serviceToken;
  const given = bearer(c);
  if (expected === undefined || given === undefined || !(await isSameSecret(given, expected))) {
    throw new Failure("unauthorized");
  }
}

/** The form is read first, since the signature covers it. Without an auth token nobody could check one. */
async function twilioForm(c: ApiContext): Promise<FormParams> {
  const params = formParams(await readFormText(c.req.raw));
  const authToken = c.env.settings.twilioAuthToken;
  if (authToken === undefined) return params;
  const { pathname, search } = new URL(c.req.url);
  const url = `${publicOrigin(c)}${pathname}${search}`;
  const signature = c.req.header("x-twilio-signature");
  if (!(await verifyTwilioSignature({ authToken, url, params, signature }))) throw new Failure("bad_signature");
  return params;
}

function bearer(c: ApiContext): string | undefined {
  return /^Bearer +(\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1];
}
