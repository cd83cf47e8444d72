/**
 * The database of the Callroom under test: PostgreSQL in memory behind Neon's endpoint, migrated. A process by itself,
 * as in production: its work is not the Worker's. Prints `{"port":…}` of its control page: GET tells where the database
 * is and how many requests it got, `POST /delay/100` makes it slow.
 */
import { createServer } from "node:http";
import { migratePglite } from "../../src/store/migrations.ts";
import { startNeonStandin } from "../standins/neon.ts";
import { openPglite } from "../standins/postgres.ts";

const database = await openPglite();
await migratePglite(database.pglite);
const neon = await startNeonStandin({ database });

const control = createServer((request, response) => {
  const delay = /^\/delay\/(\d+)$/.exec(request.url ?? "")?.[1];
  if (request.method === "POST" && delay !== undefined) neon.faults.delayMs = Number(delay);
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ url: neon.url, endpoint: neon.endpoint, requests: neon.counted.requests }));
});
control.listen(0, "127.0.0.1", () => {
  const address = control.address();
  if (address !== null && typeof address !== "string") console.log(JSON.stringify({ port: address.port }));
});
