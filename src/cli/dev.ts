// First of all: it must be set when wrangler is loaded.
import "./wrangler-environment.ts";
import { resolve } from "node:path";
import { DataDirInUse } from "../../test/standins/postgres.ts";
import { DevRefusal, startDev } from "./dev-server.ts";

const [major = 0] = process.versions.node.split(".").map(Number);
if (major < 22) {
  console.error(`Callroom's tools need Node 22 or later and bring their own; this is ${process.versions.node}.`);
  console.error("Run them through npm: `npm ci && npm run dev` (without --ignore-scripts).");
  process.exit(1);
}

try {
  const dev = await startDev({
    environment: process.env,
    projectFolder: resolve(import.meta.dirname, "../.."),
    onLog: (line) => console.log(line),
  });
  console.log(`
  Callroom is running.

    page        ${dev.pageUrl}
    console     ${dev.consoleUrl}
    join code   ${dev.joinCode}
    psql        ${dev.psqlUrl}
    OpenAI      ${dev.openai}

  Call your agent from another terminal: npm run call
  Ctrl-C stops everything and keeps the data.
`);
  const stop = (): void => {
    process
      .off("SIGINT", stop)
      .off("SIGTERM", stop)
      .on("SIGINT", () => {});
    console.log("Stopping.");
    dev.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    // Wrangler's own handlers exit at once, before the database is closed.
    process.removeAllListeners(signal).on(signal, stop);
  }
} catch (thrown) {
  const isForPeople = thrown instanceof DevRefusal || thrown instanceof DataDirInUse;
  console.error(isForPeople ? thrown.message : thrown);
  process.exit(1);
}
