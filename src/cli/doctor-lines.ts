import * as z from "zod";
import { CHECK_STATUSES, type CheckStatus } from "../protocol/rest-workshop.ts";
import type { Place } from "./doctor-place.ts";
import { type Asked, askInstructor } from "./instructor-rest.ts";

/** One line of what was found. Lines of the Worker have the names of its check page. */
export interface Line {
  readonly name: string;
  readonly status: CheckStatus;
  readonly found: string;
  /** Empty when there is nothing to do. */
  readonly fix: string;
}

/** What the Worker says of itself. `isAsked: false`: it could not be asked, and the lines say why. */
export interface WorkerLook {
  readonly isAsked: boolean;
  readonly lines: readonly Line[];
  /** Number of its newest master key, when it was told. */
  readonly masterKey: string | null;
}

/** Of a Worker that may be newer or older than this command: names it knows and we do not are lines all the same. */
const ChecksReply = z.object({
  masterKey: z.string().nullish(),
  checks: z.array(z.object({ name: z.string(), status: z.enum(CHECK_STATUSES), found: z.string(), fix: z.string() })),
});
const Health = z.object({ success: z.literal(true) });

export const line = (name: string, status: CheckStatus, found: string, fix = ""): Line => ({
  name,
  status,
  found,
  fix,
});

/** Asks the Worker to look at itself. Never rejects; what it says was parsed, and its sentences are its own. */
export async function lookAtWorker(fetcher: typeof fetch, place: Place): Promise<WorkerLook> {
  const { url, instructorToken } = place;
  if (instructorToken === undefined) return lookWithoutToken(fetcher, place);
  const asked = await askInstructor(fetcher, { url, instructorToken }, "/api/workshop/check", ChecksReply);
  if (asked.outcome === "answered") {
    const { checks, masterKey = null } = asked.answer;
    return { isAsked: true, lines: checks, masterKey };
  }
  return notAnswered(asked, place);
}

/** Everybody may ask whether it is set up at all. */
async function lookWithoutToken(fetcher: typeof fetch, place: Place): Promise<WorkerLook> {
  const asked = await askInstructor(fetcher, { url: place.url, instructorToken: "" }, "/healthz", Health);
  if (asked.outcome !== "answered" && (asked.outcome === "silent" || asked.code === "misconfigured")) {
    return notAnswered(asked, place);
  }
  const fix = {
    dev: "Set INSTRUCTOR_TOKEN in .dev.vars or the environment.",
    deployed: "Keep it with npm run setup, or give it: INSTRUCTOR_TOKEN=… npm run doctor -- --deployed",
    other: "Give it: INSTRUCTOR_TOKEN=… npm run doctor -- --url URL",
  }[place.kind];
  return cannotAsk("It answers, but no INSTRUCTOR_TOKEN is known here to ask it more.", fix);
}

function notAnswered(asked: Exclude<Asked<unknown>, { outcome: "answered" }>, place: Place): WorkerLook {
  if (asked.outcome === "silent") {
    const fix = {
      dev: "Is npm run dev still running? Look at what it printed, or start it again.",
      deployed: SILENT_FIX,
      other: SILENT_FIX,
    }[place.kind];
    return cannotAsk(`Nobody answers at ${place.url}, or somebody who is no Callroom of this version.`, fix);
  }
  switch (asked.code) {
    case "misconfigured":
      return { isAsked: true, lines: [misconfiguredLine(asked.variable, place)], masterKey: null };
    case "bad_token":
    case "unauthorized":
      return cannotAsk(
        "It does not take this INSTRUCTOR_TOKEN.",
        place.kind === "dev"
          ? "Set the INSTRUCTOR_TOKEN that npm run dev was started with."
          : "Use the one it was deployed with, or set a new one: npx wrangler secret put INSTRUCTOR_TOKEN",
      );
    case "too_many_logins":
      return cannotAsk("Too many wrong tokens came from here.", "Wait a quarter of an hour, then look again.");
    default:
      return cannotAsk("It answers, but does not tell.", `Look at what it logs: ${logsOf(place)}`);
  }
}

const SILENT_FIX =
  "Is the address right, and is it deployed? See npx wrangler deployments list, then npx wrangler tail, " +
  "but not while a class calls: it can cut calls.";

const logsOf = ({ kind }: Place): string => (kind === "dev" ? "the terminal of npm run dev" : "npx wrangler tail");

const cannotAsk = (found: string, fix: string): WorkerLook => ({
  isAsked: false,
  lines: [line("callroom", "failed", found, fix)],
  masterKey: null,
});

/** Where a variable of the Worker is set; the others are in `wrangler.toml`. */
const SECRETS: readonly string[] = [
  "ENCRYPTION_KEY",
  "ENCRYPTION_KEY_PREVIOUS",
  "DATABASE_URL",
  "INSTRUCTOR_TOKEN",
  "OPENAI_API_KEY",
  "SERVICE_TOKEN",
  "TWILIO_AUTH_TOKEN",
  "TWILIO_ACCOUNT_SID",
];

/** What a right value looks like, where that is not plain. */
const SHAPES: Readonly<Record<string, string>> = {
  ENCRYPTION_KEY: "the one that sealed what is stored; if nothing is stored yet, of openssl rand -hex 32",
  ENCRYPTION_KEY_PREVIOUS: "older ENCRYPTION_KEYs, 64 hexadecimal characters each, apart by commas; or remove it",
  DATABASE_URL: "postgresql://user:password@host/database",
  INSTRUCTOR_TOKEN: "any text that nobody guesses, of openssl rand -hex 24",
  OPENAI_API_KEY: "sk-…; or remove it",
  TWILIO_ACCOUNT_SID: "AC and 32 characters, from Twilio's console; or remove it",
  ENROLLMENT: "code or open",
  CALLS_PER_WORKSHOP: "a whole number",
};

/** The Worker answers nothing else then, so this is its only line. */
function misconfiguredLine(variable: string | undefined, { kind }: Place): Line {
  // It is shown to a person, and comes from outside.
  const name = /^[A-Z][A-Z0-9_]{2,40}$/.exec(variable ?? "")?.[0];
  if (name === undefined) {
    return line("secrets", "failed", "A variable of the Worker is missing or malformed.", "Look at its console's log.");
  }
  const shape = SHAPES[name];
  const how =
    kind === "dev"
      ? `Set ${name} in .dev.vars or the environment, and start npm run dev again`
      : SECRETS.includes(name)
        ? `Set it: npx wrangler secret put ${name}`
        : `Set ${name} in wrangler.toml, then npm run deploy`;
  return line(
    "secrets",
    "failed",
    `${name} is missing or malformed.`,
    shape === undefined ? how : `${how} (${shape}).`,
  );
}
