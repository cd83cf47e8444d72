import * as z from "zod";
import { askInstructor, type InstructorAccess } from "./instructor-rest.ts";
import { KeyTrouble } from "./key-trouble.ts";
import type { Ran } from "./setup/ports.ts";
import { troubleWith } from "./setup/wrangler-trouble.ts";

/** Which master keys a running Worker has, by their kids. */
export interface WorkerRing {
  readonly newest: string;
  readonly older: readonly string[];
}

const Kid = z.string().regex(/^[0-9a-f]{8}$/);
/** Of `GET /api/workshop/check`; the rest of it is for people. */
const Rings = z.object({ masterKey: Kid, olderMasterKeys: z.array(Kid) });

/**
 * Asks the running Worker for its master keys.
 *
 * @throws KeyTrouble with what a person can do when it does not say.
 */
export async function askWorkerRing(fetcher: typeof fetch, access: InstructorAccess): Promise<WorkerRing> {
  const asked = await askInstructor(fetcher, access, "/api/workshop/check", Rings);
  switch (asked.outcome) {
    case "answered":
      return { newest: asked.answer.masterKey, older: asked.answer.olderMasterKeys };
    case "refused":
      throw new KeyTrouble(refusalOf(asked.code, asked.variable));
    case "silent":
      throw new KeyTrouble("The Worker did not say which master keys it has: does it run, and in this version?");
  }
}

/** What the Worker says is not repeated: it is text from outside. */
function refusalOf(code: string, variable: string | undefined): string {
  if (code === "misconfigured") {
    const what = /^[A-Z_]+$/.test(variable ?? "") ? variable : "one of its variables";
    return `The Worker does not work: ${what} is missing or malformed there.`;
  }
  if (code === "unauthorized" || code === "forbidden") return "The Worker does not take this INSTRUCTOR_TOKEN.";
  return "The Worker refused to say which master keys it has. Look at its check page.";
}

/** One run of wrangler. */
export interface WranglerRun {
  /** Whoever may list processes sees these: never a secret. */
  readonly args: readonly string[];
  readonly stdin: string;
  /** Beside the environment of this process. */
  readonly variables: Readonly<Record<string, string>>;
}

/** Runs wrangler to its end. Never rejects. */
export type RunWrangler = (run: WranglerRun) => Promise<Ran>;

/**
 * Puts secrets, `null` removes one: all of them at once, so that the Worker never runs with some of them.
 *
 * @param kept what is known here of the deployment: which Worker, and whose.
 * @throws KeyTrouble when wrangler does not report success. It may have happened all the same.
 */
export async function putSecrets(
  run: RunWrangler,
  kept: Readonly<Record<string, string | undefined>>,
  secrets: Readonly<Record<string, string | null>>,
): Promise<void> {
  const { WORKER_NAME: name, CLOUDFLARE_ACCOUNT_ID: account } = kept;
  const ran = await run({
    args: ["secret", "bulk", ...(name ? ["--name", name] : [])],
    stdin: JSON.stringify(secrets),
    variables: account ? { CLOUDFLARE_ACCOUNT_ID: account } : {},
  });
  if (ran.exitCode === 0) return;
  const { message } = troubleWith(ran, "secret bulk", account, () => {
    throw new KeyTrouble(
      `wrangler secret bulk failed (exit code ${ran.exitCode}). npx wrangler secret list may say why.`,
    );
  });
  throw new KeyTrouble(message);
}
