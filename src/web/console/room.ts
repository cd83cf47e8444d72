import { effect, type Signal, signal } from "@preact/signals";
import { parseConsoleLiveMessage } from "../../protocol/read-live-message.ts";
import type { StudentSummary } from "../../protocol/rest-workshop.ts";
import { platformWorld } from "../call-socket-world.ts";
import { type LiveConnection, LiveLine, liveUrl } from "../live-line.ts";
import { readStudents } from "./read-replies.ts";
import { askInstructor, hasFallback, keepLending, refreshWorkshops, routeOf, workshop } from "./session.ts";
import { WallStore } from "./wall-store.ts";

/** How often ages, quiet students and the order are looked at; more often than the order is made anew. */
const TICK_MS = 1_000;
/** Students who join come in crowds: they are asked for together. */
const LEARN_MS = 1_000;
/** What changes of a workshop may change several times in a row. */
const REFRESH_MS = 250;

/** One workshop as it is watched: its wall, the line that feeds it, and what REST adds. */
export interface Room {
  readonly workshopId: string;
  readonly wall: WallStore;
  readonly connection: Signal<LiveConnection>;
  /** As Postgres has them; `null`: not asked for yet, or not answered. */
  readonly summaries: Signal<ReadonlyMap<string, StudentSummary> | null>;
  /** Asks Postgres again. */
  learn(): Promise<void>;
  leave(): void;
}

/** The room that is being watched. */
export const room = signal<Room | null>(null);

export function enterRoom(workshopId: string): Room {
  const summaries = signal<ReadonlyMap<string, StudentSummary> | null>(null);
  const connection = signal<LiveConnection>("connecting");
  let learning: ReturnType<typeof setTimeout> | undefined;

  const learn = async (): Promise<void> => {
    const answer = await askInstructor("GET", routeOf(workshopId, "/students"), readStudents);
    if (!answer.ok) return;
    summaries.value = new Map(answer.value.map((student) => [student.studentId, student]));
    wall.learn({ joinedAtMs: joinedAtMsOf(answer.value) });
  };
  const learnSoon = (): void => {
    learning ??= setTimeout(() => {
      learning = undefined;
      void learn();
    }, LEARN_MS);
  };
  let refreshing: ReturnType<typeof setTimeout> | undefined;
  const refreshSoon = (): void => {
    refreshing ??= setTimeout(() => {
      refreshing = undefined;
      void refreshWorkshops();
    }, REFRESH_MS);
  };
  const wall = new WallStore({
    nowMs: () => Date.now(),
    onUnknownStudents: learnSoon,
    startTimer: (run, afterMs) => platformWorld.startTimer(run, afterMs),
  });
  const line = new LiveLine(liveUrl(location.href, workshopId), {
    parse: parseConsoleLiveMessage,
    onMessage: (message) => {
      wall.apply(message);
      // Also when the workshop was closed, opened, or a step of its end was done.
      if (message.type === "workshop") refreshSoon();
      if ("money" in message) keepLending(workshopId, message.money.limits);
    },
    onConnection: (now) => {
      connection.value = now;
      if (now === "lost" || now === "closed") wall.lose();
      if (now === "closed") void refreshWorkshops();
    },
    // Perhaps the sign-in has ended: a socket that is refused does not say why.
    onFailedTry: () => void refreshWorkshops(),
  });

  const ticking = setInterval(() => wall.tick(), TICK_MS);
  const stopLearning = effect(() => {
    const limits = workshop.value?.lending;
    wall.learn({ hasFallback: hasFallback.value, ...(limits && { limits }) });
  });
  const wake = (): void => {
    if (!document.hidden) line.retryNow();
  };
  addEventListener("online", wake);
  document.addEventListener("visibilitychange", wake);
  void learn();

  return {
    workshopId,
    wall,
    connection,
    summaries,
    learn,
    leave() {
      line.close();
      wall.close();
      clearInterval(ticking);
      clearTimeout(learning);
      clearTimeout(refreshing);
      stopLearning();
      removeEventListener("online", wake);
      document.removeEventListener("visibilitychange", wake);
    },
  };
}

const joinedAtMsOf = (students: readonly StudentSummary[]): ReadonlyMap<string, number> =>
  new Map(
    students.flatMap(({ studentId, joinedAt }) => {
      const joinedAtMs = Date.parse(joinedAt ?? "");
      return Number.isNaN(joinedAtMs) ? [] : [[studentId, joinedAtMs] as const];
    }),
  );
