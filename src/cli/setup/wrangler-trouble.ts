import type { Ran } from "./ports.ts";
import { SetupTrouble } from "./setup-trouble.ts";

/* What wrangler's failures mean, in our words. It says most of them as Cloudflare's numbers, `[code: 10000]`. */

interface Meaning {
  readonly codes?: readonly number[];
  readonly words?: RegExp;
  readonly sentence: (where: Where) => string;
}

interface Where {
  readonly accountId: string;
  readonly text: string;
}

/** Tried in this order: the first that fits. */
const MEANINGS: readonly Meaning[] = [
  {
    codes: [10034],
    sentence: () => "Cloudflare wants your e-mail address confirmed first: open the letter it sent you.",
  },
  {
    codes: [10063],
    words: /register a workers\.dev subdomain/i,
    sentence: ({ accountId }) =>
      `This account has no workers.dev address yet. Choose one, it takes a minute: https://dash.cloudflare.com/${accountId}/workers/onboarding`,
  },
  {
    words: /necessary to set a CLOUDFLARE_API_TOKEN|Not logged in|not authenticated|Did not login|wrangler login/i,
    sentence: () => "You are not logged in to Cloudflare: run npx wrangler login, or set CLOUDFLARE_API_TOKEN.",
  },
  {
    codes: [10000, 9109, 9106, 6003, 10001, 10023],
    words: /Authentication error|Unauthorized|permission/i,
    sentence: () =>
      "This log-in has no right to do that in this account. A log-in: ask the account's owner for the role Workers Admin. A token: make one by the template Edit Cloudflare Workers, for this very account.",
  },
  {
    codes: [10214, 10215],
    sentence: () =>
      "The newest version of this Worker is not the one that runs (somebody uploaded one without deploying it). Deploy first: npm run setup -- --only deploy",
  },
  {
    words: /required secrets have not been set/i,
    sentence: () => "Cloudflare has not all the secrets that the Worker needs: do the step secrets too.",
  },
  {
    words: /Running custom build `[^`]*` failed/,
    sentence: () => "The pages could not be built. npm run build:web says why.",
  },
  {
    words: /fetch failed|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|network connection|unreachable/i,
    sentence: () => "Cloudflare cannot be reached: is this machine online?",
  },
  {
    codes: [10013, 10429, 971],
    words: /status(?: code)?:? 5\d\d|internal (?:server )?error/i,
    sentence: () => "Cloudflare has a trouble of its own just now: wait a minute.",
  },
];

/** The Worker that was asked about does not exist. */
export const isWorkerMissing = (ran: Ran): boolean =>
  codesIn(ran).some((code) => code === 10007 || code === 10090) || /Worker "[^"]*".* not found/.test(spoken(ran));

/** The account is on the free plan, which takes no CPU limit. */
export const isFreePlan = (ran: Ran): boolean => codesIn(ran).includes(100328);

/**
 * The trouble that a failed command means.
 *
 * @param what the command's words, `secret bulk`.
 * @param keepOutput is called when nobody has words for it: keeps what was said, and tells where.
 */
export function troubleWith(
  ran: Ran,
  what: string,
  accountId: string | undefined,
  keepOutput: () => string,
): SetupTrouble {
  if (ran.exitCode === null) return new SetupTrouble(`wrangler ${what} did not end in time, or could not be started.`);
  const text = spoken(ran);
  const codes = codesIn(ran);
  const meaning = MEANINGS.find((one) => one.codes?.some((code) => codes.includes(code)) || one.words?.test(text));
  if (meaning !== undefined) return new SetupTrouble(meaning.sentence({ accountId: accountId ?? "", text }));
  return new SetupTrouble(`wrangler ${what} failed (exit code ${ran.exitCode}). What it said is in ${keepOutput()}.`);
}

const spoken = ({ stdout, stderr }: Ran): string => `${stdout}\n${stderr}`;

const codesIn = (ran: Ran): number[] =>
  [...spoken(ran).matchAll(/\[code: (\d+)\]/g)].map(([, digits]) => Number(digits));
