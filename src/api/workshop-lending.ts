import { Failure } from "../failure.ts";
import type { LendingLimits } from "../protocol/bill.ts";
import { findWorkshop, type ListedWorkshop, lendingOf } from "../store/workshops.ts";
import type { ApiContext } from "./deps.ts";
import { toldAsStored } from "./told-as-stored.ts";

/** Tells the workshop's object what is lent, as {@link toldAsStored}. @throws Failure `internal` when it could not be told. */
export function lendingTold(c: ApiContext, workshop: ListedWorkshop): Promise<ListedWorkshop> {
  const { database, workshops } = c.env;
  return toldAsStored(
    workshop,
    lendingOf,
    (lending) => workshops.lendingChanged(workshop.id, lending),
    () => findWorkshop(database, workshop.id),
  );
}

/** What the instructor may lend: what calls run on. */
export const lendableModels = ({ env: { settings } }: ApiContext): readonly string[] => [
  ...new Set([settings.textModel, settings.voiceModel]),
];

/**
 * A model that is lent already may stay, also when calls do not run on it any more: the console gives the whole list back.
 *
 * @throws Failure `bad_request` naming the place of any other in the list.
 */
export async function checkModels(
  c: ApiContext,
  models: LendingLimits["models"] | undefined,
  stored: () => Promise<LendingLimits | undefined>,
): Promise<void> {
  const lendable = lendableModels(c);
  if (!models?.some((model) => !lendable.includes(model))) return;
  const known = [...lendable, ...((await stored())?.models ?? [])];
  const at = models.findIndex((model) => !known.includes(model));
  if (at !== -1) throw new Failure("bad_request", `lending.models[${at}]: is not a model that calls run on`);
}
