import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

/** One number of an account, as far as anybody here asks about it. */
export interface StandinNumber {
  readonly phoneNumber: string;
  readonly friendlyName?: string;
  readonly voiceUrl?: string | null;
  readonly voiceApplicationSid?: string;
  readonly trunkSid?: string;
}

export interface TwilioApiStandin {
  /** For `TWILIO_API_BASE_URL`. */
  readonly baseUrl: string;
  /** Paths with query that were asked, oldest first, and what they were answered. */
  readonly asked: { readonly path: string; readonly status: number }[];
  numbers: StandinNumber[];
  /** The most numbers on one page, whatever is asked for. */
  pageSize: number;
  /** Every answer is this instead. */
  fault: { readonly status: number; readonly body: string; readonly location?: string } | undefined;
  close(): Promise<void>;
}

const MAX_PAGE_SIZE = 1_000;

/**
 * The part of Twilio's API that lists phone numbers: `GET /2010-04-01/Accounts/{sid}/IncomingPhoneNumbers.json`. Refuses what
 * Twilio refuses, in its words: wrong credentials (401, 20003), another account (404, 20404), another method (405, 20004).
 */
export async function startTwilioApiStandin(account: {
  readonly accountSid: string;
  readonly authToken: string;
  readonly numbers?: readonly StandinNumber[];
}): Promise<TwilioApiStandin> {
  const { accountSid, authToken } = account;
  const credentials = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString("base64")}`;
  const listPath = `/2010-04-01/Accounts/${accountSid}/IncomingPhoneNumbers.json`;

  const answer = (request: IncomingMessage, url: URL): { status: number; body: object } => {
    if (request.headers.authorization !== credentials) return refusal(401, 20003, "Authenticate");
    if (url.pathname !== listPath) {
      return refusal(404, 20404, `The requested resource ${url.pathname} was not found`);
    }
    if (request.method !== "GET") return refusal(405, 20004, "Method not allowed");
    const asked = Math.trunc(Number(url.searchParams.get("PageSize") ?? 50));
    const size = Math.max(1, Math.min(asked || 50, MAX_PAGE_SIZE, standin.pageSize));
    const page = Number(url.searchParams.get("Page") ?? 0);
    return { status: 200, body: listing(standin.numbers, page, size) };
  };

  const listing = (numbers: readonly StandinNumber[], page: number, size: number): object => {
    const start = page * size;
    const rows = numbers.slice(start, start + size);
    const uriOf = (at: number): string => `${listPath}?PageSize=${size}&Page=${at}&PageToken=PAPN${at}`;
    return {
      first_page_uri: `${listPath}?PageSize=${size}&Page=0`,
      end: start + rows.length - 1,
      previous_page_uri: page > 0 ? uriOf(page - 1) : null,
      incoming_phone_numbers: rows.map((number, at) => rowOf(number, accountSid, start + at)),
      uri: `${listPath}?PageSize=${size}&Page=${page}`,
      page_size: size,
      start,
      next_page_uri: start + size < numbers.length ? uriOf(page + 1) : null,
      page,
    };
  };

  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? "/", "http://standin");
    const { fault } = standin;
    const { status, body } = fault ?? answer(request, url);
    standin.asked.push({ path: `${url.pathname}${url.search}`, status });
    response.writeHead(status, {
      "content-type": "application/json",
      ...(fault?.location !== undefined && { location: fault.location }),
    });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  const standin: TwilioApiStandin = {
    baseUrl: `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`,
    asked: [],
    numbers: [...(account.numbers ?? [])],
    pageSize: MAX_PAGE_SIZE,
    fault: undefined,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
  return standin;
}

const refusal = (status: number, code: number, message: string): { status: number; body: object } => ({
  status,
  body: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status },
});

function rowOf(number: StandinNumber, accountSid: string, at: number): object {
  const sid = `PN${at.toString(16).padStart(32, "0")}`;
  return {
    account_sid: accountSid,
    address_requirements: "none",
    api_version: "2010-04-01",
    beta: false,
    capabilities: { voice: true, sms: true, mms: true, fax: false },
    date_created: "Thu, 30 Jul 2026 23:19:04 +0000",
    date_updated: "Thu, 30 Jul 2026 23:19:04 +0000",
    friendly_name: number.friendlyName ?? number.phoneNumber,
    identity_sid: null,
    origin: "twilio",
    phone_number: number.phoneNumber,
    sid,
    sms_url: "",
    status: "in-use",
    status_callback: "",
    trunk_sid: number.trunkSid ?? null,
    uri: `/2010-04-01/Accounts/${accountSid}/IncomingPhoneNumbers/${sid}.json`,
    voice_application_sid: number.voiceApplicationSid ?? "",
    voice_caller_id_lookup: false,
    voice_fallback_url: "",
    voice_method: "POST",
    voice_receive_mode: "voice",
    voice_url: number.voiceUrl ?? "",
  };
}
