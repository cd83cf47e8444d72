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

/** One attempt to call. */
export class Start {
  readonly client: RelayClient | undefined;
  /** Over when the call is, for whatever reason. */
  readonly chat: Promise<void>;

  /** `client` undefined: nobody was there. */
  constructor(client: RelayClient | undefined, number: number) {
    this.client = client;
    this.chat = client ? chat(client, number) : Promise.resolve();
  }

  /** Why they are not in a call, or not any more. */
  get errors(): string[] {
    return this.client?.errors.map(({ code }) => code) ?? [];
  }

  get said(): string[] {
    return this.client?.turns.map(({ text }) => text) ?? [];
  }

  /** Somebody has said something to them: the agent, or why there is none. */
  get isAnswered(): boolean {
    return this.said.length > 0 || this.errors.length > 0;
  }

  get isIn(): boolean {
    return this.client !== undefined && !this.client.isClosed && this.errors.length === 0;
  }
}

/** Everybody at the same moment, so many times each. */
export const stampede = (room: Room, tokens: readonly string[], times: number): Promise<Start[]> =>
  Promise.all(
    tokens.flatMap((token, student) =>
      Array.from({ length: times }, async (_, at) => {
        const client = await room.call(token).catch(() => undefined);
        return new Start(client, times * student + at);
      }),
    ),
  );

/** Sums are short, stories long: something is always in the middle. Nobody speaks over an answer. */
async function chat(client: RelayClient, number: number): Promise<void> {
  await client.nextTurn().catch(() => undefined);
  for (let round = 1; !client.isClosed; round += 1) {
    client.say((round + number) % 3 === 0 ? "Tell me a story." : `What is ${10_000 * round} plus ${number}?`);
    await client.nextTurn().catch(() => undefined);
  }
}
