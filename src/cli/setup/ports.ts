import type { DatabaseAddress } from "../../store/database.ts";
import type { Reached } from "../../store/reach.ts";
import type { SentinelRows } from "../../vault/sentinel.ts";
import type { Terminal } from "../progress.ts";

/* Everything that setup needs of the outside. `setup.ts` has the real things, tests have their own. */

export type Variables = Readonly<Record<string, string | undefined>>;

/** A program and the arguments that always come first. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
}

export interface ProcessRequest {
  readonly command: Command;
  /** Whoever may list processes sees these: never a secret. */
  readonly args: readonly string[];
  readonly environment: Variables;
  /** Secrets go here. `undefined`: nothing is to be read. */
  readonly stdin?: string | undefined;
  readonly timeoutMs: number;
  /** The person talks with it: it has this terminal, and nothing of what it prints comes back. */
  readonly isForPerson?: boolean;
}

/** What a process left; `exitCode` is `null` when it could not be started, or was ended. */
export interface Ran {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Never rejects. */
export type RunProcess = (request: ProcessRequest) => Promise<Ran>;

/** Asks the person at the terminal. An empty line is `undefined`, and so is the end of the input. */
export interface Prompt {
  line(question: string): Promise<string | undefined>;
  /** What is typed is not shown. */
  hidden(question: string): Promise<string | undefined>;
}

/** What is done with a database. All but `reach` throw what `store/` throws. */
export interface SetupDatabase {
  /** By the wire protocol, as migrations go. */
  reach(url: string): Promise<Reached>;
  /** Over HTTP, as the Worker asks: whether it answered. */
  answersOverHttp(address: DatabaseAddress): Promise<boolean>;
  /** The names of the migrations that were applied now. */
  migrate(url: string): Promise<readonly string[]>;
  sentinels(address: DatabaseAddress): SentinelRows;
  /** Makes the workshop if there is none of its kind. */
  ensureWorkshop(address: DatabaseAddress, joinCode: string): Promise<void>;
}

export interface SetupPorts {
  readonly environment: Variables;
  readonly projectFolder: string;
  /** Keeps a second setup out of the folder until what it returns is called; throws SetupTrouble when one is in there. */
  readonly lock: () => () => void;
  readonly nodeVersion: string;
  readonly out: Terminal;
  readonly err: Terminal;
  /** `undefined`: nobody sits there. */
  readonly prompt: Prompt | undefined;
  readonly run: RunProcess;
  readonly fetcher: typeof fetch;
  readonly database: SetupDatabase;
  readonly now: () => number;
  readonly wait: (ms: number) => Promise<void>;
  readonly randomBytes: (count: number) => Uint8Array<ArrayBuffer>;
}
