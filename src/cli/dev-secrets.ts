import { appendFileSync, chmodSync, existsSync, readFileSync } from "node:fs";
import { parseEnv } from "node:util";

/** Secrets that a first `npm run dev` makes up. */
const MADE_UP = ["ENCRYPTION_KEY", "INSTRUCTOR_TOKEN", "SERVICE_TOKEN"] as const;

/** Variables of the Worker that may be set from the environment or `.dev.vars` (design: configuration of the Worker). */
const KNOWN = [
  ...MADE_UP,
  "ENCRYPTION_KEY_PREVIOUS",
  "DATABASE_URL",
  "OPENAI_API_KEY",
  "OPENAI_BASE_URL",
  "TWILIO_AUTH_TOKEN",
  "TWILIO_ACCOUNT_SID",
  "TWILIO_API_BASE_URL",
  "PUBLIC_ORIGIN",
  "TEXT_MODEL",
  "VOICE_MODEL",
  "TRANSCRIBE_MODEL",
  "ENROLLMENT",
  "CALLS_PER_WORKSHOP",
  "WEBHOOK_STANDIN_ORIGIN",
  "ACCESS_TEAM_DOMAIN",
  "ACCESS_AUDIENCE",
] as const;

/**
 * The Worker's variables for development: the environment wins over `.dev.vars`, an empty value counts too (it unsets).
 * Secrets that are in neither are made up and added to `.dev.vars`, which git does not see.
 */
export function devVariables(
  environment: Readonly<Record<string, string | undefined>>,
  path: string,
  randomHex: (bytes: number) => string,
): Map<string, string> {
  const kept = existsSync(path) ? parseEnv(readFileSync(path, "utf8")) : {};
  const missing = MADE_UP.filter((name) => environment[name] === undefined && !kept[name]);
  const made = Object.fromEntries(missing.map((name) => [name, randomHex(32)]));
  if (missing.length > 0) {
    appendFileSync(path, missing.map((name) => `${name}=${made[name]}\n`).join(""), { mode: 0o600 });
    chmodSync(path, 0o600);
  }
  const values = KNOWN.flatMap((name): [string, string][] => {
    const value = environment[name] ?? kept[name] ?? made[name];
    return value === undefined ? [] : [[name, value]];
  });
  return new Map(values);
}
