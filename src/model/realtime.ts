import type { Reason } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import type { DialFailure, DialledSocket } from "./realtime-dial.ts";
import { type RealtimeEvent, readRealtimeEvent } from "./realtime-events.ts";
import { lossOfClose, lossOfError } from "./realtime-failure.ts";
import { Watchdog } from "./realtime-watchdog.ts";
import { RealtimeWriter, SETUP } from "./realtime-writer.ts";
import { ReceivedSound } from "./received-sound.ts";
import type { ResponseQueue } from "./response-queue.ts";
import type { StartTimer } from "./responses.ts";
import { reasonOfStreamError } from "./upstream-failure.ts";
import type { VoiceCommand, VoiceEvent, VoiceListener, VoiceRequest, VoiceSession } from "./voice-leg.ts";
import { WaitingInput } from "./waiting-input.ts";

export interface VoiceOptions {
  /** Opens the socket, or says why not; `signal` gives it up. */
  readonly dial: (signal: AbortSignal) => Promise<DialledSocket | DialFailure>;
  readonly request: VoiceRequest;
  readonly transcriptionModel: string;
  /** What the caller speaks, BCP 47: a hint for the transcript. */
  readonly language?: string | undefined;
  readonly startTimer: StartTimer;
  readonly nowMs: () => number;
  /** Told once, when the session is let go. */
  readonly onClosed?: (counts: VoiceCounts) => void;
}

/** What went by in a session without anybody being told: for the log. */
export interface VoiceCounts {
  readonly unknownEvents: number;
  readonly unreadableEvents: number;
  /** Errors after which the session went on; those of a race that the queue settles are not among them. */
  readonly errors: number;
  /** Pieces of the caller's sound that OpenAI's socket had no room for. */
  readonly droppedSounds: number;
}

/** `counts` is as of now, and may be read after the end too. */
export type RealtimeVoice = VoiceSession & { readonly counts: VoiceCounts };

/** The audio leg: one session of OpenAI's Realtime API (GA). Returns at once, and dials in the background. */
export const openVoice = (options: VoiceOptions, listener: VoiceListener): RealtimeVoice =>
  new RealtimeLeg(options, listener);

/** A piece of what the caller said, in words; `undefined` for one without any. */
export const callerDelta = (itemId: string, text: string): VoiceEvent | undefined =>
  text === "" ? undefined : { type: "caller-delta", itemId, text };

class RealtimeLeg implements RealtimeVoice {
  readonly #options: VoiceOptions;
  readonly #listener: VoiceListener;
  readonly #dialling = new AbortController();
  readonly #watchdog: Watchdog;
  readonly #waiting: WaitingInput;
  readonly #received: ReceivedSound;
  readonly #toolCallIds = new Set<string>();
  #state: "connecting" | "ready" | "closed" = "connecting";
  #socket: DialledSocket | undefined;
  /** Since the socket is there; what waits goes through it once the session is ready. */
  #writer: RealtimeWriter | undefined;
  #watched: ResponseQueue["phase"] = "idle";
  #lastError = { code: "", errorType: "" };
  #unknownEvents = 0;
  #unreadableEvents = 0;
  #errors = 0;

  constructor(options: VoiceOptions, listener: VoiceListener) {
    this.#options = options;
    this.#listener = listener;
    this.#waiting = new WaitingInput(options.request.format);
    this.#received = new ReceivedSound(options.request.format);
    this.#watchdog = new Watchdog(options, () => this.#lose("upstream_timeout", true, 0));
    this.#watchdog.expect(LIMITS.voiceConnectMs);
    void this.#connect();
  }

  get counts(): VoiceCounts {
    return {
      unknownEvents: this.#unknownEvents,
      unreadableEvents: this.#unreadableEvents,
      errors: this.#errors,
      droppedSounds: this.#writer?.droppedSounds ?? 0,
    };
  }

  /** Frame path. */
  append(audioBase64: string): void {
    if (this.#state === "ready") this.#writer?.sound(audioBase64);
    else if (this.#state === "connecting") this.#waiting.addSound(audioBase64);
  }

  do(command: VoiceCommand): void {
    if (this.#state === "connecting") this.#waiting.addCommand(command);
    if (this.#state !== "ready" || this.#writer === undefined) return;
    this.#writer.do(command);
    this.#goOn(this.#writer.queue);
  }

  takeUnsent(): readonly string[] {
    return this.#waiting.take().filter((kept) => typeof kept === "string");
  }

  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#watchdog.stop();
    // An abort after the upgrade would cut the connection before the close is sent.
    if (this.#socket === undefined) this.#dialling.abort();
    else this.#socket.close(1_000);
    this.#options.onClosed?.(this.counts);
  }

  async #connect(): Promise<void> {
    const dialled = await this.#dial();
    if (this.#state === "closed") {
      if (!("reason" in dialled)) dialled.close(1_000);
      return;
    }
    if ("reason" in dialled) {
      this.#lose(dialled.reason, dialled.mayReconnect, dialled.status);
      return;
    }
    const { request, transcriptionModel, language } = this.#options;
    const writer = new RealtimeWriter(dialled, request, { transcriptionModel, language }, this.#received);
    this.#socket = dialled;
    this.#writer = writer;
    dialled.listen({
      onMessage: (text) => this.#receive(text, writer),
      onClose: (code, reason) => {
        const loss = lossOfClose(code, reason, this.#lastError);
        this.#lose(loss.reason, loss.mayReconnect, code);
      },
    });
    writer.setUp();
  }

  async #dial(): Promise<DialledSocket | DialFailure> {
    try {
      return await this.#options.dial(this.#dialling.signal);
    } catch {
      return { reason: "upstream_unavailable", mayReconnect: true, status: 0 };
    }
  }

  /** Told once; after it nothing is. An error and the close that follows it are one loss. */
  #lose(reason: Reason, mayReconnect: boolean, upstreamCode: number): void {
    if (this.#state === "closed") return;
    this.close();
    this.#emit({ type: "lost", reason, mayReconnect, upstreamCode });
  }

  #emit(event: VoiceEvent): void {
    this.#listener.onEvent(event);
  }

  #receive(text: string, writer: RealtimeWriter): void {
    if (this.#state === "closed") return;
    const event = readRealtimeEvent(text);
    if (event.type === "sound") {
      this.#hear(event.responseId, event.itemId, event.audioBase64, writer.queue);
      return;
    }
    this.#take(event, writer);
    this.#goOn(writer.queue);
  }

  /** Frame path. */
  #hear(responseId: string, itemId: string, audioBase64: string, queue: ResponseQueue): void {
    this.#sawResponse();
    const isFirst = this.#received.add(itemId, audioBase64);
    if (!queue.isAudible(responseId)) return;
    if (isFirst) {
      this.#emit({ type: "sound-start", responseId, itemId });
      // Whoever was told may have had enough.
      if (this.#state === "closed" || !queue.isAudible(responseId)) return;
    }
    this.#listener.onSound(responseId, itemId, audioBase64);
  }

  #take(event: Exclude<RealtimeEvent, { type: "sound" }>, writer: RealtimeWriter): void {
    const { queue } = writer;
    switch (event.type) {
      case "session-updated":
        if (event.hasVad !== undefined) queue.setVad(event.hasVad);
        if (this.#state === "connecting") this.#begin(writer);
        return;
      case "speech-start":
        queue.speechStarted();
        this.#emit(event);
        return;
      case "speech-end":
        queue.turnEnded(event.itemId);
        this.#emit(event);
        return;
      case "turn-committed":
        queue.turnEnded(event.itemId);
        this.#emit({ type: "caller-turn", itemId: event.itemId });
        return;
      case "caller-delta": {
        const delta = callerDelta(event.itemId, event.text);
        if (delta !== undefined) this.#emit(delta);
        return;
      }
      case "caller-text":
      case "caller-text-failed":
        this.#emit(event);
        return;
      case "item-added":
        queue.itemSettled(event.itemId);
        return;
      case "response-created":
        this.#beginResponse(event.responseId, event.askId, queue);
        return;
      case "agent-delta":
      case "agent-text":
        this.#sawResponse();
        if (queue.isLive(event.responseId)) this.#emit(event);
        return;
      case "tool-call":
        this.#sawResponse();
        // Each call is announced in two events, and may be more often.
        if (!queue.isLive(event.responseId) || this.#toolCallIds.has(event.toolCallId)) return;
        this.#toolCallIds.add(event.toolCallId);
        this.#emit(event);
        return;
      case "response-progress":
        this.#sawResponse();
        return;
      case "response-done": {
        const { askId, ...end } = event;
        if (!queue.knows(end.responseId)) this.#beginResponse(end.responseId, askId, queue);
        if (queue.done(end.responseId)) this.#emit({ ...end, type: "response-end" });
        else if (end.usage) this.#emit({ type: "stray-usage", usage: end.usage, source: end.source });
        return;
      }
      case "error":
        this.#takeError(event.code, event.errorType, event.clientEventId, queue);
        return;
      case "unknown":
        this.#unknownEvents += 1;
        return;
      case "unreadable":
        this.#unreadableEvents += 1;
        return;
      case "ignored":
        return;
    }
  }

  #beginResponse(responseId: string, askId: string | null, queue: ResponseQueue): void {
    if (queue.created(responseId, askId)) this.#emit({ type: "response-start", responseId });
  }

  /** The session is set up: what was said before, then what has waited, in its order. */
  #begin(writer: RealtimeWriter): void {
    this.#state = "ready";
    this.#watchdog.rest();
    writer.seed();
    for (const kept of this.#waiting.take()) {
      if (typeof kept === "string") writer.sound(kept);
      else this.do(kept);
    }
    this.#emit({ type: "ready" });
  }

  #takeError(code: string, errorType: string, clientEventId: string | null, queue: ResponseQueue): void {
    this.#lastError = { code, errorType };
    const loss = lossOfError(code);
    if (loss !== undefined) {
      this.#lose(loss.reason, loss.mayReconnect, 0);
      return;
    }
    if (clientEventId === SETUP) {
      this.#lose(reasonOfStreamError(code, errorType), false, 0);
      return;
    }
    if (code === "conversation_already_has_active_response") {
      queue.refused(clientEventId);
      return;
    }
    // The response was over before the cancel arrived.
    if (code === "response_cancel_not_active") return;
    this.#errors += 1;
    if (clientEventId === null) return;
    queue.itemSettled(clientEventId);
    if (!queue.failed(clientEventId)) return;
    // Whoever asked is told: there will be no response by this name.
    this.#emit({ type: "response-start", responseId: clientEventId });
    const reason = reasonOfStreamError(code, errorType);
    this.#emit({ type: "response-end", responseId: clientEventId, outcome: "failed", reason, usage: null });
  }

  /** After each event and command: asks for what waits, and watches for what is due. */
  #goOn(queue: ResponseQueue): void {
    if (this.#state !== "ready") return;
    queue.pump();
    const { phase } = queue;
    if (phase === this.#watched) return;
    this.#watched = phase;
    if (phase === "idle") this.#watchdog.rest();
    else this.#watchdog.expect(phase === "awaited" ? LIMITS.firstTokenMs : LIMITS.upstreamPauseMs);
  }

  /** Something of a response has come. */
  #sawResponse(): void {
    if (this.#watched === "active") this.#watchdog.expect(LIMITS.upstreamPauseMs);
  }
}
