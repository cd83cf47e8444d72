import { parseJoinCode, parseWorkshopId } from "../../protocol/ids.ts";
import { openDatabase } from "../../store/database.ts";
import { migrateServer } from "../../store/migrations.ts";
import { answersQuery } from "../../store/probe.ts";
import { reachServer } from "../../store/reach.ts";
import { sentinelsIn } from "../../store/sentinels.ts";
import { ensureDefaultWorkshop } from "../../store/workshops.ts";
import type { SetupDatabase } from "./ports.ts";

/** A database at Neon wakes from its sleep in some seconds. */
const PATIENCE_MS = 15_000;

/** Real databases. */
export const setupDatabase: SetupDatabase = {
  reach: (url) => reachServer(url, PATIENCE_MS),
  answersOverHttp: (address) => answersQuery(openDatabase(address, PATIENCE_MS)),
  migrate: migrateServer,
  sentinels: (address) => sentinelsIn(openDatabase(address, PATIENCE_MS)),
  ensureWorkshop: async (address, text) => {
    const [id, joinCode] = [parseWorkshopId("default"), parseJoinCode(text)];
    if (id === undefined || joinCode === undefined) throw new RangeError("not a join code");
    await ensureDefaultWorkshop(openDatabase(address, PATIENCE_MS), { id, name: "Workshop", joinCode });
  },
};
