import type { CallState } from "../protocol/call-messages.ts";
import type { EndReason, KeySource, ToolCallRecord, TurnTimings, WayIn } from "../protocol/call-record.ts";

/** Words of a call: on the call screen, and wherever else a call is spoken of. */

export const STATE_WORDS: Readonly<Record<CallState, string>> = {
  connecting: "Connecting",
  listening: "Listening",
  thinking: "Thinking",
  "using-tool": "Using a tool",
  speaking: "Speaking",
};

export const PHASE_WORDS = {
  idle: "Ready when you are",
  dialling: "Connecting",
  lost: "Connection lost. Getting it back",
  ended: "Call ended",
} as const;

/** Instead of "ready": no call may begin, or the microphone is in the way. */
export const NO_CALL_WORDS = "No call right now";
export const TROUBLE_WORDS = "One thing first";
export const ASKING_WORDS = "Allow the microphone when your browser asks";
export const BUTTON_WORDS = { mute: "Mute", unmute: "Unmute", end: "End call", cancel: "Cancel" } as const;
export const MUTED_WORDS = "Muted: your agent cannot hear you";
export const HOLD_TO_TALK_WORDS = "Hold the button, or Space, and talk";

export const END_WORDS: Readonly<Record<EndReason, string>> = {
  "caller-left": "You hung up.",
  "agent-ended": "The agent hung up.",
  "handed-over": "The call was handed over.",
  silence: "Nothing was heard for a minute.",
  "call-cap": "The call reached its longest time.",
  "key-failed": "The OpenAI key of this agent was not accepted.",
  revoked: "The workshop ended this call.",
  paused: "Your instructor paused all calls.",
  budget: "There was not enough money left to go on.",
  refused: "The call was refused.",
  policy: "The call was ended for what was sent in it.",
  lost: "The connection was lost and did not come back.",
  "upstream-failed": "OpenAI did not answer any more.",
};

export const KEY_WORDS: Readonly<Record<KeySource, string>> = {
  student: "Your own OpenAI key pays",
  instructor: "Your instructor's OpenAI key pays",
};

export const SPEAKER_WORDS = { caller: "You", agent: "Agent" } as const;
export const SHORT_ANSWER_WORDS = "(this answer is missing or short)";
export const NOT_HEARD_WORDS = "not heard:";
export const WAITING_WORDS = "…";
export const CANNOT_HEAR_WORDS = "We cannot hear you. Does the bar move when you speak?";
export const NO_SOUND_WORDS = "This browser cannot play the call's sound. Try Chrome, Edge or Safari.";

export const gapWords = (lostMs: number): string => `connection lost for ${seconds(lostMs)}`;
export function toolWords(outcome: ToolCallRecord["outcome"], durationMs: number | null): string {
  const took = durationMs === null ? "" : ` after ${milliseconds(durationMs)}`;
  return { pending: "is being asked", ok: `answered${took}`, failed: `failed${took}` }[outcome];
}

/** How long the caller waited for the first sound, or where nobody can tell, for it to leave the server. */
export function latencyWords(timings: TurnTimings | null): string {
  const heardMs = timings?.heardLatencyMs ?? null;
  if (heardMs !== null) return `heard after ${milliseconds(heardMs)}`;
  const sentMs = timings?.turnLatencyMs ?? null;
  return sentMs === null ? "" : `answered after ${milliseconds(sentMs)}`;
}

export const seconds = (ms: number): string => `${Math.max(0, Math.round(ms / 1_000))} s`;
export const milliseconds = (ms: number): string => `${Math.round(ms)} ms`;

export const CALL_WORDS = {
  dial: "Call your agent",
  dialTyping: "Call without a microphone and type",
  again: "Call again",
  seeCalls: "See it in your calls",
  title: "Transcript",
  nothingYet: "What you and your agent say is written here.",
  sayLabel: "Type instead of speaking",
  sayHint: "Type instead",
  send: "Send",
  pushToTalk: "Push to talk",
  hold: "Hold to talk",
  keypad: "Keypad",
  pressed: "Pressed",
  controls: "Call controls",
  microphone: "Microphone",
  level: "How loud your microphone hears you",
  speaker: "Loudspeaker",
  systemChoice: "The system's own choice",
  sound: "Sound and captions",
  readAloud: "Read captions aloud with my screen reader",
  readAloudHint: "The agent's voice gets quieter meanwhile.",
  addKey: "Add your key",
  changeKey: "Change your key",
  raiseLimit: "Raise your limit",
  tryAgain: "Try again",
  goOn: "Continue",
  toolSent: "Sent",
  toolAnswer: "Answer",
} as const;
export const STANDSTILL_WORDS = {
  paused: "Your instructor paused all calls. The button comes back by itself.",
  "not-open": "Your workshop has not begun yet.",
  ended: "This workshop has ended. Your calls are still here to read.",
  "no-key": "Nobody pays for your calls yet: your agent needs an OpenAI key.",
  student: "The instructor's allowance for you is used. Add a key, or ask.",
  pool: "What your instructor lends the class is used. Add a key, or ask.",
  call: "Your instructor's key is not lent for a call now. Add a key, or ask.",
  own: "Your calls have cost as much as you allowed. Raise your limit to go on.",
} as const;
export const opensWords = (when: string): string => `Your workshop opens ${when}.`;
export const usingToolWords = (name: string): string => `Using ${name}`;
export const lastMinuteWords = (leftMs: number): string =>
  `This call may last ${seconds(leftMs)} more. Say what is still to be said.`;
export const COSTS_WHILE_MUTED_WORDS = "The call goes on, and can still cost. End it if you are done.";
export const MICROPHONE_STOPPED_WORDS = "Paused because your browser stopped the microphone.";
export const SOUND_PAUSED_WORDS = "Your device has paused the sound of this call.";
export const SILENT_MODE_WORDS = "No sound? Switch off silent mode at the side of your iPhone or iPad, and turn it up.";
export const ECHO_WORDS = {
  question: "We can hear ourselves. Headphones or push-to-talk?",
  headphones: "I use headphones",
  pushToTalk: "Use push-to-talk",
} as const;
export const microphoneGapWords = (lostMs: number): string =>
  `your browser stopped the microphone for ${seconds(lostMs)}`;

export const MICROPHONE_WORDS = {
  denied: "The microphone is blocked for this page.",
  none: "No microphone was found. Plug one in: we notice it by ourselves.",
  busy: "The microphone is in use by another app, such as Teams or Zoom. Close it there, then try again.",
  insecure: "A browser gives the microphone only to a page with https. Open the https address of this page.",
  embedded: "Apps that show pages inside themselves give no microphone. Open this page in Safari or Chrome.",
  unsupported: "This browser cannot give us sound from your microphone. Try Chrome, Edge or Safari.",
  lost: "The microphone was unplugged or taken away. You can go on by typing.",
} as const;
export const ALLOW_WORDS = {
  chromium: "Press the sign to the left of the page's address, switch the microphone on, then try again.",
  firefox: "Press the crossed-out microphone in the address bar, remove the block, then try again.",
  safari: "In the Safari menu choose Settings for This Website, set Microphone to Allow, then try again.",
  ios: "Tap the page menu in the address bar, then Website Settings, set Microphone to Allow, then try again.",
  other: "Allow the microphone in the browser's settings for this page, then try again.",
} as const;
export const ASKING_LATE_WORDS =
  "Still waiting. The question is at the top of the window, near the address. If it is gone, press Cancel and call again.";
export const MICROPHONE_FOUND_WORDS = "A microphone is here now.";
export const THIS_ADDRESS_WORDS = "the address of this page";

/** What stands beside a sentence to be done about it. */
export type FailureAction =
  | "key"
  | "connect"
  | "limit"
  | "take-over"
  | "credit"
  | "openai-status"
  | "keys-page"
  | "again";
export const FAILURE_ACTION_WORDS: Readonly<Record<FailureAction, string>> = {
  key: CALL_WORDS.changeKey,
  connect: CALL_WORDS.addKey,
  limit: CALL_WORDS.raiseLimit,
  "take-over": "Take over",
  credit: "Add credit at OpenAI",
  "openai-status": "OpenAI's status page",
  "keys-page": "Your keys at OpenAI",
  again: CALL_WORDS.again,
};
/** By the code of the failure. What is not here is told in the server's own sentence. */
export const FAILURE_WORDS: Readonly<Record<string, readonly [sentence: string, ...actions: FailureAction[]]>> = {
  no_key: ["Your agent has no OpenAI key yet. Add one, then call again.", "key"],
  key_unreadable: ["Your stored key cannot be read any more. Enter it again.", "key"],
  key_rejected: ["OpenAI does not know this key. Copy it again; it starts with sk-.", "key", "keys-page"],
  key_restricted: [
    "This key may not use voice models. At OpenAI, turn on Model capabilities for it, or use another key.",
    "key",
    "keys-page",
  ],
  no_credit: ["The key works, but its account has no credit. ChatGPT Plus does not count.", "credit", "key"],
  allowance_used: [STANDSTILL_WORDS.student, "connect"],
  pool_used: [STANDSTILL_WORDS.pool, "connect"],
  call_budget_used: ["This call has cost as much as one call on your instructor's key may.", "connect", "again"],
  own_cap_used: [STANDSTILL_WORDS.own, "limit"],
  fallback_off: ["Your instructor's key is not lent now. Add a key of your own to call.", "connect"],
  model_not_lent: ["Your instructor's key is not lent for this model. Add a key of your own to call.", "connect"],
  unpriced_model: [
    "We know no price for this model, so your instructor's key is not lent for it. Add a key, or tell your instructor.",
    "connect",
  ],
  money_unreachable: ["What a call costs cannot be counted right now. Wait a moment, then call again.", "again"],
  model_not_available: [
    "This key has no access to the model. Use a key of another project or account.",
    "key",
    "again",
  ],
  region_unsupported: ["OpenAI does not serve the region you call from."],
  upstream_rate_limited: ["OpenAI asks us to slow down. Wait a few seconds, then say it again.", "again"],
  upstream_bad_request: ["OpenAI did not take what it was sent. Try once more.", "again"],
  upstream_unavailable: ["OpenAI is not answering. This is not your fault.", "openai-status", "again"],
  upstream_timeout: ["OpenAI took too long to answer. Say it again.", "again"],
  upstream_unreadable: ["OpenAI answered something that makes no sense. Try once more.", "again"],
  upstream_lost: ["The connection to OpenAI was lost. We are getting it back.", "openai-status", "again"],
  transcript_missing: ["OpenAI could not write down what you said. Your agent may have heard it all the same."],
  slow_listener: ["Your connection is too slow for the sound of the call. Move closer to the Wi-Fi.", "again"],
  too_many_calls: ["This seat is on a call elsewhere. Take over?", "take-over"],
  workshop_paused: ["Your instructor paused all calls. Wait until they go on."],
  workshop_not_open: ["Your workshop has not begun yet."],
  workshop_closed: ["This workshop has ended."],
  call_cap: ["The call has reached its longest time.", "again"],
  silence: ["Nothing was heard for a minute, so the call ends.", "again"],
  revoked: ["The workshop ended this call."],
  bad_ticket: ["The call took too long to begin. Call again.", "again"],
  call_over: ["This call is over.", "again"],
  misconfigured: ["This server is not set up correctly. Tell your instructor."],
  database_unavailable: ["The server cannot look up your agent now. Wait a moment, then call again.", "again"],
};
export const SEAT_BUSY_WORDS = "This seat is on a call elsewhere. End it there, then call again.";

export const WATERFALL_WORDS = {
  title: "Where the time goes",
  hint: "From the end of your words to the answer in your ear.",
  turn: "Turn",
  total: "Total",
  slowest: "slowest",
  asTable: "As a table",
  asBars: "As bars",
} as const;
export const SEGMENT_WORDS = {
  "first-word": "First word",
  "first-sound": "First sound",
  sent: "Sent to you",
  heard: "Network and playback",
} as const;

export const clockWords = (ms: number): string => {
  const all = Math.max(0, Math.floor(ms / 1_000));
  return `${Math.floor(all / 60)}:${String(all % 60).padStart(2, "0")}`;
};
export const countWords = (count: number): string => count.toLocaleString("en");

export const WATCHED_WORDS: Readonly<Record<WayIn, string>> = {
  browser: "Your agent is on a call in another window",
  "conversation-relay": "Phone call to your agent",
  "media-streams": "Phone call to your agent",
};
export const WATCHED_HINT_WORDS = "You read along. Only the caller can speak, and hang up.";
