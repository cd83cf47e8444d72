import type { MatchLogic, ModelInfo, ModelPrice } from "@pydantic/genai-prices";
import { GENAI_PRICES, type Picked } from "../pricing/overrides.ts";
import type { MicroUsdPerMillion, Price } from "../pricing/price.ts";
import { microUsdOf } from "./micro-usd.ts";

/** Prices of things that no call of ours uses. Any other name that is not known here stops the generator. */
const UNUSED = new Set([
  "web_searches_kcount",
  "storage_searches_kcount",
  "input_image_mtok",
  "cache_image_read_mtok",
  // The same price as `input_audio_hours`, under its older name.
  "audio_hours",
]);

const MINUTES_PER_HOUR = 60;

/**
 * The rows of the picked models as genai-prices has them: one for each day on which prices changed.
 *
 * @throws Error with a sentence, when a model is missing or its data has a shape that is not known here: a price that is
 * read wrong is worse than none.
 */
export function genaiRows(models: readonly ModelInfo[], picked: readonly Picked[], addedOn: string): readonly Price[] {
  return picked.flatMap((pick) => {
    const info = models.find(({ match }) => matches(match, pick.model));
    if (!info) throw new Error(`genai-prices does not know ${pick.model}.`);
    const aliases = [...new Set([...aliasesOf(info, pick.model, picked), ...(pick.aliases ?? [])])].sort();
    return datedPrices(info).map(({ from, prices }) => ({
      model: pick.model,
      kind: pick.kind,
      aliases,
      effectiveFrom: from,
      shutdownDate: null,
      ...readPrices(pick.model, prices),
      source: `npm @pydantic/genai-prices ${GENAI_PRICES.version}`,
      sourceDate: GENAI_PRICES.date,
      addedOn,
      note: pick.note ?? "",
    }));
  });
}

/** Whether genai-prices itself prices a model. */
export const isInGenai = (models: readonly ModelInfo[], model: string): boolean =>
  models.some(({ match }) => matches(match, model));

function matches(match: MatchLogic, model: string): boolean {
  if ("or" in match) return match.or.some((inner) => matches(inner, model));
  if ("and" in match) return match.and.every((inner) => matches(inner, model));
  if ("equals" in match) return match.equals === model;
  if ("starts_with" in match) return model.startsWith(match.starts_with);
  if ("ends_with" in match) return model.endsWith(match.ends_with);
  if ("contains" in match) return model.includes(match.contains);
  return new RegExp(match.regex).test(model);
}

/** One entry may hold several picked models: each alias goes to the one whose name it begins with, else to the first. */
function aliasesOf(info: ModelInfo, model: string, picked: readonly Picked[]): readonly string[] {
  const names = picked.map((pick) => pick.model);
  const inEntry = names.filter((name) => matches(info.match, name));
  return patternsOf(info.id, info.match).filter((alias) => {
    if (names.includes(alias)) return false;
    const [nearest] = inEntry.filter((name) => alias.startsWith(name)).sort((a, b) => b.length - a.length);
    return (nearest ?? inEntry[0]) === model;
  });
}

function patternsOf(id: string, match: MatchLogic): readonly string[] {
  if ("or" in match) return match.or.flatMap((inner) => patternsOf(id, inner));
  if ("equals" in match) return [match.equals];
  if ("starts_with" in match) return [`${match.starts_with}*`];
  if ("regex" in match) {
    const digits = (text: string): string => text.replaceAll(/\\d\{(\d)\}/g, (_, count) => "#".repeat(Number(count)));
    const pattern = digits(match.regex.replace(/^\^/, "").replace(/\$$/, "")).replaceAll("\\.", ".");
    if (/^[a-z0-9.#-]+$/.test(pattern) && /^\^.*\$$/.test(match.regex)) return [pattern];
  }
  throw new Error(`genai-prices names ${id} in a way that is not known here.`);
}

function datedPrices({ id, prices }: ModelInfo): readonly { from: string | null; prices: ModelPrice }[] {
  if (!Array.isArray(prices)) return [{ from: null, prices }];
  return prices.map(({ constraint, prices: dated }) => {
    if (constraint && constraint.type !== "start_date") throw new Error(`Prices of ${id} depend on the time of day.`);
    return { from: constraint?.start_date ?? null, prices: dated };
  });
}

type Money = Pick<Price, "text" | "audio" | "microUsdPerMinute" | "longContext">;

function readPrices(model: string, prices: ModelPrice): Money {
  const left = new Set(Object.keys(prices).filter((name) => !UNUSED.has(name)));
  const starts = new Set<number>();
  const read = (name: string, isLong = false): number | null => {
    left.delete(name);
    const price = prices[name];
    if (price === undefined) return null;
    if (typeof price === "number") return microUsdOf(price);
    const [tier, ...more] = price.tiers;
    if (!tier || more.length > 0) throw new Error(`${name} of ${model} has tiers that are not known here.`);
    starts.add(tier.start);
    return microUsdOf(isLong ? tier.price : price.base);
  };
  const rates = (isLong: boolean): MicroUsdPerMillion => ({
    input: read("input_mtok", isLong),
    cachedInput: read("cache_read_mtok", isLong),
    cacheWrite: read("cache_write_mtok", isLong),
    output: read("output_mtok", isLong),
  });
  const text = some(rates(false));
  const [overInputTokens, ...others] = starts;
  if (others.length > 0) throw new Error(`Long requests of ${model} begin at several lengths.`);
  const audio = some({
    input: read("input_audio_mtok"),
    cachedInput: read("cache_audio_read_mtok"),
    cacheWrite: null,
    output: read("output_audio_mtok"),
  });
  const perHour = read("input_audio_hours");
  if (perHour !== null && perHour % MINUTES_PER_HOUR !== 0) throw new Error(`An hour of ${model} has no exact minute.`);
  const [unknown] = left;
  if (unknown !== undefined) throw new Error(`${model} has a price that is not known here: ${unknown}.`);
  return {
    text,
    audio,
    microUsdPerMinute: perHour === null ? null : perHour / MINUTES_PER_HOUR,
    longContext: overInputTokens === undefined ? null : { overInputTokens, ...rates(true) },
  };
}

const some = (rates: MicroUsdPerMillion): MicroUsdPerMillion | null =>
  Object.values(rates).some((rate) => rate !== null) ? rates : null;
