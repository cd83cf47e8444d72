import { errorName, log } from "../log.ts";
import type { ShownKeyStatus } from "../protocol/rest.ts";
import type { Student } from "../store/students.ts";
import type { Workshop } from "../store/workshops.ts";
import type { ApiContext, WallFacts } from "./deps.ts";

/*
 * What a change of a student's tells the live side of their workshop. No reply waits for it, and none fails with it: open
 * pages and the wall are told as well as can be.
 */

type Whose = Pick<Student, "sessionToken"> & { readonly workshop: Pick<Workshop, "id"> | null };

/** Their other pages ask again. */
export function meChanged(c: ApiContext, { sessionToken, workshop }: Whose): void {
  later(c, () => c.env.workshops.meChanged(workshop?.id ?? null, sessionToken, "student"));
}

/** The wall shows them as they are now. */
export function studentChanged(
  c: ApiContext,
  { sessionToken, workshop, studentId, name }: Whose & Pick<WallFacts, "studentId" | "name">,
  keyStatus: ShownKeyStatus | null,
): void {
  later(c, () => c.env.workshops.studentChanged(workshop?.id ?? null, { sessionToken, studentId, name, keyStatus }));
}

/** Their calls end, the wall forgets them, and their pages are told. */
export function studentGone(c: ApiContext, { sessionToken, workshop }: Whose): void {
  later(c, () => c.env.workshops.studentGone(workshop?.id ?? null, sessionToken));
}

function later(c: ApiContext, tell: () => Promise<void>): void {
  const told = tell().catch((thrown: unknown) =>
    log({ event: "uncaught", where: "request", callId: null, name: errorName(thrown) }),
  );
  c.env.waitUntil(told);
}
