import { Call } from "../../src/call/call.ts";
import { CallRunner } from "../../src/call/call-runner.ts";
import { ToolRunner } from "../../src/call/tool-runner.ts";
import { reasonOf } from "../../src/failure.ts";
import { openAiClient } from "../../src/model/openai-client.ts";
import { responsesLeg } from "../../src/model/responses.ts";
import type { TurnRecord } from "../../src/protocol/call-record.ts";
import { ApiKey } from "../../src/vault/api-key.ts";
import { Until } from "../standins/until.ts";
import { Table } from "./table.ts";

/** A call with its real text leg and its real tools, against any OpenAI that speaks HTTP. */
export class LiveConversation {
  readonly turns = new Map<number, TurnRecord>();
  readonly said: string[] = [""];
  readonly refused: string[] = [];
  readonly #until = new Until();
  readonly #runner: CallRunner;

  constructor(baseUrl: string, key: string, model = "gpt-6-luna") {
    const apiKey = ApiKey.parse(key);
    if (!apiKey) throw new Error("not a key");
    const { facts } = new Table({ config: { ...new Table().facts.config, greeting: null } });
    const startTimer = (run: () => void, afterMs: number) => {
      const timer = setTimeout(run, afterMs);
      return () => clearTimeout(timer);
    };
    const leg = responsesLeg({
      client: openAiClient(apiKey, baseUrl, fetch),
      model,
      cacheKey: facts.callId,
      startTimer,
      nowMs: Date.now,
    });
    const startedAtMs = Date.now();
    this.#runner = new CallRunner(new Call({ ...facts, startedAtMs }, new Table().progress, []), {
      nowMs: Date.now,
      startTimer,
      keepTurn: (turn) => this.turns.set(turn.seq, turn),
      keepCharge: () => {},
      keepProgress: () => {},
      sendToCaller: (command) => {
        if (command.type !== "speech") return;
        this.said[this.said.length - 1] += command.text;
        if (command.last) this.said.push("");
        this.#until.changed();
      },
      closeLeg: () => {},
      modelLeg: async () => leg,
      tools: new ToolRunner(facts.callId, {
        nowMs: Date.now,
        randomBelow: () => 3,
        wait: async () => {},
        webhook: async () => undefined,
      }),
      archive: () => {},
      keyRefused: (reason) => this.refused.push(reason),
      setAlarm: () => {},
      log: () => {},
      reasonOf,
    });
    const start = { phoneCallId: undefined, greetedByCarrier: false, fromCarrier: false } as const;
    this.#runner.dispatch({ type: "caller", event: { type: "leg-start", ...start } });
    this.#runner.dispatch({ type: "admitted" });
  }

  /** Says something and waits for the whole answer. */
  async ask(text: string): Promise<string> {
    const turn = this.said.length;
    this.#runner.dispatch({ type: "caller", event: { type: "utterance", text } });
    return this.#until.until(
      () => (this.said.length > turn ? this.said[turn - 1] : undefined),
      `an answer to "${text}"`,
      () => undefined,
      10_000,
    );
  }

  /** Says something, and speaks over the answer once some of it has come. */
  async askAndInterrupt(text: string, heardText: string): Promise<void> {
    this.#runner.dispatch({ type: "caller", event: { type: "utterance", text } });
    await this.#until.until(
      () => (this.said.at(-1) === "" ? undefined : true),
      "the first words",
      () => undefined,
      10_000,
    );
    this.#runner.dispatch({ type: "caller", event: { type: "barge-in", heardText, heardMs: undefined } });
    this.said.push("");
  }
}
