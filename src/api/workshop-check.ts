import { LIMITS } from "../limits.ts";
import { checkKey } from "../model/key-check.ts";
import { probeDatabase } from "../store/probe.ts";
import { countSeals, sentinelsIn } from "../store/sentinels.ts";
import { ensureSentinel } from "../vault/sentinel.ts";
import {
  checkClock,
  checkDatabase,
  checkFallbackKey,
  checkMigrations,
  checkModels,
  checkOpenAi,
  checkPrices,
  checkPublicOrigin,
  checkSecrets,
  checkTwilioSignature,
  type OpenAiAnswer,
  type Probe,
} from "./checks.ts";
import { checkMasterKey, checkSealedRows } from "./checks-of-keys.ts";
import type { ApiContext } from "./deps.ts";
import { endpoint } from "./endpoint.ts";
import { publicOrigin } from "./public-address.ts";
import { noteThrown, succeeded } from "./replies.ts";
import { checksReply } from "./reply-schemas-workshop.ts";

/** Everything side by side, and nothing longer than `LIMITS.checkMs`: a page that waits for what is broken helps nobody. */
export const checkEverything = endpoint("instructor", {
  summary: "What works and what does not, each with what to do about it.",
  reply: checksReply,
  fails: [],
  handle: async (c) => {
    const { settings, masterKeys, randomBytes, database: db, now } = c.env;
    const keys = await masterKeys().catch(() => undefined);
    const [database, ring, seals, openai, fallback, twilio] = await Promise.all([
      probed(now, () => probeDatabase(db)),
      probed(now, async () => ensureSentinel(sentinelsIn(db), await masterKeys(), randomBytes)),
      probed(now, () => countSeals(db)),
      probed(now, (signal) => askOpenAi(c, signal)),
      settings.instructorApiKey === undefined
        ? ("off" as const)
        : checkKey({ apiKey: settings.instructorApiKey, baseUrl: settings.openaiBaseUrl, fetch: c.env.fetch }),
      checkTwilioSignature(settings.twilioAuthToken, publicOrigin(c)),
    ]);
    const nowMs = now();
    return succeeded(c, {
      success: true,
      masterKey: keys?.newest.kid ?? null,
      olderMasterKeys: keys?.all.slice(1).map(({ kid }) => kid) ?? [],
      checks: [
        checkSecrets(settings),
        await checkMasterKey(masterKeys, randomBytes, ring),
        checkSealedRows(seals, keys?.all.map(({ kid }) => kid) ?? []),
        checkDatabase(database),
        checkMigrations(database),
        checkOpenAi(openai),
        checkFallbackKey(fallback),
        checkModels(settings, nowMs),
        checkPrices(settings, nowMs),
        twilio,
        checkPublicOrigin(settings.publicOrigin, new URL(c.req.url).origin),
        checkClock(nowMs, openai, database),
      ],
    });
  },
});

/** Without a key, so that nothing is at stake: whether it is there, and what time it has. */
async function askOpenAi(c: ApiContext, signal: AbortSignal): Promise<OpenAiAnswer> {
  const url = `${c.env.settings.openaiBaseUrl}/models`;
  const response = await c.env.fetch(url, { redirect: "manual", signal, headers: { accept: "application/json" } });
  await response.body?.cancel();
  const dateMs = Date.parse(response.headers.get("date") ?? "");
  return { status: response.status, dateMs: Number.isNaN(dateMs) ? null : dateMs };
}

/** Asks, and waits `LIMITS.checkMs` at the most, also for a network that ignores being aborted. */
async function probed<Answer>(
  now: () => number,
  ask: (signal: AbortSignal) => Promise<Answer>,
): Promise<Probe<Answer>> {
  const startedAtMs = now();
  const deadline = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<Probe<Answer>>((resolve) => {
    timer = setTimeout(() => {
      resolve({ outcome: "late" });
      deadline.abort();
    }, LIMITS.checkMs);
  });
  const answered = ask(deadline.signal).then(
    (answer): Probe<Answer> => ({ outcome: "answered", answer, ms: now() - startedAtMs }),
    (thrown): Probe<Answer> => {
      noteThrown(thrown);
      return { outcome: "failed" };
    },
  );
  const probe = await Promise.race([answered, late]);
  clearTimeout(timer);
  return probe;
}
