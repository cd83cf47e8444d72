import { type Line, line, lookAtWorker, type WorkerLook } from "./doctor-lines.ts";
import { lookAtMachine, type Machine } from "./doctor-machine.ts";
import { DOCTOR_USAGE, readDoctorOptions } from "./doctor-options.ts";
import { type Known, placeOf } from "./doctor-place.ts";
import { printLines, sumOf } from "./doctor-print.ts";
import type { Terminal } from "./progress.ts";

/*
 * `npm run doctor`: the lines of the Worker's own check page, then those that only this machine can see. It changes nothing
 * and prints no secret: numbers of master keys, names of variables and files, our own sentences.
 */

/** What the command needs of the outside. */
export interface DoctorSurroundings extends Known {
  readonly out: Terminal;
  readonly err: Terminal;
  readonly fetch: typeof fetch;
  readonly machine: Machine;
}

/** 0: nothing failed. 1: something did. 2: Callroom could not be asked. */
export type ExitCode = 0 | 1 | 2;

/** Looks, prints, and says how it is. Never rejects for what is found. */
export async function doctorCommand(args: readonly string[], surroundings: DoctorSurroundings): Promise<ExitCode> {
  const { out, err, environment, machine } = surroundings;
  const wish = readDoctorOptions(args);
  if (wish.wish === "help") {
    out.write(DOCTOR_USAGE);
    return 0;
  }
  if (wish.wish === "not-understood") {
    err.write(`${wish.problem}\n\n${DOCTOR_USAGE}`);
    return 2;
  }
  const place = placeOf(wish.options, surroundings);
  const isKnown = "url" in place;
  const worker: WorkerLook = isKnown
    ? await lookAtWorker(surroundings.fetch, place)
    : { isAsked: false, lines: [line("callroom", "failed", place.found, place.fix)], masterKey: null };
  const lines: readonly Line[] = [
    ...worker.lines,
    ...(await lookAtMachine(machine, isKnown ? place : undefined, worker.masterKey)),
  ];
  const url = isKnown ? place.url : null;
  if (wish.options.json) {
    out.write(`${JSON.stringify({ url, isAsked: worker.isAsked, masterKey: worker.masterKey, lines }, null, 2)}\n`);
  } else {
    out.write(url === null ? "\n" : `\nCallroom at ${url}\n\n`);
    printLines(out, lines, out.isTTY === true && !environment.NO_COLOR);
    out.write(`\n${sumOf(lines)}.\n`);
  }
  if (!worker.isAsked) return 2;
  return lines.some(({ status }) => status === "failed") ? 1 : 0;
}
