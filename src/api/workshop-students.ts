import { Failure } from "../failure.ts";
import type { ShownKeyStatus } from "../protocol/rest.ts";
import type { CountReply, StudentSummary, StudentsReply } from "../protocol/rest-workshop.ts";
import { forgetKey } from "../store/sealed-keys.ts";
import { eraseStudent } from "../store/students.ts";
import { type ClassStudent, forgetKeysOfWorkshop, summarizeStudents } from "../store/students-of-workshop.ts";
import type { MasterKeys } from "../vault/master-keys.ts";
import { sealedWith } from "../vault/seal.ts";
import { endpoint } from "./endpoint.ts";
import { isoTime, isoTimeOrNull, succeeded } from "./replies.ts";
import { doneReply } from "./reply-schemas.ts";
import { countReply, studentsReply } from "./reply-schemas-workshop.ts";
import { soon, studentOf, workshopIdOf } from "./workshop-of.ts";

export const listStudents = endpoint("instructor", {
  summary: "The students of a workshop, with what their calls have used, by whose key paid.",
  reply: studentsReply,
  fails: ["not_found"],
  handle: async (c) => {
    const [keys, students] = await Promise.all([
      c.env.masterKeys(),
      summarizeStudents(c.env.database, workshopIdOf(c)),
    ]);
    if (!students) throw new Failure("not_found");
    return succeeded<StudentsReply>(c, {
      success: true,
      students: students.map((student) => summaryOf(student, keys)),
    });
  },
});

/** As `DELETE /api/me`: live calls end before and after, so that none lives on without its student. */
export const removeStudent = endpoint("instructor", {
  summary: "Erases a student: row, key, history, live calls.",
  reply: doneReply,
  fails: ["not_found"],
  handle: async (c) => {
    const { workshopId, sessionToken } = await studentOf(c);
    await c.env.calls.tell(workshopId, sessionToken, "revoked");
    await eraseStudent(c.env.database, sessionToken);
    soon(c, c.env.workshops.studentGone(workshopId, sessionToken));
    return succeeded(c, { success: true });
  },
});

export const forgetStudentsKey = endpoint("instructor", {
  summary: "Forgets a student's OpenAI key. Their live calls stop using it.",
  reply: doneReply,
  fails: ["not_found"],
  handle: async (c) => {
    const { workshopId, ...student } = await studentOf(c);
    await forgetKey(c.env.database, student.sessionToken);
    await c.env.calls.tell(workshopId, student.sessionToken, "key-changed");
    soon(c, c.env.workshops.studentChanged(workshopId, { ...student, keyStatus: null }));
    soon(c, c.env.workshops.meChanged(workshopId, student.sessionToken, "instructor"));
    return succeeded(c, { success: true });
  },
});

/** Every live call is told, also when there was nothing to forget: so a try that failed between the two is made good. */
export const forgetAllKeys = endpoint("instructor", {
  summary: "Forgets the OpenAI keys of all students of a workshop, and nothing else. Live calls stop using them.",
  reply: countReply,
  fails: ["not_found"],
  handle: async (c) => {
    const workshopId = workshopIdOf(c);
    const forgotten = await forgetKeysOfWorkshop(c.env.database, workshopId);
    if (!forgotten) throw new Failure("not_found");
    await c.env.workshops.keysForgotten(
      workshopId,
      forgotten.map((student) => ({ ...student, keyStatus: null })),
    );
    return succeeded<CountReply>(c, { success: true, count: forgotten.length });
  },
});

function summaryOf(student: ClassStudent, keys: MasterKeys): StudentSummary {
  const { lastCall } = student;
  return {
    studentId: student.studentId,
    name: student.name,
    joinedAt: isoTimeOrNull(student.joinedAtMs),
    keyStatus: keyStatusOf(student, keys),
    keyHint: student.sealedKey === null ? null : student.keyHint,
    spend: student.spend,
    turnCount: student.turnCount,
    lastCall: lastCall && {
      wayIn: lastCall.wayIn,
      startedAt: isoTime(lastCall.startedAtMs),
      endReason: lastCall.endReason,
      keySource: lastCall.keySource,
    },
  };
}

/**
 * Told from the seal's outside: no key of a class is opened for a list. So a lost master key is seen, and a single value
 * that somebody damaged is not; its student is shown that one.
 */
function keyStatusOf({ sealedKey, keyStatus }: ClassStudent, keys: MasterKeys): ShownKeyStatus | null {
  if (sealedKey === null) return null;
  const seal = sealedWith(sealedKey);
  const isReadable = seal.format === "legacy" || (seal.format === "v2" && keys.all.some(({ kid }) => kid === seal.kid));
  return isReadable ? (keyStatus ?? "unverified") : "unreadable";
}
