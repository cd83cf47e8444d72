import { Failure } from "../failure.ts";
import { parseJoinCode, parseWorkshopId, workshopIdFrom } from "../protocol/ids.ts";
import { ensureDefaultWorkshop, type Workshop } from "../store/workshops.ts";
import { isOpen } from "../workshop/dates.ts";
import type { ApiContext } from "./deps.ts";

/** The workshop of those who came without a join code. */
export const DEFAULT_WORKSHOP_ID = parseWorkshopId("default");

/**
 * The workshop that open enrolment leads into, made when there is none; its join code is random, for nobody has chosen one.
 *
 * @throws Failure `workshop_closed` when the instructor has closed it.
 */
export async function defaultWorkshop(c: ApiContext): Promise<Workshop> {
  const { database, now, randomBytes } = c.env;
  const joinCode = parseJoinCode(workshopIdFrom(randomBytes(10)).slice(0, 8));
  if (!DEFAULT_WORKSHOP_ID || !joinCode) throw new Failure("internal");
  const workshop = await ensureDefaultWorkshop(database, { id: DEFAULT_WORKSHOP_ID, name: "Workshop", joinCode });
  if (!isOpen(workshop, now())) throw new Failure("workshop_closed");
  return workshop;
}
