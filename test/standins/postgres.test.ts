import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DataDirInUse, openPglite } from "./postgres.ts";

const START_MS = 60_000;

describe("the embedded database in a folder", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "callroom-postgres-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it(
    "LOCK-7 keeps its rows over a restart, is open once at a time, and survives a first start that was cut off",
    async () => {
      const dataDir = join(folder, "postgres");
      mkdirSync(`${dataDir}.unfinished`);
      writeFileSync(join(`${dataDir}.unfinished`, "half"), "");

      const first = await openPglite({ dataDir });
      await first.run({ text: "create table t as select 7 as k", params: [] });
      await expect(openPglite({ dataDir })).rejects.toThrow(DataDirInUse);
      await first.close();

      const second = await openPglite({ dataDir });
      expect((await second.run({ text: "select k from t", params: [] })).rows).toEqual([["7"]]);
      await second.close();
    },
    START_MS,
  );
});
