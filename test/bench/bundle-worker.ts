/**
 * Bundles a Worker as `wrangler deploy` would and prints what its configuration says about running it. A process of its
 * own, because wrangler's hundred megabytes have no place in the one that measures. `node bundle-worker.ts TOML FOLDER`
 */
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { unstable_readConfig } from "wrangler";

const [configPath = "", outDir = ""] = process.argv.slice(2);
const wrangler = join(dirname(createRequire(import.meta.url).resolve("wrangler/package.json")), "bin/wrangler.js");
const offline = { WRANGLER_SEND_METRICS: "false", WRANGLER_HIDE_BANNER: "true", CLOUDFLARE_CF_FETCH_ENABLED: "false" };
execFileSync(process.execPath, [wrangler, "deploy", "--dry-run", "--outdir", outDir, "--config", configPath], {
  stdio: ["ignore", "ignore", "inherit"],
  env: { ...process.env, ...offline },
});

const { compatibility_date, compatibility_flags, durable_objects, assets, vars } = unstable_readConfig({
  config: configPath,
});
console.log(JSON.stringify({ compatibility_date, compatibility_flags, durable_objects, assets: assets ?? null, vars }));
