/** What the ringing phone is told: TwiML documents, answered to Twilio with content type `text/xml`. */

/** A voice of one of Twilio's providers. OpenAI's voice names mean nothing to any of them. */
export interface CarrierVoice {
  readonly provider: "ElevenLabs" | "Google" | "Amazon";
  readonly name: string;
}

export interface ConnectOptions {
  /** `wss://…` with a path and without a query string: sources disagree on how Twilio signs one. */
  readonly socketUrl: string;
  /** Where Twilio posts the end of the session, absolute or from the voice webhook's URL. Without it a dropped socket would end the phone call. */
  readonly actionUrl: string;
  readonly voice?: CarrierVoice;
  /** BCP-47, for hearing and speaking; Twilio's default is `en-US`. */
  readonly language?: string;
}

/**
 * Connects the phone to a ConversationRelay socket. Never a `welcomeGreeting`: it would be spoken again in every session
 * that resumes a dropped one, and the agent would not know of it.
 */
export function connectTwiml({ socketUrl, actionUrl, voice, language }: ConnectOptions): string {
  const relay = attributes({
    url: socketUrl,
    // `agentSpeaking off` is how the agent's goodbye is known to be heard before it hangs up. Not `tokens-played`, and
    // no partialPrompts: several frames a second that would only wake a sleeping call.
    events: "speaker-events",
    dtmfDetection: "true",
    interruptible: "any",
    // Otherwise (default `none` since May 2025) words and digits that do not interrupt are lost.
    reportInputDuringAgentSpeech: "any",
    // Its default depends on the age of the Twilio account.
    transcriptionProvider: "Deepgram",
    language,
    // A voice without its provider is looked for at ElevenLabs and fails the call with 64101.
    ttsProvider: voice?.provider,
    voice: voice?.name,
  });
  const connect = attributes({ action: actionUrl, method: "POST" });
  return document(`<Connect${connect}><ConversationRelay${relay}/></Connect>`);
}

/**
 * Connects the phone to a Media Streams socket in both directions. Twilio does not reconnect: when the socket closes while
 * the phone is up, it asks `redirectUrl` what to do next.
 *
 * @param socketUrl `wss://…` with a path.
 * @throws TypeError for a query string: Twilio refuses it with error 31920.
 */
export function streamTwiml({
  socketUrl,
  redirectUrl,
}: {
  readonly socketUrl: string;
  readonly redirectUrl: string;
}): string {
  if (socketUrl.includes("?")) throw new TypeError("a stream URL has no query string");
  const stream = `<Connect><Stream${attributes({ url: socketUrl })}/></Connect>`;
  return document(`${stream}<Redirect method="POST">${escapeXml(redirectUrl)}</Redirect>`);
}

/** Says one sentence to the caller and hangs up. */
export function sayTwiml(sentence: string): string {
  return document(`<Say>${escapeXml(sentence)}</Say><Hangup/>`);
}

const document = (verbs: string): string => `<?xml version="1.0" encoding="UTF-8"?><Response>${verbs}</Response>`;

function attributes(values: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(values)
    .map(([name, value]) => (value === undefined ? "" : ` ${name}="${escapeXml(value)}"`))
    .join("");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

/**
 * Text for an element or for a quoted attribute alike. White space becomes a space (an attribute would lose it anyway);
 * other control characters and noncharacters are dropped, since XML 1.0 cannot hold them even when escaped.
 */
function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\t\n\r\u0085\u2028\u2029]+/g, " ")
    .replace(/[\p{Cc}\p{Noncharacter_Code_Point}]/gu, "")
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}
