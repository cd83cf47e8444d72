import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { PGlite } from "@electric-sql/pglite";

/**
 * An image of an empty database, because making one takes seconds. It lies where packages keep what they make, so that
 * `npm ci` throws it away with the package.
 */
async function imagePath(): Promise<string> {
  const modules = join(import.meta.dirname, "../../node_modules");
  const { version } = JSON.parse(await readFile(join(modules, "@electric-sql/pglite/package.json"), "utf8"));
  return join(modules, ".cache/callroom", `pglite-${version}.tar`);
}

/** An empty database in memory. */
export async function openInMemory(): Promise<PGlite> {
  const image = await imagePath();
  if (existsSync(image)) return PGlite.create({ loadDataDir: new Blob([await readFile(image)]) });
  const pglite = await PGlite.create();
  const dump = await pglite.dumpDataDir("none");
  await mkdir(dirname(image), { recursive: true });
  // Renamed into place: test files start at once, and none may read half an image.
  const unfinished = `${image}.${process.pid}`;
  await writeFile(unfinished, new Uint8Array(await dump.arrayBuffer()));
  await rename(unfinished, image);
  return pglite;
}

/** Makes an empty database in a new folder; a start that is interrupted leaves nothing that the next one trips over. */
export async function makeFolder(dataDir: string): Promise<void> {
  const image = await imagePath();
  const unfinished = `${dataDir}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  const loadDataDir = existsSync(image) ? new Blob([await readFile(image)]) : undefined;
  const pglite = await PGlite.create({ dataDir: unfinished, ...(loadDataDir && { loadDataDir }) });
  await pglite.close();
  await rename(unfinished, dataDir);
}
