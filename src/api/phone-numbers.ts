import { LIMITS } from "../limits.ts";
import { parseSessionToken, type SessionToken } from "../protocol/ids.ts";
import type { NumberTarget, PhoneNumbersReply } from "../protocol/observed.ts";
import { studentIdsOf } from "../store/student-ids.ts";
import { endpoint } from "./endpoint.ts";
import { publicOrigin } from "./public-address.ts";
import { succeeded } from "./replies.ts";
import { phoneNumbersReply } from "./reply-schemas-phone.ts";
import { listNumbers, type TwilioNumber } from "./twilio-numbers.ts";

/** Which numbers still ring elsewhere. Hosts alone are told: the path of a voice URL holds a session token. */
export const showPhoneNumbers = endpoint("instructor", {
  summary: "The phone numbers of the instructor's Twilio account, and where each leads.",
  reply: phoneNumbersReply,
  fails: [],
  handle: async (c) => {
    const { settings, fetch, database } = c.env;
    const { twilioAccountSid: accountSid, twilioAuthToken: authToken, twilioApiBaseUrl: apiBaseUrl } = settings;
    if (accountSid === undefined || authToken === undefined) {
      return succeeded<PhoneNumbersReply>(c, { success: true, twilio: "off", numbers: [] });
    }
    const deadline = AbortSignal.timeout(LIMITS.checkMs);
    const found = await listNumbers(fetch, { accountSid, authToken, apiBaseUrl }, deadline);
    if (found === undefined) {
      return succeeded<PhoneNumbersReply>(c, { success: true, twilio: "failed", numbers: [] });
    }
    const ourHost = new URL(publicOrigin(c)).host;
    const leads = found.map((number) => ({ ...number, ...leadOf(number, ourHost) }));
    const tokens = leads.flatMap(({ sessionToken }) => (sessionToken === undefined ? [] : [sessionToken]));
    const students = await studentIdsOf(database, tokens);
    return succeeded<PhoneNumbersReply>(c, {
      success: true,
      twilio: "ok",
      numbers: leads.map(({ number, name, target, host, sessionToken }) => ({
        number,
        name,
        target,
        host,
        studentId: (sessionToken && students.get(sessionToken)) ?? null,
      })),
    });
  },
});

interface Lead {
  readonly target: NumberTarget;
  readonly host: string | null;
  readonly sessionToken: SessionToken | undefined;
}

/** Twilio asks an app or a trunk first, and looks at the voice URL only where there is neither. */
function leadOf({ voiceUrl, isAppOrTrunk }: TwilioNumber, ourHost: string): Lead {
  const nobody = { host: null, sessionToken: undefined };
  if (isAppOrTrunk) return { target: "elsewhere", ...nobody };
  if (voiceUrl === undefined) return { target: "nothing", ...nobody };
  const url = URL.parse(voiceUrl);
  // Twilio takes only http and https; what else stands there is asked by nobody.
  if (url === null || !["http:", "https:"].includes(url.protocol)) return { target: "nothing", ...nobody };
  if (url.host !== ourHost) return { target: "elsewhere", host: url.host, sessionToken: undefined };
  return { target: "here", host: url.host, sessionToken: tokenIn(url.pathname) };
}

function tokenIn(pathname: string): SessionToken | undefined {
  const [, segment] = /^\/twilio\/voice\/([^/]+)$/.exec(pathname) ?? [];
  try {
    return segment === undefined ? undefined : parseSessionToken(decodeURIComponent(segment));
  } catch {
    return undefined;
  }
}
