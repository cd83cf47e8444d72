import { SetupTrouble } from "./setup-trouble.ts";
import { accountOf, given, type Step } from "./world.ts";

/** Deploys the Worker as it is in this folder, pages and all. */
export const deploy: Step = async (world) => {
  const { workerName, wrangler, kept, options } = world;
  if (options.isDry) return { line: `would deploy ${workerName}` };
  const { url, withoutCpuLimit } = await wrangler.deploy(accountOf(world), workerName);
  const address = kept.get("PUBLIC_ORIGIN") ?? url ?? given(world, "CALLROOM_URL") ?? kept.get("CALLROOM_URL");
  if (address === undefined) {
    throw new SetupTrouble(
      "The Worker is deployed, but wrangler did not say where. Look it up at dash.cloudflare.com and set CALLROOM_URL to it.",
    );
  }
  kept.keep({ CALLROOM_URL: address });
  const plan = "Deployed without a CPU limit: Cloudflare's free plan takes none.";
  return { line: address, more: withoutCpuLimit ? [plan] : [] };
};
