import * as z from "zod";
import { DEPLOYMENT_FILE } from "../deployment.ts";
import { parseJson } from "../relay-refusal.ts";
import { SetupTrouble } from "./setup-trouble.ts";
import { judge } from "./step-secrets.ts";
import { given, type SetupWorld, type Step } from "./world.ts";

/** A new address is not everywhere at once: its name and its certificate take up to a minute or two. */
const LOOK_MS = 120_000;
const POLL_MS = 2_000;
const REQUEST_MS = 10_000;

const Outcome = z.enum(["ok", "failed", "not-checked"]);
const Health = z.object({
  success: z.boolean(),
  checks: z.object({ database: Outcome, secrets: Outcome }),
  variable: z
    .string()
    .regex(/^[A-Z_]+$/)
    .optional()
    .catch(undefined),
});
type Health = z.infer<typeof Health>;

/** Asks the deployed Worker how it is until it is well, and makes sure that it seals with the key that is kept here. */
export const look: Step = async (world) => {
  const url = given(world, "CALLROOM_URL") ?? world.kept.get("CALLROOM_URL");
  if (world.options.isDry) return { line: "would ask the Worker how it is" };
  if (url === undefined) throw new SetupTrouble("Nothing is deployed yet: do the step deploy too.");
  await waitUntilWell(world, url);
  const key = world.kept.get("ENCRYPTION_KEY");
  if (key !== undefined && (await judge(world, key)) === "wrong") {
    throw new SetupTrouble(
      `The Worker works, but with another ENCRYPTION_KEY than the one in ${DEPLOYMENT_FILE}. Put the right one there before anybody needs it.`,
    );
  }
  return { line: "database ok, secrets ok" };
};

async function waitUntilWell(world: SetupWorld, url: string): Promise<void> {
  const untilMs = world.now() + LOOK_MS;
  for (;;) {
    const health = await askHealth(world.fetcher, url);
    if (health?.success === true) return;
    if (world.now() + POLL_MS > untilMs) throw new SetupTrouble(sentenceFor(health, url));
    await world.wait(POLL_MS);
  }
}

/** `undefined`: nobody we know answered. */
async function askHealth(fetcher: typeof fetch, url: string): Promise<Health | undefined> {
  try {
    const response = await fetcher(new URL("/healthz", url), {
      redirect: "manual",
      signal: AbortSignal.timeout(REQUEST_MS),
    });
    return Health.safeParse(parseJson(await response.text())).data;
  } catch {
    return undefined;
  }
}

function sentenceFor(health: Health | undefined, url: string): string {
  if (health === undefined) {
    return `${url} does not answer as Callroom. A new address can take some minutes: npm run setup -- --only look,class. With a PUBLIC_ORIGIN of your own: does it lead to this Worker?`;
  }
  if (health.checks.secrets === "failed") {
    return health.variable === undefined
      ? "The Worker's ENCRYPTION_KEY does not open what the database holds. npm run doctor -- --deployed says more."
      : `The Worker cannot use its ${health.variable}: missing there, or malformed. npm run setup -- --only secrets puts what is kept here.`;
  }
  return "The Worker does not reach the database, and this machine does. At Neon: may every address connect? npm run doctor -- --deployed says more.";
}
