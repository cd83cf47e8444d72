import { parse } from "hono/utils/cookie";
import type { Settings } from "../env.ts";
import { Failure } from "../failure.ts";
import { isInstructorSession } from "../vault/instructor-session.ts";
import type { MasterKeys } from "../vault/master-keys.ts";
import { ACCESS_HEADER, isAccessAssertion } from "./cloudflare-access.ts";
import type { ApiContext } from "./deps.ts";
import { networkOf } from "./network.ts";
import { isSameSecret } from "./same-secret.ts";

/*
 * Who the instructor is: the holder of the console's signed cookie, of `INSTRUCTOR_TOKEN`, or of an assertion of
 * Cloudflare Access.
 */

/** Without its prefix `__Host-`, which ties it to this very host. */
export const INSTRUCTOR_COOKIE = "callroom-instructor";

export interface InstructorNeeds {
  readonly settings: Pick<Settings, "instructorToken" | "access">;
  readonly masterKeys: () => Promise<MasterKeys>;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  /** Reaches Cloudflare's certificates, when Access is set up. */
  readonly fetch: typeof fetch;
}

/**
 * Whether a request comes from the instructor's browser: cookie or Access. `Authorization` means nothing here, since a
 * token may only be tried where tries are counted; so a WebSocket can ask this as well.
 */
export async function isInstructor(request: Request, needs: InstructorNeeds): Promise<boolean> {
  const { settings, masterKeys, nowMs } = needs;
  const name = `__Host-${INSTRUCTOR_COOKIE}`;
  const session = parse(request.headers.get("cookie") ?? "", name)[name];
  if (
    session !== undefined &&
    (await isInstructorSession(await masterKeys(), settings.instructorToken, session, nowMs))
  ) {
    return true;
  }
  const assertion = request.headers.get(ACCESS_HEADER);
  return settings.access !== undefined && assertion !== null && isAccessAssertion(assertion, settings.access, needs);
}

/** Tries that have to wait, and for how long. */
export class TooManyLogins extends Failure {
  readonly retryAfterSeconds: number;

  constructor(retryAfterSeconds: number) {
    super("too_many_logins");
    this.name = "TooManyLogins";
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/**
 * One try of the instructor's token, counted for the network it comes from.
 *
 * @throws Failure `bad_token`, or TooManyLogins, which does not say whether the token was right.
 */
export async function tryInstructorToken(c: ApiContext, given: string): Promise<undefined> {
  const isRight = await isSameSecret(given, c.env.settings.instructorToken);
  const verdict = await c.env.logins.attempt(networkOf(c), isRight ? "right" : "wrong");
  if (verdict.outcome === "throttled") throw new TooManyLogins(verdict.retryAfterSeconds);
  if (verdict.outcome === "wrong") throw new Failure("bad_token");
}
