import type { ModelInfo } from "@pydantic/genai-prices";
import { LIMITS } from "../limits.ts";
import { endingOf, pricesAgeMs, unpricedOf } from "../pricing/configured.ts";
import { GENAI_PRICES, type OwnPrice, type Picked } from "../pricing/overrides.ts";
import type { Price } from "../pricing/price.ts";
import type { ModelShutdown } from "../pricing/shutdowns.ts";
import type { ConfiguredSomewhere } from "./configured-models.ts";
import { genaiRows, isInGenai } from "./genai-prices.ts";
import { combined, nextTable, ownRows } from "./price-table.ts";
import { printPrices } from "./print-prices.ts";

const USAGE = `npm run prices             writes src/pricing/prices.ts from npm @pydantic/genai-prices, overrides.ts and shutdowns.ts
npm run prices -- --check  changes nothing: fails when the table is another, or a configured model has no price in it;
                           warns of models that end soon and of prices looked up long ago
`;

/** What the command needs of the outside. */
export interface PricesSurroundings {
  /** The package as it is installed. */
  readonly genai: { readonly version: string; readonly models: readonly ModelInfo[] };
  readonly overrides: {
    readonly checked: string;
    readonly picked: readonly Picked[];
    readonly own: readonly OwnPrice[];
    readonly shutdowns: readonly ModelShutdown[];
  };
  /** The table as it is now: its rows, and its file. */
  readonly table: { readonly rows: readonly Price[]; readonly text: string; readonly date: string };
  readonly write: (text: string) => void;
  readonly configured: readonly ConfiguredSomewhere[];
  readonly nowMs: number;
  readonly print: (line: string) => void;
}

/**
 * Generates the table of prices, or checks the one that is there, a sentence for each problem.
 *
 * @returns the exit code: 0 done, with or without warnings; 1 a problem; 2 the arguments are not understood.
 */
export function pricesCommand(args: readonly string[], surroundings: PricesSurroundings): 0 | 1 | 2 {
  const { print, write, table } = surroundings;
  const [option, ...more] = args;
  if (option === "--help" || (option !== undefined && option !== "--check") || more.length > 0) {
    print(USAGE);
    return option === "--help" ? 0 : 2;
  }
  const text = generated(surroundings);
  if (text instanceof Error) {
    print(text.message);
    return 1;
  }
  if (option === undefined) {
    write(text);
    print(
      text === table.text ? "Nothing to do: src/pricing/prices.ts is up to date." : "Written: src/pricing/prices.ts.",
    );
    return 0;
  }
  const problems = [...problemsOf(surroundings, text)];
  for (const sentence of problems) print(sentence);
  for (const sentence of warningsOf(surroundings)) print(`Warning: ${sentence}`);
  if (problems.length === 0) print(`Good: ${table.rows.length} prices, looked up on ${table.date}.`);
  return problems.length === 0 ? 0 : 1;
}

function generated({ genai, overrides, table }: PricesSurroundings): string | Error {
  if (genai.version !== GENAI_PRICES.version) {
    return new Error(
      `genai-prices ${genai.version} is installed, and overrides.ts dates ${GENAI_PRICES.version}: write the version and its day there.`,
    );
  }
  try {
    const { checked, picked, own, shutdowns } = overrides;
    const wanted = combined(genaiRows(genai.models, picked, checked), ownRows(own, checked));
    return printPrices(nextTable(table.rows, wanted, shutdowns), checked);
  } catch (thrown) {
    // Sentences of ours about data of ours.
    return thrown instanceof Error ? thrown : new Error("The table could not be made.");
  }
}

function* problemsOf({ table, configured, nowMs }: PricesSurroundings, text: string): Generator<string> {
  if (text !== table.text) yield "src/pricing/prices.ts is not what its sources come to: npm run prices";
  for (const { variable, model, where } of unpricedOf(configured, nowMs)) {
    yield `${variable} of ${where} is ${model}, which has no price for that.`;
  }
}

function* warningsOf({ configured, genai, overrides, nowMs, table }: PricesSurroundings): Generator<string> {
  for (const { variable, model, where, shutdown, isOver } of endingOf(configured, nowMs, LIMITS.shutdownSoonMs)) {
    const ends = isOver ? "ended" : "ends";
    yield `${variable} of ${where} is ${model}, which OpenAI ${ends} on ${shutdown.on}. It names ${shutdown.instead} instead.`;
  }
  if (pricesAgeMs(nowMs) > LIMITS.pricesOldMs) {
    yield `The prices were looked up on ${table.date}. Look through their sources, then set PRICES_CHECKED in overrides.ts.`;
  }
  for (const { model } of overrides.own) {
    if (isInGenai(genai.models, model)) yield `genai-prices knows ${model} now: pick it, and remove our own price.`;
  }
}
