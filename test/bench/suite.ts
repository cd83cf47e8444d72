/** What every suite of the bench is given, and how it speaks. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface Suite {
  /** Empty, and gone after the suite. */
  readonly folder: string;
  /** Takes what ends a process, as soon as there is one to end. */
  readonly onStop: (stop: () => Promise<void>) => void;
  /** What was not answered, one entry a call: makes the exit code 1. */
  readonly failures: string[];
}

/** Progress, beside the page on standard output. */
export function say(what: string): void {
  console.error(`${Math.round(performance.now() / 1_000)} s: ${what}`);
}

export function printFailures(failures: readonly string[]): void {
  for (const failure of failures.slice(0, 20)) console.log(`not answered: ${failure}`);
  if (failures.length > 20) console.log(`and ${failures.length - 20} more`);
}

/** Keeps all figures of a run beside the code that made them. */
export async function writeResults(file: string, results: object): Promise<void> {
  const to = join(import.meta.dirname, "results");
  await mkdir(to, { recursive: true });
  await writeFile(join(to, file), `${JSON.stringify(results, null, 2)}\n`);
}
