import { resolve } from "node:path";
import { DataDirInUse, openPglite } from "../../test/standins/postgres.ts";
import { migratePglite, migrateServer } from "../store/migrations.ts";

export interface MigrateDependencies {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly projectFolder: string;
  readonly print: (line: string) => void;
}

/**
 * Brings the database of `DATABASE_URL` up to date, or without one the embedded database of `npm run dev` in `DATA_DIR`,
 * and prints what it did.
 *
 * @returns the exit code: 0 up to date, 1 not reached or not migrated, 2 the folder is in use.
 */
export async function migrateCommand({ environment, projectFolder, print }: MigrateDependencies): Promise<number> {
  const url = environment.DATABASE_URL?.trim();
  const dataDir = resolve(projectFolder, environment.DATA_DIR?.trim() || ".data", "postgres");
  const name = url ? hostOf(url) : `the embedded database in ${dataDir}`;
  if (name === undefined) {
    print("DATABASE_URL is not a PostgreSQL URL.");
    return 1;
  }
  try {
    const applied = url ? await migrateServer(url) : await migrateEmbedded(dataDir);
    for (const migration of applied) print(`applied  ${migration}`);
    print(applied.length === 0 ? `Nothing to do: ${name} is up to date.` : `Done: ${name} is up to date.`);
    return 0;
  } catch (error) {
    if (error instanceof DataDirInUse) {
      print(error.message);
      print("A running `npm run dev` has applied every migration already.");
      return 2;
    }
    print(`Not migrated, nothing was changed: ${reasonOf(error)}`);
    return 1;
  }
}

async function migrateEmbedded(dataDir: string): Promise<readonly string[]> {
  const database = await openPglite({ dataDir });
  try {
    return await migratePglite(database.pglite);
  } finally {
    await database.close();
  }
}

/** Never the whole URL: it holds a password. */
function hostOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, host, pathname } = new URL(url);
  return protocol === "postgres:" || protocol === "postgresql:" ? `${host}${pathname}` : undefined;
}

/** What the server says of a statement of ours, for the person who migrates. */
function reasonOf(error: unknown): string {
  return error instanceof Error && error.message !== "" ? error.message : "the database does not answer.";
}
