import type { CallerEvent } from "../caller/caller-leg.ts";
import { LIMITS } from "../limits.ts";
import type { VoiceCommand } from "../model/voice-leg.ts";
import type { AgentVoice } from "./agent-voice.ts";
import type { CallCommand } from "./call-events.ts";
import { CallerSound } from "./caller-sound.ts";
import type { Screen } from "./screen.ts";
import type { Transcript } from "./transcript.ts";

/** What the caller does with their microphone, and what comes of it for the agent and the model. */
export class Microphone {
  readonly sound = new CallerSound();
  readonly #transcript: Transcript;
  readonly #screen: Screen;
  readonly #agent: AgentVoice;
  readonly #emit: (command: CallCommand) => void;
  readonly #tell: (command: VoiceCommand) => void;
  /** The agent's last turn when the button was pressed: if that cut it, the rest of it is not wanted. */
  #silencedSeq: number | undefined;

  /** `tell`: to the model, as long as there is a line to it. */
  constructor(
    transcript: Transcript,
    screen: Screen,
    agent: AgentVoice,
    emit: (command: CallCommand) => void,
    tell: (command: VoiceCommand) => void,
  ) {
    this.#transcript = transcript;
    this.#screen = screen;
    this.#agent = agent;
    this.#emit = emit;
    this.#tell = tell;
  }

  do(event: Extract<CallerEvent, { type: "mute" | "talk-mode" | "talk" }>, nowMs: number): void {
    switch (event.type) {
      case "mute":
        this.sound.isMuted = event.muted;
        return;
      case "talk-mode":
        if (this.sound.setPushToTalk(event.pushToTalk)) this.#tell({ type: "push-to-talk", on: event.pushToTalk });
        return;
      case "talk":
        if (event.pressed) this.#press(nowMs);
        else this.#release(nowMs);
        return;
    }
  }

  /** Whether the caller has pressed the button to silence this turn of the agent, or at some time after it. */
  hasSilenced(seq: number): boolean {
    return this.#silencedSeq !== undefined && seq <= this.#silencedSeq;
  }

  /** The model has heard the caller begin, or end. */
  speech(isSpeech: boolean): void {
    this.sound.isSpeech = isSpeech;
    this.#emit({ type: "timer", timer: "sound-gap", afterMs: isSpeech ? LIMITS.soundGapMs : null });
  }

  /** A caller who stopped sending in mid-speech gets silence, so that the model can hear the end of the turn. */
  fillGap(nowMs: number): void {
    if (!this.sound.isSpeech) return;
    if (this.sound.isGap(nowMs)) this.#emit({ type: "fill-silence", ms: LIMITS.soundGapFillMs });
    this.#emit({ type: "timer", timer: "sound-gap", afterMs: LIMITS.soundGapMs });
  }

  #press(nowMs: number): void {
    if (!this.sound.press(nowMs)) return;
    this.#silencedSeq = this.#transcript.lastOf("agent")?.seq;
    this.#agent.interrupt(true, nowMs);
    this.#tell({ type: "discard-input" });
    this.#screen.show("listening");
  }

  #release(nowMs: number): void {
    const heldMs = this.sound.release(nowMs);
    if (heldMs === undefined) return;
    if (heldMs < LIMITS.talkMinMs) {
      this.#tell({ type: "discard-input" });
      return;
    }
    // An answer is expected once the model has taken the turn: of one without sound it takes nothing.
    this.#agent.turnOver(nowMs);
    this.#tell({ type: "turn-end" });
  }
}
