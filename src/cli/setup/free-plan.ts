import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { SetupTrouble } from "./setup-trouble.ts";

/** Beside wrangler.toml, because wrangler reads paths from where its configuration lies. Git ignores it. */
const FILE = "wrangler.free-plan.toml";

/**
 * Writes wrangler.toml without its `[limits]`, which Cloudflare's free plan refuses (code 100328).
 *
 * @throws SetupTrouble when wrangler.toml is not as we left it.
 */
export function freePlanConfig(projectFolder: string): { readonly path: string; remove(): void } {
  const path = resolve(projectFolder, FILE);
  const text = withoutLimits(readFileSync(resolve(projectFolder, "wrangler.toml"), "utf8"));
  if (text === undefined) {
    throw new SetupTrouble("Cloudflare's free plan takes no cpu_ms: remove it from wrangler.toml.");
  }
  writeFileSync(path, text);
  return { path, remove: () => rmSync(path, { force: true }) };
}

/** A wrangler.toml without its table `[limits]`; `undefined`: a limit stands elsewhere. */
export function withoutLimits(toml: string): string | undefined {
  const text = toml.replace(/^\[limits\]\n(?:(?!\[).*\n)*/m, "");
  return text.includes("cpu_ms") ? undefined : text;
}
