import { inArray } from "drizzle-orm";
import { parseSessionToken, parseStudentId, type SessionToken, type StudentId } from "../protocol/ids.ts";
import { ask, type Database } from "./database.ts";
import { students } from "./schema.ts";

/**
 * Which of some session tokens are students', and what the instructor knows each by. One query; none for no tokens.
 *
 * @throws Failure `database_unavailable`.
 */
export async function studentIdsOf(
  db: Database,
  tokens: readonly SessionToken[],
): Promise<ReadonlyMap<SessionToken, StudentId>> {
  if (tokens.length === 0) return new Map();
  const { sessionToken, studentId } = students;
  const rows = await ask(
    db
      .select({ sessionToken, studentId })
      .from(students)
      .where(inArray(sessionToken, [...new Set(tokens)])),
  );
  return new Map(
    rows.flatMap((row): [SessionToken, StudentId][] => {
      const [token, id] = [parseSessionToken(row.sessionToken), parseStudentId(row.studentId)];
      return token && id ? [[token, id]] : [];
    }),
  );
}
