import type { RelayClient } from "../standins/twilio.ts";
import { eventually, type Room } from "./room.ts";

/** Somebody who is in a call all the time, asks and is answered, whatever else happens on the server. */
export class Witness {
  readonly #client: RelayClient;
  readonly #talk: Promise<void>;

  private constructor(client: RelayClient) {
    this.#client = client;
    this.#talk = this.#chat();
  }

  static async in(room: Room): Promise<Witness> {
    await room.save("ws_witness", { openaiApiKey: "sk-proj-witness-0123456789" });
    return new Witness(await room.call("ws_witness"));
  }

  /** Resolves when two more turns have come. */
  async isStillAnswered(): Promise<void> {
    const before = this.#client.turns.length;
    await eventually(() => this.#client.turns.length >= before + 2, "the other call to go on");
  }

  async leave(): Promise<void> {
    await this.#client.hangUp();
    await this.#talk;
  }

  async #chat(): Promise<void> {
    for (let round = 1; !this.#client.isClosed; round += 1) {
      this.#client.say(`What is ${round} plus 1?`);
      await this.#client.nextTurn().catch(() => undefined);
    }
  }
}
