import { Client, DatabaseError } from "pg";

/**
 * What came of knocking at a PostgreSQL server. `unknown-host`: the name is nobody's. `closed`: nobody listens there. `silent`: no answer
 * in time. `refused`: user or password. `no-database`: the server is there, the database is not. `broken`: anything else.
 */
export type Reached = "ok" | "unknown-host" | "closed" | "silent" | "refused" | "no-database" | "broken";

/** Connects by the wire protocol and asks for nothing but an answer. For Node only, never part of the Worker. Never rejects. */
export async function reachServer(url: string, timeoutMs: number): Promise<Reached> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: timeoutMs, query_timeout: timeoutMs });
  // A connection that is lost later is seen by the query.
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query("select 1");
    return "ok";
  } catch (thrown) {
    return verdictOn(thrown);
  } finally {
    await client.end().catch(() => {});
  }
}

function verdictOn(thrown: unknown): Reached {
  if (thrown instanceof DatabaseError) {
    if (thrown.code?.startsWith("28") === true) return "refused";
    return thrown.code === "3D000" ? "no-database" : "broken";
  }
  const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "unknown-host";
  if (code === "ECONNREFUSED" || code === "ECONNRESET") return "closed";
  if (code === "ETIMEDOUT" || code === "EHOSTUNREACH" || code === "ENETUNREACH") return "silent";
  return thrown instanceof Error && /timeout/i.test(thrown.message) ? "silent" : "broken";
}
