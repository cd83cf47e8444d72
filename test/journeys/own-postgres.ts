import { openPglite, servePsql } from "../standins/postgres.ts";
import { type ProxyMode, startTcpProxy } from "../standins/tcp-proxy.ts";

export interface OwnPostgres {
  /** For `DATABASE_URL`. */
  readonly url: string;
  /** Takes the database away, or gives it back; its rows stay. */
  become(mode: ProxyMode): Promise<void>;
  close(): Promise<void>;
}

/** A Postgres outside of the room, so that it can be taken away from under it. */
export async function startPostgres(): Promise<OwnPostgres> {
  const pglite = await openPglite();
  const psql = await servePsql(pglite, { port: 0 });
  const proxy = await startTcpProxy(psql);
  return {
    url: `postgres://postgres:postgres@127.0.0.1:${proxy.port}/postgres`,
    become: (mode) => proxy.become(mode),
    close: async () => {
      await proxy.close();
      await psql.close();
      await pglite.close();
    },
  };
}
