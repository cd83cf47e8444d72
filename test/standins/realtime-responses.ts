import type { Answer } from "./openai-prompt.ts";
import { type Json, optionalString, refuse } from "./openai-validate.ts";
import type { SessionContext } from "./realtime-context.ts";
import { alreadyActive, notActive } from "./realtime-errors.ts";
import { RunningResponse } from "./realtime-response.ts";
import { answerTo, plainRequest, type ResponseRequest, readResponseRequest } from "./realtime-response-request.ts";
import { InputMeter, segmentsOf } from "./realtime-usage.ts";

const STILL_THERE: Answer = { text: "Are you still there?", toolCalls: [] };

/** The responses of a session: one at a time in the conversation, any number beside it. */
export class Responses {
  readonly #context: SessionContext;
  readonly #meter = new InputMeter();
  readonly #beside = new Set<RunningResponse>();
  readonly #onIdle: (idleMs: number) => void;
  #active: RunningResponse | undefined;
  #stopIdle: () => void = () => {};

  /** @param onIdle the caller has said nothing for so long after the last answer was played. */
  constructor(context: SessionContext, onIdle: (idleMs: number) => void) {
    this.#context = context;
    this.#onIdle = onIdle;
  }

  get isActive(): boolean {
    return this.#active !== undefined;
  }

  /** `response.create`. */
  create(params: unknown): void {
    const { config, facts, conversation, makeId } = this.#context;
    this.#start(readResponseRequest(params, { config: config(), facts: facts(), conversation }, makeId));
  }

  /** After a turn of the caller's. */
  createByServer(): void {
    this.#start(plainRequest(this.#context.config(), this.#context.conversation));
  }

  /** After a long silence. */
  askWhetherThere(): void {
    this.#start(plainRequest(this.#context.config(), this.#context.conversation), STILL_THERE);
  }

  /** `response.cancel`. */
  cancel(event: Json): void {
    const id = optionalString(event.response_id, "response_id");
    const running = id === undefined ? this.#active : [...this.#beside, this.#active].find((one) => one?.id === id);
    if (running === undefined) refuse(notActive());
    running.cancel("client_cancelled");
  }

  /** The caller talks over the agent. */
  interrupt(): void {
    this.#active?.cancel("turn_detected");
  }

  /** The caller is there after all. */
  stopIdle(): void {
    this.#stopIdle();
  }

  /** The session is over. */
  stop(): void {
    for (const running of [...this.#beside, this.#active]) running?.abandon();
  }

  #start(request: ResponseRequest, scripted?: Answer): void {
    const { takeFault } = this.#context;
    if (!request.isOutOfBand && this.#active !== undefined) refuse(alreadyActive(this.#active.id));
    this.#stopIdle();
    const segments = segmentsOf(request.config.instructions, request.config.tools, request.items);
    const input = (request.isOutOfBand ? new InputMeter() : this.#meter).count(segments);
    const answer = takeFault("answer") ?? scripted ?? answerTo(request);
    const running: RunningResponse = new RunningResponse(this.#context, request, answer, input, (audioMs) => {
      this.#beside.delete(running);
      if (request.isOutOfBand) return;
      this.#active = undefined;
      this.#awaitCaller(audioMs);
    });
    if (request.isOutOfBand) this.#beside.add(running);
    else this.#active = running;
    running.run().catch((thrown: unknown) => this.#context.onBug(thrown));
  }

  /** The API's clock starts when the answer has been played, which it takes to begin with `response.done`. */
  #awaitCaller(audioMs: number): void {
    const detection = this.#context.config().audio.input.turn_detection;
    if (detection?.type !== "server_vad" || detection.idle_timeout_ms === null) return;
    const idleMs = detection.idle_timeout_ms;
    this.#stopIdle = this.#context.timers.start(() => this.#onIdle(idleMs), audioMs + idleMs);
  }
}
