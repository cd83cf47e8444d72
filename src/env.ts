import { Failure } from "./failure.ts";
import { LIMITS } from "./limits.ts";
import type { DatabaseAddress } from "./store/database.ts";
import { ApiKey } from "./vault/api-key.ts";
import { isUsableMasterKey, splitMasterKeys } from "./vault/master-keys.ts";

/** Everything an instructor configures (design: variables and secrets of the Worker), read and checked once. */
export interface Settings {
  readonly masterKeyHexes: { readonly newest: string; readonly previous: readonly string[] };
  readonly database: DatabaseAddress;
  readonly instructorToken: string;
  /** Cloudflare Access in front of the console: whoever it lets in is the instructor. `undefined`: it is not asked. */
  readonly access: AccessSettings | undefined;
  /** The fallback key; `undefined`: there is no fallback. */
  readonly instructorApiKey: ApiKey | undefined;
  /** Opens the one route that returns a key; `undefined`: nobody can. */
  readonly serviceToken: string | undefined;
  /** Set: every Twilio request and handshake must be signed. */
  readonly twilioAuthToken: string | undefined;
  /** With the token: the account's phone numbers are read, to tell which lead here. `undefined`: they are not. */
  readonly twilioAccountSid: string | undefined;
  /** Twilio's API. The auth token goes there. */
  readonly twilioApiBaseUrl: string;
  /** Without a slash at its end. */
  readonly openaiBaseUrl: string;
  /** Scheme, host and port as the world sees us; `undefined`: taken from each request. */
  readonly publicOrigin: string | undefined;
  readonly textModel: string;
  /** Hears and speaks in calls with sound. */
  readonly voiceModel: string;
  /** Writes down what callers say in calls with sound. */
  readonly transcribeModel: string;
  readonly enrollment: "code" | "open";
  readonly callsPerWorkshop: number;
  /** The one origin that webhooks may reach without https: that of the stand-in, in development and tests. */
  readonly webhookStandinOrigin: string | undefined;
}

/** What a variable that is not set comes to. */
export const DEFAULT_MODELS = {
  textModel: "gpt-6-luna",
  voiceModel: "gpt-realtime-2.1-mini",
  transcribeModel: "gpt-transcribe",
} as const;

/** Of one application of Cloudflare Access. */
export interface AccessSettings {
  /** A host name, `team.cloudflareaccess.com`. */
  readonly teamDomain: string;
  /** The application's AUD tag. */
  readonly audience: string;
}

/**
 * Reads the Worker's variables and secrets.
 *
 * @throws Failure `misconfigured` naming the variable that is missing or malformed, never its value.
 */
export function readSettings(env: object): Settings {
  const variables = new Map<string, unknown>(Object.entries(env));
  const optional = (name: string): string | undefined => {
    const value = variables.get(name);
    const text = typeof value === "string" ? value.trim() : "";
    return text === "" ? undefined : text;
  };
  const required = (name: string): string => {
    const value = optional(name);
    if (value === undefined) throw new Failure("misconfigured", name);
    return value;
  };
  const url = (name: string, value: string, schemes: readonly string[]): string => {
    if (!URL.canParse(value) || !schemes.includes(new URL(value).protocol)) throw new Failure("misconfigured", name);
    return value.replace(/\/+$/, "");
  };
  const optionalUrl = (name: string): string | undefined => {
    const value = optional(name);
    return value === undefined ? undefined : url(name, value, ["http:", "https:"]);
  };

  const access = (): AccessSettings | undefined => {
    if (optional("ACCESS_TEAM_DOMAIN") === undefined && optional("ACCESS_AUDIENCE") === undefined) return undefined;
    // One without the other would be a door that nobody meant to leave open, or shut.
    const teamDomain = required("ACCESS_TEAM_DOMAIN");
    if (!/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/.test(teamDomain)) throw new Failure("misconfigured", "ACCESS_TEAM_DOMAIN");
    return { teamDomain, audience: required("ACCESS_AUDIENCE") };
  };

  const newest = required("ENCRYPTION_KEY");
  const previous = splitMasterKeys(optional("ENCRYPTION_KEY_PREVIOUS") ?? "");
  if (!isUsableMasterKey(newest)) throw new Failure("misconfigured", "ENCRYPTION_KEY");
  if (!previous.every(isUsableMasterKey)) throw new Failure("misconfigured", "ENCRYPTION_KEY_PREVIOUS");

  const fallback = optional("OPENAI_API_KEY");
  const instructorApiKey = fallback === undefined ? undefined : ApiKey.parse(fallback);
  if (fallback !== undefined && instructorApiKey === undefined) throw new Failure("misconfigured", "OPENAI_API_KEY");

  const twilioAccountSid = optional("TWILIO_ACCOUNT_SID");
  if (twilioAccountSid !== undefined && !/^AC[0-9a-f]{32}$/.test(twilioAccountSid)) {
    throw new Failure("misconfigured", "TWILIO_ACCOUNT_SID");
  }

  const enrollment = optional("ENROLLMENT") ?? "code";
  if (enrollment !== "code" && enrollment !== "open") throw new Failure("misconfigured", "ENROLLMENT");

  const callsPerWorkshop = Number(optional("CALLS_PER_WORKSHOP") ?? LIMITS.callsPerWorkshop);
  if (!Number.isInteger(callsPerWorkshop) || callsPerWorkshop < 1) {
    throw new Failure("misconfigured", "CALLS_PER_WORKSHOP");
  }

  return {
    masterKeyHexes: { newest, previous },
    database: {
      url: url("DATABASE_URL", required("DATABASE_URL"), ["postgres:", "postgresql:"]),
      httpEndpoint: optionalUrl("DATABASE_HTTP_ENDPOINT"),
    },
    instructorToken: required("INSTRUCTOR_TOKEN"),
    access: access(),
    instructorApiKey,
    serviceToken: optional("SERVICE_TOKEN"),
    twilioAuthToken: optional("TWILIO_AUTH_TOKEN"),
    twilioAccountSid,
    twilioApiBaseUrl: optionalUrl("TWILIO_API_BASE_URL") ?? "https://api.twilio.com",
    openaiBaseUrl: optionalUrl("OPENAI_BASE_URL") ?? "https://api.openai.com/v1",
    publicOrigin: optionalUrl("PUBLIC_ORIGIN"),
    textModel: optional("TEXT_MODEL") ?? DEFAULT_MODELS.textModel,
    voiceModel: optional("VOICE_MODEL") ?? DEFAULT_MODELS.voiceModel,
    transcribeModel: optional("TRANSCRIBE_MODEL") ?? DEFAULT_MODELS.transcribeModel,
    enrollment,
    callsPerWorkshop,
    webhookStandinOrigin: optionalUrl("WEBHOOK_STANDIN_ORIGIN"),
  };
}
