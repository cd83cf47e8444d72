import type { ConsoleLiveMessage, WallStudent, WorkshopFacts, WorkshopMoney } from "../../protocol/live-messages.ts";

/** What the messages of `/live` have told so far. */
export interface WallView {
  readonly students: ReadonlyMap<string, WallStudent>;
  readonly facts: WorkshopFacts;
  /** What is lent of the instructor's key; `null` before anybody has told. */
  readonly money: WorkshopMoney | null;
  /** The server's clock when it last spoke of students; `null` before it has. */
  readonly nowMs: number | null;
}

export interface WallChange {
  readonly view: WallView;
  /** Students that are new or another than before. */
  readonly changed: readonly string[];
  readonly gone: readonly string[];
}

export const EMPTY_WALL: WallView = {
  students: new Map(),
  facts: { announcement: null, paused: false },
  money: null,
  nowMs: null,
};

const NOBODY: readonly string[] = [];

/** One message further. After a lost line `wall-start` tells all anew: students it does not name are gone. */
export function foldWall(view: WallView, message: ConsoleLiveMessage): WallChange {
  switch (message.type) {
    case "workshop":
      return { view: { ...view, facts: factsOf(message) }, changed: NOBODY, gone: NOBODY };
    case "money":
      return { view: { ...view, money: message.money }, changed: NOBODY, gone: NOBODY };
    case "wall-start": {
      const students = new Map(message.students.map((student) => [student.studentId, student]));
      const gone = [...view.students.keys()].filter((id) => !students.has(id));
      return {
        view: { students, facts: factsOf(message), money: message.money, nowMs: message.nowMs },
        changed: [...students.keys()],
        gone,
      };
    }
    case "wall": {
      const students = new Map(view.students);
      for (const student of message.students) students.set(student.studentId, student);
      const gone = message.gone.filter((id) => students.delete(id));
      const changed = message.students.map(({ studentId }) => studentId).filter((id) => students.has(id));
      return { view: { ...view, students, nowMs: message.nowMs }, changed, gone };
    }
  }
}

const factsOf = ({ announcement, paused }: WorkshopFacts): WorkshopFacts => ({ announcement, paused });
