import { LIMITS } from "../limits.ts";
import type { AdoptTally, RowProblem } from "./adopt-tally.ts";
import { printable } from "./print-call.ts";

/** What came of it. */
export interface Adoption {
  /** Host and database, without the password. */
  readonly from: string;
  readonly into: string;
  readonly isInPlace: boolean;
  readonly dryRun: boolean;
  readonly workshop: AdoptedInto | null;
  /** In place: students who were put into it. */
  readonly assigned: number;
  /** Rows of either table. In place they are the same. */
  readonly there: { readonly before: number; readonly after: number };
  readonly here: { readonly before: number; readonly after: number };
  /** Columns of the predecessor's table that are not taken, and those that it has not. */
  readonly columns: { readonly unknown: readonly string[]; readonly missing: readonly string[] };
  readonly tally: AdoptTally;
}

export interface AdoptedInto {
  readonly joinCode: string;
  readonly name: string;
  readonly fallbackAllowed: boolean;
  readonly seats: number | null;
  readonly students: number;
}

const ENDS_SHOWN = 6;
const COLUMNS_SHOWN = 40;

/** For people. */
export function adoptionText(adoption: Adoption): string {
  const { isInPlace, dryRun, tally } = adoption;
  const [problems, remarks] = [false, true].map((isTaken) =>
    tally.problems.filter((problem) => problem.isTaken === isTaken),
  );
  const blocks = [
    studentLines(adoption),
    keyLines(adoption),
    problemLines(isInPlace ? "Cannot be used as it is" : "Could not be taken", problems ?? []),
    problemLines(isInPlace ? "To look at" : "Taken, and to look at", remarks ?? []),
    remarkLines(adoption),
    [`${dryRun ? "Nothing was written: this was a dry run. " : ""}${conclusion(adoption)}`],
  ];
  return `\n${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join("\n")}\n`)
    .join("\n")}`;
}

const LABEL = 26;
const NUMBER = 9;

const line = (label: string, ...cells: readonly (number | string)[]): string =>
  `${label.padEnd(LABEL)}${cells.map((cell) => (typeof cell === "number" ? grouped(cell) : cell).padStart(NUMBER)).join("")}`;

function studentLines({ isInPlace, dryRun, here, there, tally, assigned, workshop }: Adoption): string[] {
  const { students } = tally;
  if (isInPlace) {
    return [
      line("Students", here.after),
      ...(students["not-taken"] > 0 ? [line("  who cannot come in", students["not-taken"])] : []),
      ...(workshop ? [line(`  ${dryRun ? "to go" : "put"} into ${workshop.joinCode}`, assigned)] : []),
    ];
  }
  const shown: readonly (readonly [label: string, count: number, isAlways: boolean])[] = [
    [dryRun ? "  would be taken" : "  taken", students.taken, true],
    [dryRun ? "  would be brought up to date" : "  brought up to date", students.renewed, false],
    [dryRun ? "  would get their key" : "  here, and given their key", students["key-added"], false],
    ["  already here", students["already-here"], true],
    ["  could not be taken", students["not-taken"], true],
  ];
  return [
    line("Students", "there", "here"),
    line("  before", there.before, here.before),
    line("  after", there.after, here.after),
    "",
    ...shown.flatMap(([label, count, isAlways]) => (isAlways || count > 0 ? [line(label, count)] : [])),
  ];
}

function keyLines({ isInPlace, dryRun, tally }: Adoption): string[] {
  const { keys } = tally;
  const lines = [
    "Keys",
    line("  sealed, and readable", keys.predecessor + keys.callroom),
    line("  in plain text", keys.plaintext),
    line("  unreadable", keys.unreadable),
    line("  none", keys.none),
  ];
  if (isInPlace) lines.push(line(dryRun ? "  would be sealed anew" : "  sealed anew", tally.sealedInPlace));
  return lines;
}

function problemLines(heading: string, problems: readonly RowProblem[]): string[] {
  const groups = new Map<string, RowProblem[]>();
  for (const problem of problems) {
    const name = `${problem.column}: ${problem.problem}`;
    const group = groups.get(name);
    if (group) group.push(problem);
    else groups.set(name, [problem]);
  }
  if (groups.size === 0) return [];
  const sorted = [...groups].sort(([, a], [, b]) => b.length - a.length);
  return [
    heading,
    ...sorted.flatMap(([name, group]) => {
      const ends = group
        .slice(0, ENDS_SHOWN)
        .map(({ sessionTokenEnd }) => (sessionTokenEnd === "" ? "(none)" : `…${printable(sessionTokenEnd)}`));
      const more = group.length > ends.length ? `, and ${grouped(group.length - ends.length)} more` : "";
      return [`  ${grouped(group.length).padStart(5)}  ${name}`, `         ${ends.join(" ")}${more}`];
    }),
  ];
}

function remarkLines({ isInPlace, dryRun, columns, tally, workshop }: Adoption): string[] {
  const lines: string[] = [];
  const { plaintext, unreadable } = tally.keys;
  if (plaintext > 0) {
    const [they, them, whose] =
      plaintext === 1 ? ["it is", "it", "its student"] : ["they are", "them", "their students"];
    lines.push(
      `${counted(plaintext, "key")} lay there in plain text${dryRun ? "" : `, and here ${they} sealed`}. Whoever could read that database knows ${them}: ${whose} should make ${plaintext === 1 ? "a new one" : "new ones"} at OpenAI.`,
    );
  }
  if (unreadable > 0) {
    const until = isInPlace ? "Until then their calls are refused." : "Until then they are students without a key.";
    lines.push(`Students whose key is unreadable have to enter it again. ${until}`);
  }
  if (tally.sharedMailboxes > 0) {
    lines.push(
      `${counted(tally.sharedMailboxes, "student")} share an e-mail address with another. Each stays a student of their own.`,
    );
  }
  if (columns.unknown.length > 0) {
    const names = columns.unknown.slice(0, COLUMNS_SHOWN).map(printable).join(", ");
    const more = columns.unknown.length > COLUMNS_SHOWN ? " and more" : "";
    lines.push(`Columns there that Callroom has no use for, not taken: ${names}${more}.`);
  }
  if (columns.missing.length > 0) lines.push(`Columns that are not there: ${columns.missing.join(", ")}.`);
  return [...lines, ...workshopLines(workshop, isInPlace)];
}

function workshopLines(workshop: AdoptedInto | null, isInPlace: boolean): string[] {
  if (!workshop) {
    if (isInPlace) return [];
    return [
      `They belong to no workshop: their agents work, and no class in the console shows them. Without a key of their own they may use the instructor's, if there is one: ${dollars(LIMITS.studentAllowanceMicroUsd)} each, ${dollars(LIMITS.poolMicroUsd)} in all.`,
    ];
  }
  const { name, joinCode, fallbackAllowed, seats, students } = workshop;
  const lends = fallbackAllowed
    ? "lends the instructor's key, within its limits,"
    : "does not lend the instructor's key";
  const lines = [`They belong to ${printable(name)} (${joinCode}), which ${lends} to students without one.`];
  if (seats !== null && students >= seats) {
    lines.push(
      `It has ${counted(students, "student")} and ${counted(seats, "seat")}: nobody else can join until it has more.`,
    );
  }
  return lines;
}

function conclusion({ isInPlace, dryRun, tally }: Adoption): string {
  const { isComplete } = tally;
  if (isInPlace) return isComplete ? "Everything here can be used." : "Not everything here can be used: see above.";
  if (dryRun) return isComplete ? "Everything can be taken." : "Not everything can be taken: see above.";
  return isComplete ? "Everything is here." : "Not everything could be taken: see above.";
}

/** For programs. */
export function adoptionJson({ tally, workshop, columns, ...adoption }: Adoption): string {
  const { students, keys, faults, sealedInPlace, sharedMailboxes, problems, isComplete } = tally;
  const value = {
    isComplete,
    ...adoption,
    workshop: workshop && { joinCode: workshop.joinCode, fallbackAllowed: workshop.fallbackAllowed },
    students: { ...students, sharingAnEmail: sharedMailboxes },
    keys: { ...keys, sealedInPlace, unreadableBecause: faults },
    columnsNotTaken: columns.unknown,
    columnsMissing: columns.missing,
    problems,
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

const grouped = (count: number): string => count.toLocaleString("en");
const counted = (count: number, noun: string): string => `${grouped(count)} ${noun}${count === 1 ? "" : "s"}`;
const dollars = (microUsd: number): string => `$${(microUsd / 1_000_000).toFixed(2)}`;
