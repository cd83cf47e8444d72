import type { Settings } from "../env.ts";
import type { KeyMessage } from "../log.ts";
import type { KeySource } from "../protocol/call-record.ts";
import type { Student } from "../store/students.ts";

/**
 * Whose key a call of this student runs on: the student's if there is one, readable or not (an unreadable key must be
 * entered again, not paid for by somebody else), else the instructor's if it is set and allowed, else nobody's.
 */
export function payerOf(
  student: Pick<Student, "sealedKey" | "workshop">,
  settings: Pick<Settings, "instructorApiKey">,
): KeySource | undefined {
  if (student.sealedKey !== null) return "student";
  const isAllowed = student.workshop?.fallbackAllowed ?? true;
  return settings.instructorApiKey && isAllowed ? "instructor" : undefined;
}

export const messageOf = (payer: KeySource | undefined): KeyMessage => {
  switch (payer) {
    case "student":
      return "Using student's OpenAI API key";
    case "instructor":
      return "Using instructor's OpenAI API key (fallback)";
    case undefined:
      return "No OpenAI API key available";
  }
};
