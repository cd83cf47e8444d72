import { SetupTrouble } from "./setup-trouble.ts";
import { databaseOf, known, listed, type Step, shownDatabase } from "./world.ts";

/** Brings the database up to date: all of it or nothing. */
export const migrations: Step = async (world) => {
  if (world.options.isDry && known(world, "DATABASE_URL") === undefined) {
    return { line: "would make the tables" };
  }
  const { url } = databaseOf(world);
  if (world.options.isDry) return { line: `would apply what is new to ${shownDatabase(url)}` };
  let applied: readonly string[];
  try {
    applied = await world.database.migrate(url);
  } catch {
    // What the server says may quote a row: npm run db:migrate shows it to whoever asks for it.
    throw new SetupTrouble(
      `The database ${shownDatabase(url)} could not be migrated, and nothing in it was changed. May this user make tables? DATABASE_URL=… npm run db:migrate says more.`,
    );
  }
  return applied.length === 0 ? { line: "up to date" } : { line: `applied: ${listed(applied)}` };
};
