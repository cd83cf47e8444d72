import type { CallerCommand } from "../caller/caller-leg.ts";
import { Failure, type Reason } from "../failure.ts";
import { errorName, type LogEvent } from "../log.ts";
import type { ModelLeg, ModelRequest } from "../model/model-leg.ts";
import type { StartTimer } from "../model/responses.ts";
import type { TurnRecord } from "../protocol/call-record.ts";
import type { Charge } from "../protocol/charge.ts";
import type { Call } from "./call.ts";
import type { CallCommand, CallEvent, CallProgress, TimerName } from "./call-events.ts";
import type { ToolRunner } from "./tool-runner.ts";
import { VoiceLine, type VoicePorts } from "./voice-line.ts";

/** What a call reaches the world by. */
export interface CallPorts {
  readonly nowMs: () => number;
  readonly startTimer: StartTimer;
  readonly keepTurn: (turn: TurnRecord) => void;
  readonly keepCharge: (charge: Charge) => void;
  readonly keepProgress: (progress: CallProgress) => void;
  readonly sendToCaller: (command: CallerCommand) => void;
  readonly closeLeg: (closeCode: number) => void;
  /** Unseals the key on the way, after every sleep anew; rejects with a Failure. */
  readonly modelLeg: () => Promise<ModelLeg>;
  /** Whether there is money for one more answer; a reason: there is none. Absent: nobody asks. */
  readonly cover?: (request: ModelRequest) => Promise<Reason | undefined>;
  /** Whether somebody limits what this call may spend. Absent: nobody does. */
  readonly isLimited?: () => boolean;
  /** Of a call with sound: what it hears and speaks by. */
  readonly voice?: Omit<VoicePorts, "nowMs" | "startTimer">;
  readonly tools: ToolRunner;
  readonly archive: () => void;
  readonly keyRefused: (reason: Reason) => void;
  readonly setAlarm: (atMs: number) => void;
  /** Something has happened, for whoever follows the call. Comes after each event, so it must cost next to nothing. */
  readonly changed?: () => void;
  readonly log: (event: LogEvent) => void;
  /** The reason of something a port rejected with. */
  readonly reasonOf: (thrown: unknown) => Reason;
}

/**
 * Does what a call says, and brings back what comes of it. What is to be kept is kept before anything is sent to the
 * caller, a webhook or the archive. One thing goes ahead of it: the request to OpenAI, because storage holds back all
 * that leaves after a write until the write is confirmed, and every turn would wait for that. It loses nothing: no
 * answer can reach the caller before the write, and a process that dies in between has acknowledged nothing. Where somebody
 * limits what is spent it waits for its row of the ledger, so that no crash makes anybody forget what was asked for.
 */
export class CallRunner {
  readonly #call: Call;
  readonly #ports: CallPorts;
  /** Of a call with sound. */
  readonly line: VoiceLine | undefined;
  readonly #timers = new Map<TimerName, () => void>();
  #responding: AbortController | undefined;
  /** Kept at the next turn of the event loop at the latest. */
  #unkept: CallCommand[] = [];

  constructor(call: Call, ports: CallPorts) {
    this.#call = call;
    this.#ports = ports;
    const { voice, nowMs, startTimer } = ports;
    if (voice && call.voice) {
      const voicePorts = { ...voice, nowMs, startTimer };
      this.line = new VoiceLine(call.voiceFormat, call.voice, voicePorts, (event) => this.dispatch(event));
    }
  }

  get call(): Call {
    return this.#call;
  }

  dispatch(event: CallEvent): void {
    // What was to be kept with a request waits on, with the row of what that is billed for.
    if (event.type !== "asked") this.#keepNow();
    const all = this.#call.handle(event, this.#ports.nowMs());
    // A caller who speaks over the agent must not wait for a write, and neither must the model: like a request to it.
    if (this.line) for (const command of all) if (isUrgent(command)) this.#execute(command);
    const commands = this.line ? all.filter((command) => !isUrgent(command)) : all;
    for (const command of commands) if (isKept(command)) this.#unkept.push(command);
    const isRequest = event.type === "asked" || commands.some(({ type }) => type === "respond");
    const mayGoAhead = isRequest && !commands.some(leavesUs);
    if (mayGoAhead) this.#ports.startTimer(() => this.#keepNow(), 0);
    else this.#keepNow();
    for (const command of mergeSpeech(commands)) this.#execute(command);
    this.#ports.changed?.();
    // Text in the middle of an answer moves no deadline.
    if ((event.type === "model" || isCaption(event)) && commands.length === 1) return;
    const alarmAtMs = this.#call.alarmAtMs;
    if (alarmAtMs !== undefined) this.#ports.setAlarm(alarmAtMs);
  }

  #keepNow(): void {
    for (const command of this.#unkept.splice(0)) {
      if (command.type === "keep-turn") this.#ports.keepTurn(command.turn);
      else if (command.type === "keep-charge") this.#ports.keepCharge(command.charge);
      else if (command.type === "keep-progress") this.#ports.keepProgress(command.progress);
    }
  }

  #execute(command: CallCommand): void {
    switch (command.type) {
      case "keep-turn":
      case "keep-charge":
      case "keep-progress":
        return;
      case "caller":
        if (this.line) this.line.write(command.command);
        else this.#ports.sendToCaller(command.command);
        return;
      case "open-voice":
      case "voice":
      case "close-voice":
      case "fill-silence":
      case "play-sentence":
        this.line?.execute(command);
        return;
      case "close-leg":
        this.#ports.closeLeg(command.closeCode);
        return;
      case "respond":
        void this.#respond(command);
        return;
      case "cancel-response":
        this.#responding?.abort();
        return;
      case "run-tool":
        void this.#runTool(command);
        return;
      case "timer":
        this.#setTimer(command.timer, command.afterMs);
        return;
      case "archive":
        this.#ports.archive();
        return;
      case "key-refused":
        this.#ports.keyRefused(command.reason);
        return;
      case "log":
        this.#ports.log(command.event);
        return;
    }
  }

  async #respond({ response, request }: Extract<CallCommand, { type: "respond" }>): Promise<void> {
    this.#responding?.abort();
    const abort = new AbortController();
    this.#responding = abort;
    try {
      const [leg, refusal] = await Promise.all([this.#ports.modelLeg(), this.#ports.cover?.(request)]);
      if (abort.signal.aborted) return;
      if (refusal) throw new Failure(refusal);
      const isLimited = this.#ports.isLimited?.() ?? false;
      if (isLimited) {
        this.dispatch({ type: "asked", response });
        this.#keepNow();
      }
      const answered = leg.respond(request, abort.signal, (events) =>
        this.dispatch({ type: "model", response, events }),
      );
      if (!isLimited) this.dispatch({ type: "asked", response });
      await answered;
    } catch (thrown) {
      const reason = this.#ports.reasonOf(thrown);
      if (reason === "internal") {
        this.#ports.log({ event: "uncaught", where: "call", callId: this.#call.callId, name: errorName(thrown) });
      }
      const failed = { type: "response-failed" as const, reason, status: 0, upstreamRequestId: null, usage: null };
      this.dispatch({ type: "model", response, events: [failed] });
    }
  }

  async #runTool({ tool, toolCall }: Extract<CallCommand, { type: "run-tool" }>): Promise<void> {
    const { failure, ...result } = await this.#ports.tools.run(tool, toolCall);
    this.#ports.log({
      event: "tool-end",
      callId: this.#call.callId,
      mode: tool.answer.mode,
      outcome: result.outcome,
      durationMs: result.durationMs,
      code: failure?.code ?? null,
      status: failure?.status ?? null,
    });
    this.dispatch({ type: "tool-end", toolCallId: toolCall.toolCallId, result });
  }

  #setTimer(timer: TimerName, afterMs: number | null): void {
    this.#timers.get(timer)?.();
    this.#timers.delete(timer);
    if (afterMs === null) return;
    const cancel = this.#ports.startTimer(() => this.dispatch({ type: "timer", timer }), afterMs);
    this.#timers.set(timer, cancel);
  }
}

const isKept = ({ type }: CallCommand): boolean =>
  type === "keep-turn" || type === "keep-charge" || type === "keep-progress";

const isUrgent = (command: CallCommand): boolean => {
  switch (command.type) {
    case "open-voice":
    case "voice":
    case "close-voice":
    case "fill-silence":
      return true;
    default:
      return command.type === "caller" && command.command.type === "clear";
  }
};

/** Words that are still being said move no deadline. */
const isCaption = (event: CallEvent): boolean =>
  event.type === "voice" && (event.event.type === "agent-delta" || event.event.type === "caller-delta");

/** What somebody outside gets to know of, beside the model. */
const leavesUs = ({ type }: CallCommand): boolean => type === "caller" || type === "run-tool" || type === "archive";

/** Joins pieces of speech that follow each other into one frame: what is ready together leaves together. */
function mergeSpeech(commands: readonly CallCommand[]): readonly CallCommand[] {
  if (commands.length < 2) return commands;
  const merged: CallCommand[] = [];
  let held: Extract<CallerCommand, { type: "speech" }> | undefined;
  const release = (): void => {
    if (held) merged.push({ type: "caller", command: held });
    held = undefined;
  };
  for (const command of commands) {
    if (isKept(command) || command.type === "log") {
      merged.push(command);
    } else if (command.type === "caller" && command.command.type === "speech") {
      if (held?.last) release();
      held = { type: "speech", text: (held?.text ?? "") + command.command.text, last: command.command.last };
    } else {
      release();
      merged.push(command);
    }
  }
  release();
  return merged;
}
