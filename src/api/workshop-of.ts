import { Failure } from "../failure.ts";
import { parseStudentId, parseWorkshopId, type WorkshopId } from "../protocol/ids.ts";
import { findStudentOfWorkshop, type StudentOfWorkshop } from "../store/students-of-workshop.ts";
import { findWorkshop, type ListedWorkshop } from "../store/workshops.ts";
import type { ApiContext } from "./deps.ts";
import { noteThrown } from "./replies.ts";

/** The id in the path. @throws Failure `not_found` for what can be no id. */
export function workshopIdOf(c: ApiContext): WorkshopId {
  const workshopId = parseWorkshopId(c.req.param("workshopId"));
  if (!workshopId) throw new Failure("not_found");
  return workshopId;
}

/** The workshop in the path. @throws Failure `not_found`. */
export async function workshopOf(c: ApiContext): Promise<ListedWorkshop> {
  const workshop = await findWorkshop(c.env.database, workshopIdOf(c));
  if (!workshop) throw new Failure("not_found");
  return workshop;
}

/** The student in the path, who is one of the workshop in the path. @throws Failure `not_found`. */
export async function studentOf(c: ApiContext): Promise<StudentOfWorkshop & { readonly workshopId: WorkshopId }> {
  const workshopId = workshopIdOf(c);
  const studentId = parseStudentId(c.req.param("studentId"));
  const student = studentId && (await findStudentOfWorkshop(c.env.database, workshopId, studentId));
  if (!student) throw new Failure("not_found");
  return { ...student, workshopId };
}

/** Work that the reply does not wait for and that may fail: walls and pages are told as well as can be. */
export const soon = (c: ApiContext, work: Promise<unknown>): void => c.env.waitUntil(work.catch(noteThrown));
