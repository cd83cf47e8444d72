import { setTimeout as sleep } from "node:timers/promises";
import type { RelayClient } from "../standins/twilio.ts";
import type { Room } from "./room.ts";

/** Students who all call at once, several times each, and ask for as long as they are answered. */

/** Joins so many; returns their session tokens. */
export function joinAll(room: Room, students: number): Promise<string[]> {
  const { joinCode } = room.endpoints;
  return Promise.all(
    Array.from({ length: students }, async (_, at) => {
      const reply = await room.post("/api/join", { joinCode, name: `Student ${at}` });
      return String(Object(await reply.json()).sessionToken);
    }),
  );
}

/** How often somebody tries again whom a busy database has kept out. */
const TRIES = 4;
const TRY_AGAIN_MS = 1_500;
const PATIENCE_MS = 60_000;

/** Somebody who wants to call, and talks when they are let in. */
export class Start {
  client: RelayClient | undefined;
  /** Over when the call is, for whatever reason. */
  readonly chat: Promise<void>;
  readonly #room: Room;
  #isSettled = false;

  constructor(room: Room, token: string, number: number) {
    this.#room = room;
    this.chat = this.#call(token, number);
  }

  /** Why they are not in a call, or not any more. */
  get errors(): string[] {
    return this.client?.errors.map(({ code }) => code) ?? [];
  }

  get said(): string[] {
    return this.client?.turns.map(({ text }) => text) ?? [];
  }

  /** Somebody has said something to them, and they do not try again: the agent, or why there is none. */
  get isAnswered(): boolean {
    return this.#isSettled && (this.said.length > 0 || this.errors.length > 0);
  }

  get isIn(): boolean {
    return this.client !== undefined && !this.client.isClosed && this.errors.length === 0;
  }

  async #call(token: string, number: number): Promise<void> {
    for (let tries = 1; !this.#isSettled; tries += 1) {
      this.client = await this.#room.call(token).catch(() => undefined);
      // The server is gone: nobody has been called.
      if (!this.client) return;
      await this.client.nextTurn(PATIENCE_MS).catch(() => undefined);
      this.#isSettled = tries === TRIES || !this.errors.includes("database_unavailable");
      if (!this.#isSettled) await sleep(TRY_AGAIN_MS);
    }
    if (this.client) await chat(this.client, number);
  }
}

/** Everybody at the same moment, so many times each. */
export const stampede = (room: Room, tokens: readonly string[], times: number): Start[] =>
  tokens.flatMap((token, student) =>
    Array.from({ length: times }, (_, at) => new Start(room, token, times * student + at)),
  );

/** Sums are short, stories long: something is always in the middle. Nobody speaks over an answer, however long it takes. */
async function chat(client: RelayClient, number: number): Promise<void> {
  for (let round = 1; !client.isClosed; round += 1) {
    await sleep(100 * ((7 * number + 3 * round) % 10));
    client.say((round + number) % 3 === 0 ? "Tell me a story." : `What is ${10_000 * round} plus ${number}?`);
    await client.nextTurn(PATIENCE_MS).catch(() => undefined);
  }
}
