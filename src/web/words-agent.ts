import type { Patience, TurnEnd } from "../protocol/agent-config.ts";

/** What the student makes their agent with. */

export const SAVE_WORDS = {
  saving: "Saving…",
  saved: "Saved",
  unreached: "Not saved yet: no connection",
} as const;
export const fieldNotSavedWords = (why: string): string => `Not saved. ${why}`;
export const NEXT_CALL_WORDS = "You are in a call: changes apply from the next call.";
export const HOLDS_KEY_WORDS = "Take the secret key out first: it belongs in the key sheet, at the top.";
export const EMPTY_NAME_WORDS = "Your agent's class needs something to call you.";

export const PROMPT_WORDS = {
  title: "Prompt",
  hint: "Who your agent is, and how it behaves.",
  startFromDefault: "Start from the default",
  usesDefault: "Left empty, your agent uses the text shown in grey.",
  versions: "Earlier versions",
  hideVersions: "Hide earlier versions",
} as const;
export const bytesLeftWords = (left: number): string =>
  left >= 0 ? `${left} bytes left` : `${-left} bytes too long: shorten it`;

export const VERSION_WORDS = {
  loading: "Looking for earlier versions…",
  none: "No earlier versions yet. Each change is kept here.",
  list: "Versions",
  student: "you",
  instructor: "your instructor",
  default: "The default prompt",
  now: "as it is now",
  compare: "Compared with your prompt now",
  gone: "only in this version:",
  new: "only in yours now:",
  legend: "− only in this version, + only in yours now",
  restore: "Restore this version",
  restored: "Restored. What you had is kept as a version too.",
} as const;

export const GREETING_WORDS = {
  title: "Greeting",
  hint: "The first words of every call, said exactly like this.",
  empty: "Left empty, your agent waits for the caller to speak.",
} as const;
export const spokenWords = (seconds: number): string => `about ${seconds} s aloud`;
export const LONG_GREETING_WORDS = "long for a greeting: callers talk over it";

export const VOICE_WORDS = {
  title: "Voice",
  hint: "Tap to hear your greeting.",
  recommended: "Recommended",
  play: "Play",
  stop: "Stop",
  loading: "One moment…",
  student: "Each new sample costs a fraction of a cent on your key.",
  instructor: "Each new sample costs a fraction of a cent on your instructor's key.",
  noKey: "Connect a key to hear the voices.",
  noGreeting: "Write a greeting to hear it.",
  noSound: "This browser could not play the sample.",
} as const;
export const playWords = (voice: string): string => `Hear ${voice}`;

export const LANGUAGE_WORDS = {
  title: "Language of your callers",
  hint: "Helps OpenAI write down what they say. The prompt decides what your agent speaks.",
  none: "Find out by itself",
} as const;

export const HEARING_WORDS = {
  turnEnd: "When is a caller's turn over?",
  patience: "How long may a caller pause?",
} as const;
export const TURN_END_WORDS: Readonly<Record<TurnEnd, readonly [string, string]>> = {
  pause: ["After a pause", "Quick and predictable."],
  meaning: ["When the sentence sounds finished", "Interrupts less; takes a little longer now and then."],
};
export const PATIENCE_WORDS: Readonly<Record<Patience, readonly [string, string]>> = {
  short: ["Just a moment", "Fast answers; may cut in on a slow speaker."],
  normal: ["Normal", "Right for most callers."],
  long: ["More time", "For thinking, a second language, a stutter, or age. Every answer comes later."],
};

export const LINT_TITLE = "How it will sound";
/** What is wrong, and what the fix does; `null`: only the author can. */
export const LINT_WORDS = {
  "api-key": [
    "This looks like a secret key. It was not saved: keys belong in the key sheet, at the top.",
    "Take it out",
  ],
  chatgpt: ["It will introduce itself as a language model, not as your agent.", "Give it a role"],
  placeholder: ["A blank of a template is still in here. It will be read aloud.", null],
  markup: ["Lists, tables and markup do not work aloud.", "Ask for plain speech"],
  "speech-tags": ["Tags like <break> are not understood. Punctuation makes the pauses.", "Take them out"],
  emoji: ["Emoji cannot be heard.", "Take them out"],
  "web-address": ["Nobody can click a web address in a call. Say what to search for instead.", null],
  screen: ["Callers have no screen: clicking and scrolling mean nothing to them.", null],
  "two-languages": ["It is told to speak two languages. Say which one, and when.", null],
  "other-language": ["The prompt speaks another language than the one chosen for callers below.", null],
  "long-answers": ["It is asked for long answers. Aloud, two sentences are a lot.", null],
  "too-long": ["This is long. All of it is sent again with every turn: slower and dearer.", null],
  "no-name": ["Your agent has no name to introduce itself with.", "Call it Juno"],
  "no-ending": ["Nothing says when a call is over.", "Add a goodbye"],
  "no-brevity": ["Nothing asks for short answers. Aloud, long ones are tiring.", "Ask for short answers"],
} as const satisfies Readonly<Record<string, readonly [string, string | null]>>;

export const STEPS_TITLE = "First steps";
export const stepsWords = (done: number, all: number): string => (done === all ? "all done" : `${done} of ${all}`);
export const STEP_DONE_WORDS = "done:";
export const STEP_OPEN_WORDS = "to do:";
export const STEP_WORDS = {
  called: ["Say hello to your agent", "Press the call button. It answers."],
  yours: ["Make it yours", "Change the greeting or the prompt, then call again."],
  tool: ["See it use a tool", "Ask it for the time in Tokyo, or to roll two dice."],
  key: ["Connect your own key", "So that it is you who pays, and nobody else's limit stops you."],
  "own-key-call": ["Call on your own key", "The receipt says whose key it was."],
} as const;
