import { LIMITS } from "../limits.ts";
import type { StudentId } from "../protocol/ids.ts";
import type { ConsoleLiveMessage, WallStudent } from "../protocol/live-messages.ts";

export type WallMessage = Extract<ConsoleLiveMessage, { type: "wall" }>;

export interface WallPorts {
  readonly nowMs: () => number;
  readonly startTimer: (run: () => void, afterMs: number) => void;
  /** A student as they are now; `undefined`: they are gone. */
  readonly studentOf: (studentId: StudentId) => WallStudent | undefined;
  readonly tell: (message: WallMessage) => void;
}

/**
 * What the instructor's consoles are told, and when: whatever happens within `LIMITS.wallPaceMs` is one message, and a
 * student who is as before is not in it. The first thing after a pause is told at once.
 */
export class Wall {
  readonly #ports: WallPorts;
  readonly #changed = new Set<StudentId>();
  /** As they were last told of. */
  readonly #told = new Map<StudentId, string>();
  #nextAtMs = Number.NEGATIVE_INFINITY;
  #isDue = false;

  constructor(ports: WallPorts) {
    this.#ports = ports;
  }

  change(studentId: StudentId): void {
    this.#changed.add(studentId);
    if (this.#isDue) return;
    this.#isDue = true;
    this.#ports.startTimer(() => this.#tell(), Math.max(0, this.#nextAtMs - this.#ports.nowMs()));
  }

  /** Nobody looks any more: whoever comes next is told all. */
  clear(): void {
    this.#changed.clear();
    this.#told.clear();
  }

  #tell(): void {
    this.#isDue = false;
    const students: WallStudent[] = [];
    const gone: StudentId[] = [];
    for (const studentId of this.#changed) {
      const student = this.#ports.studentOf(studentId);
      if (!student) {
        this.#told.delete(studentId);
        gone.push(studentId);
        continue;
      }
      const text = JSON.stringify(student);
      if (this.#told.get(studentId) === text) continue;
      this.#told.set(studentId, text);
      students.push(student);
    }
    this.#changed.clear();
    if (students.length === 0 && gone.length === 0) return;
    const nowMs = this.#ports.nowMs();
    this.#nextAtMs = nowMs + LIMITS.wallPaceMs;
    this.#ports.tell({ type: "wall", nowMs, students, gone });
  }
}
