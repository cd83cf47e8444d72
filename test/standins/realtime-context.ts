import type { Clock } from "./clock.ts";
import type { MakeId } from "./openai-responses.ts";
import type { SessionConfig, SessionFacts } from "./realtime-config.ts";
import type { Conversation } from "./realtime-conversation.ts";
import type { FaultOf, RealtimeFaultKind, RealtimeFaults } from "./realtime-faults.ts";
import type { ItemDesk } from "./realtime-item-desk.ts";
import type { OpenRecord } from "./realtime-journal.ts";
import type { Timers } from "./realtime-timers.ts";
import type { TranscriptScript } from "./realtime-transcripts.ts";
import type { Wire } from "./realtime-wire.ts";
import type { Speaker } from "./speech.ts";

export interface RealtimePace {
  /** From a response's beginning to its first sound or word. */
  readonly ttfbMs: number;
  /** Seconds of sound that are sent in one second; 0: all at once. */
  readonly speed: number;
  /** Sound in one delta. */
  readonly deltaMs: number;
  /** From the end of the caller's turn to its transcript. */
  readonly transcriptionMs: number;
  /** Of answers in text; 0: all at once. */
  readonly tokensPerSecond: number;
}

/** What a session is given. */
export interface SessionDeps {
  readonly clock: Clock;
  readonly pace: RealtimePace;
  readonly speaker: Speaker;
  readonly wire: Wire;
  readonly makeId: MakeId;
  readonly record: OpenRecord;
  readonly faults: RealtimeFaults;
  readonly transcripts: TranscriptScript;
  readonly isReasoningModel: boolean;
  readonly sessionMaxMs: number;
  readonly pingEveryMs: number;
  /** The record has changed. */
  readonly changed: () => void;
  readonly onAudioIn: ((sessionId: string, audio: Uint8Array) => void) | undefined;
  readonly onBug: (thrown: unknown) => void;
}

/** What the parts of a session share. */
export interface SessionContext extends SessionDeps {
  readonly conversationId: string;
  readonly conversation: Conversation;
  readonly items: ItemDesk;
  readonly timers: Timers;
  readonly config: () => SessionConfig;
  readonly facts: () => SessionFacts;
  /** The agent has been heard. */
  readonly hasSpoken: () => void;
  /** Uses up a scripted fault of this session's key, and writes it into the record. */
  readonly takeFault: <Kind extends RealtimeFaultKind>(...kinds: readonly Kind[]) => FaultOf<Kind> | undefined;
}
