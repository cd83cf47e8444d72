import { SetupTrouble } from "./setup-trouble.ts";
import type { Step } from "./world.ts";

const OLDEST_NODE = 22;

/** The tools that everything after this needs: those that `npm ci` installs. */
export const tools: Step = async ({ nodeVersion, wrangler }) => {
  const [major = 0] = nodeVersion.split(".").map(Number);
  if (major < OLDEST_NODE) {
    throw new SetupTrouble(
      `This is Node ${nodeVersion}; setup needs ${OLDEST_NODE} or later and brings its own: npm ci, then npm run setup.`,
    );
  }
  return { line: `Node ${nodeVersion}, wrangler ${await wrangler.version()}` };
};
