import * as z from "zod";

/*
 * The phone numbers of a Twilio account, read from its API (https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource).
 * Nothing is ever written there.
 */

export interface TwilioAccount {
  readonly accountSid: string;
  readonly authToken: string;
  /** Scheme and host; requests go nowhere else, whatever an answer says. */
  readonly apiBaseUrl: string;
}

export interface TwilioNumber {
  /** E.164. */
  readonly number: string;
  readonly name: string;
  /** What Twilio asks when a call comes in; `undefined` for none. An app or a trunk goes before it. */
  readonly voiceUrl: string | undefined;
  readonly isAppOrTrunk: boolean;
}

/** The most that one page may hold is 1,000; ours keep an answer below a megabyte. */
const PAGE_NUMBERS = 200;
/** 2,000 numbers: more than a workshop has, and not so many that an account of thousands is read to its end. */
const PAGES = 10;

/** `null`, "" and nothing at all mean the same in Twilio's answers. */
const optional = z
  .string()
  .nullish()
  .transform((text) => text?.trim() || undefined);

const numberRow = z.object({
  phone_number: z.string(),
  friendly_name: optional,
  voice_url: optional,
  voice_application_sid: optional,
  trunk_sid: optional,
});

const page = z.object({ incoming_phone_numbers: z.array(z.unknown()), next_page_uri: optional });

/**
 * The numbers of an account, in Twilio's order; `undefined` when Twilio does not answer, refuses the credentials, or answers
 * something else. A number that cannot be read is left out. Never rejects.
 */
export async function listNumbers(
  fetcher: typeof fetch,
  account: TwilioAccount,
  signal: AbortSignal,
): Promise<readonly TwilioNumber[] | undefined> {
  const { accountSid, authToken, apiBaseUrl } = account;
  const path = `/2010-04-01/Accounts/${accountSid}/IncomingPhoneNumbers.json`;
  const headers = { authorization: `Basic ${btoa(`${accountSid}:${authToken}`)}`, accept: "application/json" };
  const numbers: TwilioNumber[] = [];
  let url: URL | undefined = new URL(`${path}?PageSize=${PAGE_NUMBERS}`, apiBaseUrl);
  try {
    for (let pages = 0; url !== undefined && pages < PAGES; pages++) {
      const response: Response = await fetcher(url.href, { headers, redirect: "manual", signal });
      if (response.status !== 200) {
        await response.body?.cancel();
        return undefined;
      }
      const { incoming_phone_numbers: rows, next_page_uri: next } = page.parse(JSON.parse(await response.text()));
      numbers.push(...rows.flatMap((row) => readNumber(row)));
      url = next === undefined ? undefined : nextPage(next, path, apiBaseUrl);
    }
    return numbers;
  } catch {
    // Of a network, a parser or a schema: each of them may quote what it was given.
    return undefined;
  }
}

/** The credentials go with it, so it must be the same list of the same host. */
function nextPage(uri: string, path: string, apiBaseUrl: string): URL | undefined {
  const url = new URL(uri, apiBaseUrl);
  return url.origin === new URL(apiBaseUrl).origin && url.pathname === path ? url : undefined;
}

function readNumber(row: unknown): TwilioNumber[] {
  const { data } = numberRow.safeParse(row);
  if (!data) return [];
  return [
    {
      number: data.phone_number,
      name: data.friendly_name ?? "",
      voiceUrl: data.voice_url,
      isAppOrTrunk: data.voice_application_sid !== undefined || data.trunk_sid !== undefined,
    },
  ];
}
