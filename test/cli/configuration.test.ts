import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readConfiguration } from "../../src/cli/configuration.ts";

const ENDPOINTS = {
  pageUrl: "http://127.0.0.1:8787/",
  databaseUrl: "postgresql://postgres:postgres@127.0.0.1/postgres",
  databaseHttpEndpoint: "http://127.0.0.1:4444/sql",
  psqlUrl: "postgres://postgres:postgres@127.0.0.1:54329/postgres",
  openaiBaseUrl: "http://127.0.0.1:4445/v1",
  joinCode: "MAPLE-7",
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "callroom-configuration-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const devVars = (text: string) => writeFileSync(join(folder, ".dev.vars"), text);
function endpoints(text: string, dataDir = ".data"): void {
  mkdirSync(join(folder, dataDir), { recursive: true });
  writeFileSync(join(folder, dataDir, "endpoints.json"), text);
}

describe("what a command is configured with", () => {
  it("COMMAND-1 The environment wins over .dev.vars, and an empty variable unsets.", () => {
    devVars('# secrets\nA=from-file\nB="from file"\nC=from-file\nD=\n');
    const configuration = readConfiguration({ A: " from-environment\n", C: "" }, folder);
    const values = ["A", "B", "C", "D", "E"].map((name) => configuration.variable(name));
    expect(values).toEqual(["from-environment", "from file", undefined, undefined, undefined]);
  });

  it("COMMAND-1 Without any file everything is unset.", () => {
    const configuration = readConfiguration({}, folder);
    expect(configuration.variable("ENCRYPTION_KEY")).toBeUndefined();
    expect(configuration.endpoints).toBeUndefined();
    expect(configuration.database).toBeUndefined();
  });

  it("COMMAND-2 A running npm run dev is found in its data folder.", () => {
    endpoints(JSON.stringify(ENDPOINTS));
    endpoints(JSON.stringify({ ...ENDPOINTS, joinCode: "OTHER-1" }), "elsewhere");
    expect(readConfiguration({}, folder).endpoints).toEqual(ENDPOINTS);
    expect(readConfiguration({ DATA_DIR: "elsewhere" }, folder).endpoints?.joinCode).toBe("OTHER-1");
    expect(readConfiguration({ DATA_DIR: join(folder, "elsewhere") }, folder).endpoints?.joinCode).toBe("OTHER-1");
    expect(readConfiguration({ DATA_DIR: "nowhere" }, folder).endpoints).toBeUndefined();
  });

  it("COMMAND-2 An endpoints.json of another shape counts as absent.", () => {
    for (const text of ["", "{", "null", "[]", "{}", JSON.stringify({ ...ENDPOINTS, databaseUrl: 1 })]) {
      endpoints(text);
      expect(readConfiguration({}, folder).endpoints).toBeUndefined();
    }
  });

  it("COMMAND-3 The database is the configured one, else that of npm run dev.", () => {
    endpoints(JSON.stringify(ENDPOINTS));
    const ofDev = { url: ENDPOINTS.databaseUrl, httpEndpoint: ENDPOINTS.databaseHttpEndpoint };
    expect(readConfiguration({}, folder).database).toEqual(ofDev);
    devVars("DATABASE_URL=postgres://file/a\nDATABASE_HTTP_ENDPOINT=http://file/sql\n");
    expect(readConfiguration({}, folder).database).toEqual({
      url: "postgres://file/a",
      httpEndpoint: "http://file/sql",
    });
    const both = readConfiguration({ DATABASE_URL: "postgres://e/a", DATABASE_HTTP_ENDPOINT: "http://e/sql" }, folder);
    expect(both.database).toEqual({ url: "postgres://e/a", httpEndpoint: "http://e/sql" });
    expect(readConfiguration({ DATABASE_URL: "" }, folder).database).toEqual(ofDev);
  });

  it("COMMAND-3 A database's URL never goes to the endpoint of another database.", () => {
    endpoints(JSON.stringify(ENDPOINTS));
    devVars("DATABASE_HTTP_ENDPOINT=http://file/sql\n");
    const neon = readConfiguration({ DATABASE_URL: "postgres://neon/a" }, folder).database;
    expect(neon).toEqual({ url: "postgres://neon/a", httpEndpoint: undefined });
    devVars("DATABASE_URL=postgres://file/a\n");
    expect(readConfiguration({}, folder).database).toEqual({ url: "postgres://file/a", httpEndpoint: undefined });
    const override = readConfiguration({ DATABASE_HTTP_ENDPOINT: "http://e/sql" }, folder).database;
    expect(override).toEqual({ url: "postgres://file/a", httpEndpoint: "http://e/sql" });
  });

  it("COMMAND-3 The endpoint of npm run dev serves the URL that it was given itself.", () => {
    const url = "postgres://postgres@127.0.0.1:5432/callroom";
    endpoints(JSON.stringify({ ...ENDPOINTS, databaseUrl: url }));
    const { database } = readConfiguration({ DATABASE_URL: url }, folder);
    expect(database).toEqual({ url, httpEndpoint: ENDPOINTS.databaseHttpEndpoint });
  });
});
