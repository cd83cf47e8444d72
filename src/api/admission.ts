import type { ApiKey } from "../vault/api-key.ts";
import type { Student } from "../store/students.ts";
import type { Workshop } from "../store/workshops.ts";

/** Whether a class may be joined and called. Its dates are the instructor's; one that is not set does not bound. */
export function isOpen(workshop: Workshop, nowMs: number): boolean {
  const { opensAtMs, closesAtMs } = workshop;
  return (opensAtMs === null || opensAtMs <= nowMs) && (closesAtMs === null || nowMs < closesAtMs);
}

/** The instructor's key for a student who has none that works: there must be one, and the workshop must allow it. */
export function fallbackFor(student: Student, instructorApiKey: ApiKey | undefined): ApiKey | undefined {
  return (student.workshop?.fallbackAllowed ?? true) ? instructorApiKey : undefined;
}
