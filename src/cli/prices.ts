import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { findProvider } from "@pydantic/genai-prices";
import * as z from "zod";
import { OWN_PRICES, PICKED, PRICES_CHECKED } from "../pricing/overrides.ts";
import { PRICES, PRICES_DATE } from "../pricing/prices.ts";
import { MODEL_SHUTDOWNS } from "../pricing/shutdowns.ts";
import { readConfiguration } from "./configuration.ts";
import { configuredModels } from "./configured-models.ts";
import { pricesCommand } from "./prices-command.ts";

/* `npm run prices`: the command of prices-command.ts. */

const ROOT = resolve(import.meta.dirname, "../..");
const TABLE = resolve(ROOT, "src/pricing/prices.ts");
const textOf = (path: string): string => readFileSync(resolve(ROOT, path), "utf8");
const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(textOf("node_modules/@pydantic/genai-prices/package.json")));

process.exitCode = pricesCommand(process.argv.slice(2), {
  genai: { version, models: findProvider({ providerId: "openai" })?.models ?? [] },
  overrides: { checked: PRICES_CHECKED, picked: PICKED, own: OWN_PRICES, shutdowns: MODEL_SHUTDOWNS },
  table: { rows: PRICES, text: textOf(TABLE), date: PRICES_DATE },
  write: (text) => writeFileSync(TABLE, text),
  configured: configuredModels(textOf("wrangler.toml"), readConfiguration(process.env, ROOT)),
  nowMs: Date.now(),
  print: (line) => console.log(line),
});
