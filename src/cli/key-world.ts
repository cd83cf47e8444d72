import type { SentinelRows } from "../vault/sentinel.ts";
import type { KeyPlace } from "./key-place.ts";
import type { KeyRows } from "./key-rotation.ts";
import { KeyTrouble } from "./key-trouble.ts";
import type { RunWrangler, WorkerRing } from "./key-worker.ts";
import type { Terminal } from "./progress.ts";

/** Everything in a database that stands under a master key. */
export interface KeyStore extends KeyRows {
  readonly sentinels: SentinelRows;
  /** How many students have four words whose digest is under each master key, by its kid. They cannot be rotated. */
  words(): Promise<ReadonlyMap<string, number>>;
}

/** What renewing and retiring a master key reach the world by. */
export interface KeyWorld {
  readonly isDeployed: boolean;
  readonly place: KeyPlace;
  /** Throws KeyTrouble when the Worker does not say. */
  readonly workerRing: () => Promise<WorkerRing>;
  /** Opens the database as it is configured now: a `npm run dev` that was started again has it elsewhere. */
  readonly openStore: () => KeyStore;
  readonly runWrangler: RunWrangler;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly nowMs: () => number;
  readonly wait: (ms: number) => Promise<void>;
  readonly out: Terminal;
  /** How this command is called, for a person to repeat. */
  readonly command: (verb: string) => string;
}

/** Beside the master keys, what is known of their last renewal: instants as ISO 8601. */
export const BEGUN_AT = "MASTER_KEY_RENEWAL_BEGUN_AT";
export const DONE_AT = "MASTER_KEY_RENEWAL_DONE_AT";

/** When that was, in ms; `undefined`: it was not, or nobody knows. */
export function instantIn(place: KeyPlace, name: string): number | undefined {
  const atMs = Date.parse(place.read()[name] ?? "");
  return Number.isNaN(atMs) ? undefined : atMs;
}

export const written = (atMs: number): string => new Date(atMs).toISOString();

/** Between two questions to a Worker of which something is awaited. */
const POLL_MS = 2_000;

/**
 * Waits until the Worker has said what is wanted so many times in a row: a new version of a Worker is not everywhere at once.
 *
 * @throws KeyTrouble with this sentence when it has not within `withinMs`.
 */
export async function awaitWorker(
  { workerRing, nowMs, wait }: KeyWorld,
  wanted: (ring: WorkerRing) => boolean,
  { times, withinMs, sentence }: { readonly times: number; readonly withinMs: number; readonly sentence: string },
): Promise<void> {
  const untilMs = nowMs() + withinMs;
  for (let inARow = 0; inARow < times; ) {
    // While it starts again it says nothing.
    inARow = (await workerRing().then(wanted, isTrouble)) ? inARow + 1 : 0;
    if (inARow === times) return;
    if (nowMs() > untilMs) throw new KeyTrouble(sentence);
    await wait(POLL_MS);
  }
}

function isTrouble(thrown: unknown): false {
  if (thrown instanceof KeyTrouble) return false;
  throw thrown;
}
