import { type FormParams, verifyTwilioSignature } from "../caller/twilio-signature.ts";
import type { Settings } from "../env.ts";
import { LIMITS } from "../limits.ts";
import { configuredIn, endingOf, pricesAgeMs, unpricedOf } from "../pricing/configured.ts";
import { PRICES_DATE } from "../pricing/prices.ts";
import { SHUTDOWNS_CHECKED } from "../pricing/shutdowns.ts";
import type { KeyStatus } from "../protocol/rest.ts";
import type { Check, CheckName, CheckStatus } from "../protocol/rest-workshop.ts";

/*
 * What the check page and `npm run doctor` say, one function a check; those of sealed keys are in `checks-of-keys.ts`. Each is given what was found out and says it in words of ours, with what
 * to do about it. Nothing that came from outside is in a sentence: no error, no value of a secret.
 */

/** What a probe came to: an answer and how long it took, or none. */
export type Probe<Answer> =
  | { readonly outcome: "answered"; readonly answer: Answer; readonly ms: number }
  | { readonly outcome: "failed" | "late" };

export interface DatabaseAnswer {
  readonly nowMs: number;
  /** Columns that the code needs and the database has not, `table.column`. */
  readonly missingColumns: readonly string[];
}

export interface OpenAiAnswer {
  readonly status: number;
  /** Of its `Date` header; `null`: there was none. */
  readonly dateMs: number | null;
}

/** A token that can be guessed by trying is worse than none. */
const SHORT_TOKEN = 16;
const SLOW_DATABASE_MS = 500;
const CLOCK_OFF_MS = 30_000;
const DAY_MS = 24 * 3_600_000;

export const check = (name: CheckName, status: CheckStatus, found: string, fix = ""): Check => ({
  name,
  status,
  found,
  fix,
});

/** A Worker with a secret that is missing or malformed answers nothing, this page included; so here they are judged. */
export function checkSecrets(settings: Settings): Check {
  const { instructorToken, serviceToken, masterKeyHexes } = settings;
  if (serviceToken === instructorToken) {
    return check(
      "secrets",
      "failed",
      "SERVICE_TOKEN is the same as INSTRUCTOR_TOKEN: whoever has the console can read keys with it.",
      "Give it a value of its own: npx wrangler secret put SERVICE_TOKEN",
    );
  }
  const tokens = { INSTRUCTOR_TOKEN: instructorToken, SERVICE_TOKEN: serviceToken ?? "" };
  const short = Object.entries(tokens).find(([, token]) => token !== "" && token.length < SHORT_TOKEN);
  if (short) {
    return check(
      "secrets",
      "warning",
      `${short[0]} has fewer than ${SHORT_TOKEN} characters.`,
      `Set a longer one: npx wrangler secret put ${short[0]}`,
    );
  }
  const older = masterKeyHexes.previous.length;
  return check(
    "secrets",
    "ok",
    older === 0
      ? "All are there and well formed."
      : `All are there and well formed, with ${older} older ENCRYPTION_KEY.`,
  );
}

export function checkDatabase(probe: Probe<DatabaseAnswer>): Check {
  if (probe.outcome !== "answered") {
    const found = probe.outcome === "late" ? "It did not answer in time." : "It did not answer as it should.";
    return check("database", "failed", found, "Look at DATABASE_URL, and at the database's own page: is it running?");
  }
  const found = `Answers in ${probe.ms} ms.`;
  return probe.ms <= SLOW_DATABASE_MS
    ? check("database", "ok", found)
    : check(
        "database",
        "warning",
        found,
        "It may have been asleep: check again. If it stays slow, choose a region nearer.",
      );
}

export function checkMigrations(probe: Probe<DatabaseAnswer>): Check {
  if (probe.outcome !== "answered") {
    return check("migrations", "failed", "The database does not answer.", "First make the database answer.");
  }
  const [first, ...more] = probe.answer.missingColumns;
  if (first === undefined) return check("migrations", "ok", "All are applied.");
  const others = more.length === 0 ? "" : ` and ${more.length} more`;
  return check("migrations", "failed", `Missing: ${first}${others}.`, "Run: DATABASE_URL=… npm run db:migrate");
}

/** Without a key OpenAI answers 401, which is what is wanted: it is there. */
export function checkOpenAi(probe: Probe<OpenAiAnswer>): Check {
  if (probe.outcome !== "answered") {
    const found = probe.outcome === "late" ? "It did not answer in time." : "It cannot be reached.";
    return check("openai", "failed", found, "Look at OPENAI_BASE_URL and at status.openai.com.");
  }
  const { status } = probe.answer;
  if (status === 401 || status === 200) return check("openai", "ok", `Answers in ${probe.ms} ms.`);
  if (status === 403) {
    return check("openai", "failed", "It refuses requests from here (403).", "OpenAI may not serve this region.");
  }
  return check("openai", "failed", `It answered ${status}.`, "Look at OPENAI_BASE_URL and at status.openai.com.");
}

const KEY_FINDINGS: Readonly<Record<KeyStatus, readonly [CheckStatus, found: string, fix: string]>> = {
  connected: ["ok", "OpenAI accepts it.", ""],
  rejected: [
    "failed",
    "OpenAI does not accept it.",
    "Make a new key at OpenAI: npx wrangler secret put OPENAI_API_KEY",
  ],
  restricted: [
    "failed",
    "Its permissions are restricted.",
    "Allow it model capabilities at OpenAI, or make a new one.",
  ],
  no_credit: ["failed", "Its account has no credit left.", "Add credit at OpenAI."],
  unverified: ["warning", "OpenAI did not say what it thinks of it.", "Check again in a minute."],
};

/** `off`: there is no such key. */
export function checkFallbackKey(status: KeyStatus | "off"): Check {
  if (status === "off") return check("fallback-key", "off", "None: every student needs a key of their own.");
  const [verdict, found, fix] = KEY_FINDINGS[status];
  return check("fallback-key", verdict, found, fix);
}

type Models = Pick<Settings, "textModel" | "voiceModel" | "transcribeModel">;

/** Whether OpenAI ends a configured model before the next class. */
export function checkModels(models: Models, nowMs: number): Check {
  const [first] = endingOf(configuredIn(models), nowMs, LIMITS.shutdownSoonMs);
  if (!first) return check("models", "ok", `None of them is known to end soon (list of ${SHUTDOWNS_CHECKED}).`);
  const { variable, shutdown, isOver } = first;
  return check(
    "models",
    isOver ? "failed" : "warning",
    `OpenAI ${isOver ? "ended" : "ends"} ${variable} on ${shutdown.on}.`,
    `Set ${variable} to ${shutdown.instead}.`,
  );
}

/** Whether calls can be counted in money: what has no price is not lent, and a student on their own key sees no cost. */
export function checkPrices(models: Models, nowMs: number): Check {
  const days = Math.floor(pricesAgeMs(nowMs) / DAY_MS);
  const looked = `looked up on ${PRICES_DATE}, ${days === 0 ? "today" : days === 1 ? "1 day ago" : `${days} days ago`}`;
  const unpriced = unpricedOf(configuredIn(models), nowMs).map(({ variable }) => variable);
  if (unpriced.length > 0) {
    const [is, them] = unpriced.length === 1 ? ["has no price that is", "it"] : ["have no prices that are", "them"];
    return check(
      "prices",
      "failed",
      `${unpriced.join(" and ")} ${is} known here (${looked}).`,
      `Set ${them} to a model of src/pricing/prices.ts, or add a price to src/pricing/overrides.ts: npm run prices`,
    );
  }
  const found = `All models have prices, ${looked}.`;
  return pricesAgeMs(nowMs) <= LIMITS.pricesOldMs
    ? check("prices", "ok", found)
    : check(
        "prices",
        "warning",
        found,
        "They may have changed. Install a newer version, or bring them up to date: npm run prices",
      );
}

/** Signs a request as Twilio does and has it verified as Twilio's are; a changed one must fail. */
export async function checkTwilioSignature(authToken: string | undefined, origin: string): Promise<Check> {
  if (authToken === undefined)
    return check("twilio-signature", "off", "No TWILIO_AUTH_TOKEN: whoever knows a phone address may call it.");
  const url = `${origin}/twilio/voice/check`;
  const params: FormParams = new Map([["CallSid", ["CA0"]]]);
  const signature = await signed(authToken, `${url}CallSidCA0`);
  const isVerified = await verifyTwilioSignature({ authToken, url, params, signature });
  const isForgeryTaken = await verifyTwilioSignature({ authToken, url: `${url}/`, params, signature });
  if (!isVerified || isForgeryTaken) {
    return check("twilio-signature", "failed", "A signed request was not told from a forged one.", "Deploy again.");
  }
  if (!/^[0-9a-f]{32}$/.test(authToken)) {
    return check(
      "twilio-signature",
      "warning",
      "TWILIO_AUTH_TOKEN does not look like Twilio's: those are 32 hexadecimal characters.",
      "Copy the primary auth token of the account: npx wrangler secret put TWILIO_AUTH_TOKEN",
    );
  }
  return check("twilio-signature", "ok", "Signed requests are let in, forged ones are not.");
}

async function signed(authToken: string, text: string): Promise<string> {
  const encoder = new TextEncoder();
  const hmac = { name: "HMAC", hash: "SHA-1" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(authToken), hmac, false, ["sign"]);
  return btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(text)))));
}

/** Both as origins. Links, TwiML and signatures are made with the configured one. */
export function checkPublicOrigin(configured: string | undefined, requested: string): Check {
  if (configured === undefined) {
    return check("public-origin", "off", "Not set: each request's own address is used.", "");
  }
  if (new URL(configured).origin === requested) return check("public-origin", "ok", "It is the address of this page.");
  return check(
    "public-origin",
    "warning",
    "PUBLIC_ORIGIN is another address than that of this page.",
    "Open the console there, or set PUBLIC_ORIGIN to this page's address.",
  );
}

/** Ours against those of OpenAI and of the database. Sessions, tickets and signatures end by ours. */
export function checkClock(nowMs: number, openai: Probe<OpenAiAnswer>, database: Probe<DatabaseAnswer>): Check {
  const others = [
    openai.outcome === "answered" && openai.answer.dateMs !== null ? openai.answer.dateMs : undefined,
    database.outcome === "answered" ? database.answer.nowMs : undefined,
  ].filter((ms) => ms !== undefined);
  if (others.length === 0)
    return check("clock", "warning", "There was no other clock to compare with.", "Check again.");
  const offMs = Math.max(...others.map((ms) => Math.abs(ms - nowMs)));
  if (offMs <= CLOCK_OFF_MS) return check("clock", "ok", "Agrees with the others.");
  return check(
    "clock",
    "warning",
    `Is ${Math.round(offMs / 1_000)} s away from another clock.`,
    "Set the clock of the machine that runs this, or of the database.",
  );
}
