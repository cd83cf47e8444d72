import type { KeyFault, KeyReading } from "./adopt-key.ts";
import { KEY_FAULT_WORDS, KEY_FAULTS } from "./adopt-key.ts";
import type { FieldProblem } from "./adopt-row.ts";
import { endOf } from "./key-rotation.ts";

/** What became of one student. `key-added`: here already, and now with the key that could not be opened before. */
export const FATES = ["taken", "renewed", "key-added", "already-here", "not-taken"] as const;
export type Fate = (typeof FATES)[number];

/** One thing of one row. */
export interface RowProblem {
  /** The end of the session token: enough for the instructor to find the student, too little to sign in with. */
  readonly sessionTokenEnd: string;
  /** The predecessor's name of the column. */
  readonly column: string;
  /** Words of ours, never a value. */
  readonly problem: string;
  /** It is taken all the same, or stays. */
  readonly isTaken: boolean;
}

/** Counts what is found and done, row by row. */
export class AdoptTally {
  readonly students: Record<Fate, number>;
  /** What lies in the keys' column of rows that can be taken; each row once. */
  readonly keys = { predecessor: 0, callroom: 0, plaintext: 0, none: 0, unreadable: 0 };
  readonly faults: Record<KeyFault, number>;
  /** Keys that were sealed in their place, in our own table. */
  sealedInPlace = 0;
  readonly problems: RowProblem[] = [];
  readonly #mailboxes = new Map<string, number>();

  constructor() {
    const zeroOf = <Name extends string>(names: readonly Name[]): Record<Name, number> =>
      Object.assign({}, ...names.map((name) => ({ [name]: 0 })));
    this.students = zeroOf(FATES);
    this.faults = zeroOf(KEY_FAULTS);
  }

  student(fate: Fate): void {
    this.students[fate] += 1;
  }

  key(reading: KeyReading): void {
    if (reading.is === "unreadable") this.faults[reading.fault] += 1;
    this.keys[reading.is === "readable" ? reading.as : reading.is] += 1;
  }

  mailbox(email: string | null): void {
    const address = email?.trim().toLowerCase() ?? "";
    if (address !== "") this.#mailboxes.set(address, (this.#mailboxes.get(address) ?? 0) + 1);
  }

  fields(token: string, problems: readonly FieldProblem[]): void {
    for (const problem of problems) this.problems.push({ sessionTokenEnd: endOf(token), ...problem });
  }

  fault(token: string, fault: KeyFault): void {
    this.#trouble(token, "openai_api_key", KEY_FAULT_WORDS[fault]);
  }

  notTaken(token: string | null, problem: string): void {
    this.student("not-taken");
    this.#trouble(token ?? "", "session_token", problem);
  }

  /** Students whose e-mail address another one has too: nothing forbids it. */
  get sharedMailboxes(): number {
    return [...this.#mailboxes.values()].reduce((sum, students) => sum + (students > 1 ? students : 0), 0);
  }

  /** Whether everything is here now. */
  get isComplete(): boolean {
    return this.problems.every(({ isTaken }) => isTaken);
  }

  #trouble(token: string, column: string, problem: string): void {
    this.problems.push({ sessionTokenEnd: endOf(token), column, problem, isTaken: false });
  }
}
