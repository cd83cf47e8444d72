import { Failure } from "../failure.ts";
import { parseJoinCode, parseWorkshopId, workshopIdFrom } from "../protocol/ids.ts";
import { ensureDefaultWorkshop, type Workshop } from "../store/workshops.ts";
import { stateOf } from "../workshop/dates.ts";
import type { ApiContext } from "./deps.ts";

/** The workshop of those who came without a join code. */
export const DEFAULT_WORKSHOP_ID = parseWorkshopId("default");

/**
 * The workshop that open enrolment leads into, made when there is none; its join code is random, for nobody has chosen one.
 *
 * @throws Failure `workshop_not_open` or `workshop_closed` by the dates the instructor has given it.
 */
export async function defaultWorkshop(c: ApiContext): Promise<Workshop> {
  const { database, now, randomBytes } = c.env;
  const joinCode = parseJoinCode(workshopIdFrom(randomBytes(10)).slice(0, 8));
  if (!DEFAULT_WORKSHOP_ID || !joinCode) throw new Failure("internal");
  const workshop = await ensureDefaultWorkshop(database, { id: DEFAULT_WORKSHOP_ID, name: "Workshop", joinCode });
  const state = stateOf(workshop, now());
  if (state !== "open") throw new Failure(state === "ended" ? "workshop_closed" : "workshop_not_open");
  return workshop;
}
