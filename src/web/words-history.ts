import type { WayIn } from "../protocol/call-record.ts";
import { seconds } from "./words-call.ts";

/** Words of the Calls tab. */

export const HISTORY_WORDS = {
  title: "Calls",
  lead: "Every call to your agent, newest first: who said what, how long each answer took, and what it cost.",
  none: "No calls yet. The button is right here.",
  firstCall: "Make the first call",
  noneHint: "Afterwards each call leaves a receipt. It looks like this:",
  sample: "Sample receipt",
  loading: "Looking for your calls…",
  older: "Older calls",
  again: "Try again",
  back: "All calls",
  unended: "Not ended yet",
  unendedHint: "This call has not ended yet. Its receipt comes with its end.",
  transcript: "What was said",
  nothingSaid: "Nobody said anything.",
  transcriptionModel: "Model for your words",
  saveJson: "Save as JSON",
  saveText: "Save as text",
  callId: "Call id",
} as const;

export const WAY_IN_WORDS: Readonly<Record<WayIn, string>> = {
  browser: "Browser",
  "conversation-relay": "Phone or text",
  "media-streams": "Phone",
};

export const turnsWords = (count: number): string => (count === 1 ? "1 turn" : `${count} turns`);

export const REPLAY_WORDS = {
  open: "Replay",
  title: "Replay",
  hint: "What the screen showed, moment by moment. Sound is never stored.",
  play: "Play",
  pause: "Pause",
  back: "Previous turn",
  next: "Next turn",
  speed: "Speed",
  position: "Position",
} as const;
export const speedWords = (speed: number): string => `${speed}×`;
export const shortenedWords = (ms: number): string => `Nothing new for ${seconds(ms)}: shortened to 1 s`;

/** The transcript as a text file. */
export const EXPORT_WORDS = {
  title: "Callroom: a call",
  unheard: "not heard",
  noWords: "(no words)",
  tool: "Tool",
  sent: "sent",
  got: "got",
} as const;
