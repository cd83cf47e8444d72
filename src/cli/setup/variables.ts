import { ApiKey } from "../../vault/api-key.ts";
import { isUsableMasterKey, splitMasterKeys } from "../../vault/master-keys.ts";

/* The variables of a deployment: what may stand in each, and which of them are secrets of the Worker. */

/** Made here when nobody gives them, and never replaced: of what they protect nothing could be opened any more. */
export const MADE = ["ENCRYPTION_KEY", "INSTRUCTOR_TOKEN"] as const;
export type MadeName = (typeof MADE)[number];

/**
 * Given by the instructor. All are put as secrets, also those that are none (`PUBLIC_ORIGIN`, `DATABASE_HTTP_ENDPOINT`,
 * `TWILIO_ACCOUNT_SID`): a deploy removes every variable that is not in wrangler.toml, and no secret.
 */
export const GIVEN = [
  "DATABASE_URL",
  "DATABASE_HTTP_ENDPOINT",
  "ENCRYPTION_KEY_PREVIOUS",
  "OPENAI_API_KEY",
  "TWILIO_AUTH_TOKEN",
  "TWILIO_ACCOUNT_SID",
  "SERVICE_TOKEN",
  "PUBLIC_ORIGIN",
] as const;

export const SECRETS = [...MADE, ...GIVEN] as const;
export type SecretName = (typeof SECRETS)[number];

const DNS_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** A name that a Worker can have and that can stand in its address. */
export const isWorkerName = (text: string): boolean => DNS_LABEL.test(text);

const RULES: Readonly<Record<SecretName, readonly [isGood: (text: string) => boolean, rule: string]>> = {
  ENCRYPTION_KEY: [isUsableMasterKey, "64 hexadecimal characters, and not one byte repeated"],
  ENCRYPTION_KEY_PREVIOUS: [
    (text) => splitMasterKeys(text).every(isUsableMasterKey),
    "older ENCRYPTION_KEYs, of 64 hexadecimal characters each, commas between them",
  ],
  INSTRUCTOR_TOKEN: [(text) => /^[\x21-\x7e]{16,200}$/.test(text) && isKeepable(text), "16 characters or more"],
  SERVICE_TOKEN: [(text) => /^[\x21-\x7e]{16,200}$/.test(text) && isKeepable(text), "16 characters or more"],
  DATABASE_URL: [isPostgresUrl, "postgresql://user:password@host/database"],
  DATABASE_HTTP_ENDPOINT: [(text) => isUrl(text, ["http:", "https:"]), "a URL, https://…"],
  OPENAI_API_KEY: [
    (text) => ApiKey.parse(text) !== undefined && isKeepable(text),
    "an OpenAI key: sk-… (one that begins with sk-admin- is of no use in a call)",
  ],
  TWILIO_AUTH_TOKEN: [(text) => /^[0-9a-f]{32}$/.test(text), "32 characters, 0 to 9 and a to f"],
  TWILIO_ACCOUNT_SID: [(text) => /^AC[0-9a-f]{32}$/.test(text), "AC and 32 characters, 0 to 9 and a to f"],
  PUBLIC_ORIGIN: [isOrigin, "scheme and host, https://class.example.com"],
};

/** Why a value cannot be that of this variable; `undefined`: it can. Does not say the value. */
export function wrongWith(name: SecretName, text: string): string | undefined {
  const [isGood, rule] = RULES[name];
  return isGood(text) ? undefined : `${name} is not usable. It should be ${rule}.`;
}

/** deployment.ts keeps a value between double quotes. */
function isKeepable(text: string): boolean {
  return /^[^"\\\r\n]*$/.test(text);
}

function isUrl(text: string, protocols: readonly string[]): boolean {
  return isKeepable(text) && URL.canParse(text) && protocols.includes(new URL(text).protocol);
}

function isPostgresUrl(text: string): boolean {
  if (!isUrl(text, ["postgres:", "postgresql:"])) return false;
  const { hostname, username, pathname } = new URL(text);
  return hostname !== "" && username !== "" && pathname.length > 1;
}

function isOrigin(text: string): boolean {
  return isUrl(text, ["http:", "https:"]) && new URL(text).origin === text.replace(/\/$/, "");
}
