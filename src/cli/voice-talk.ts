import { SOUND_HZ } from "../protocol/call-messages.ts";
import { CallTrouble } from "./call-rest.ts";
import type { CallPrinter } from "./print-call.ts";
import type { VoicePrinter } from "./print-voice.ts";
import type { Recorded } from "./voice-files.ts";
import type { VoiceLine } from "./voice-line.ts";

/** The agent has finished when it was quiet for so long: longer than any ear waits for the end of a turn. */
const SETTLED_MS = 1_000;
/** Nothing came of what was said: there was no speech in it. */
const UNHEARD_MS = 15_000;
/** Longer than any answer with all the tools it may use. */
const ANSWER_MS = 90_000;
/** How long the words of what was said may come later than the answer to it. */
const WORDS_MS = 2_000;

/**
 * Says one recording after the other, each when the answer to the one before was heard, the first after the greeting.
 * Comes back when the last was answered, or the call is over. Throws {@link CallTrouble} when an answer does not come.
 */
export async function sayRecorded(
  line: VoiceLine,
  recorded: readonly Recorded[],
  greets: boolean,
  lines: VoicePrinter,
  printer: CallPrinter,
): Promise<void> {
  if (!(await isAnswered(line, greets ? 0 : -1, "The agent did not greet", lines))) return;
  for (const { name, pcm16 } of recorded) {
    printer.note(`saying ${name}, ${(pcm16.length / SOUND_HZ).toFixed(1)} s`);
    const earlierSeq = line.agentSeq;
    line.say(pcm16);
    if (!(await isAnswered(line, earlierSeq, `The agent did not answer ${name}`, lines))) return;
  }
}

/** Waits until the agent has said something after the turn `earlierSeq`, all of it was heard, and it is quiet. */
async function isAnswered(line: VoiceLine, earlierSeq: number, failed: string, lines: VoicePrinter): Promise<boolean> {
  const hasSpoken = (): boolean => line.agentSeq > earlierSeq;
  const isUnheard = (): boolean => !hasSpoken() && line.quietMs >= UNHEARD_MS;
  const isOver = (): boolean => (hasSpoken() && line.quietMs >= SETTLED_MS) || isUnheard();
  const waited = await line.until(isOver, ANSWER_MS);
  if (waited === "met" && isUnheard()) {
    throw new CallTrouble(`${failed}: it heard nothing within ${UNHEARD_MS / 1_000} s.`);
  }
  if (waited === "late") throw new CallTrouble(`${failed} within ${ANSWER_MS / 1_000} s.`);
  if (waited === "met") await line.until(() => !lines.awaitsWords, WORDS_MS);
  lines.settle();
  return waited === "met";
}
