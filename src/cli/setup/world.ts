import type { DatabaseAddress } from "../../store/database.ts";
import type { Kept } from "./kept.ts";
import type { SetupPorts } from "./ports.ts";
import type { SetupOptions } from "./setup-options.ts";
import { SetupTrouble } from "./setup-trouble.ts";
import type { SecretName } from "./variables.ts";
import type { Wrangler } from "./wrangler.ts";

/** What the steps share. What one finds out, those after it read from here or from what is kept. */
export interface SetupWorld extends SetupPorts {
  readonly options: SetupOptions;
  readonly kept: Kept;
  readonly wrangler: Wrangler;
  /** Of the Worker: as asked for, else as kept, else that of wrangler.toml. */
  readonly workerName: string;
  /** The account that the Worker is in; set by the step `account`, or kept. */
  accountId: string | undefined;
  /** Of a dry run: values that would be kept by now. */
  readonly wouldKeep: Map<SecretName, string>;
}

/** What a step has to say: a line, and perhaps more below it. */
export interface Said {
  readonly line: string;
  readonly more?: readonly string[];
}

/** One step. Does nothing when all is there already; on a dry run says what it would do, and changes nothing. */
export type Step = (world: SetupWorld) => Promise<Said>;

/** A variable of the environment, white space around it removed; an empty one is unset. */
export const given = ({ environment }: Pick<SetupPorts, "environment">, name: string): string | undefined =>
  environment[name]?.trim() || undefined;

/** A secret as it is known here: given now, else kept. Of those that are made here, kept wins. */
export function known(world: SetupWorld, name: SecretName): string | undefined {
  return world.wouldKeep.get(name) ?? world.kept.get(name) ?? given(world, name);
}

/** Keeps a secret, or on a dry run remembers that it would. */
export function keepSecret(world: SetupWorld, name: SecretName, value: string): void {
  if (world.options.isDry) world.wouldKeep.set(name, value);
  else world.kept.keep({ [name]: value });
}

/** @throws SetupTrouble when the account is not known yet. */
export function accountOf({ accountId }: SetupWorld): string {
  if (accountId === undefined) throw new SetupTrouble("It is not known yet which account: do the step account too.");
  return accountId;
}

/** @throws SetupTrouble when there is no database yet. */
export function databaseOf(world: SetupWorld): DatabaseAddress {
  const url = known(world, "DATABASE_URL");
  if (url === undefined) throw new SetupTrouble("There is no database yet: do the step database too.");
  return { url, httpEndpoint: known(world, "DATABASE_HTTP_ENDPOINT") };
}

/** Host and name of a database, without who may open it. */
export function shownDatabase(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}

/** Names in one line. */
export const listed = (names: readonly string[]): string => names.join(", ");
