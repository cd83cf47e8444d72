import { type CallMessage, SOUND_HZ } from "../protocol/call-messages.ts";
import type { CallConnection, CallSocketWorld } from "../web/call-socket.ts";
import type { CallRest } from "./call-rest.ts";
import { type CallPrinter, printable } from "./print-call.ts";
import { VoicePrinter } from "./print-voice.ts";
import type { Terminal } from "./progress.ts";
import { showRecord } from "./show-record.ts";
import { type Recorded, type SoundFiles, writeHeard } from "./voice-files.ts";
import { VoiceLine } from "./voice-line.ts";
import { sayRecorded } from "./voice-talk.ts";
import { writeWav } from "./wav.ts";

/* `npm run call -- --voice`: a call with sound as a browser makes it, with files for a microphone and a loudspeaker. */

/** What a call with sound needs of the outside, besides REST and a terminal. */
export interface VoiceSurroundings {
  readonly files: SoundFiles;
  readonly callWorld: CallSocketWorld;
  readonly err: Terminal;
  readonly sleep: (ms: number) => Promise<void>;
  readonly onHangUp: (hangUp: () => void) => () => void;
}

export interface VoiceCall {
  readonly token: string;
  /** The agent speaks first. */
  readonly greets: boolean;
  readonly recorded: readonly Recorded[];
  /** Where what was heard is written. */
  readonly out: string | undefined;
}

/** The server closes within 2 s of hanging up. */
const CLOSE_MS = 5_000;
/** Sound that still waits when the call has ended is heard to its end, up to this. */
const REST_MS = 15_000;

/**
 * Makes the call, says what was recorded, shows what is said and how long it took, keeps what is heard. Returns the exit
 * code. Throws `CallTrouble`, after what was heard till then has been written.
 */
export async function placeVoiceCall(
  { token, greets, recorded, out }: VoiceCall,
  rest: CallRest,
  printer: CallPrinter,
  { files, callWorld, err, sleep, onHangUp }: VoiceSurroundings,
): Promise<0 | 1> {
  const { callId, url, ticket } = await rest.prepareCall(token);
  const screen = new VoiceScreen(printer, err);
  const line = new VoiceLine({ url, ticket }, screen, callWorld, out !== undefined);
  let isHungUp = false;
  const hangUp = (): void => {
    isHungUp = true;
    line.hangUp();
  };
  const forget = onHangUp(hangUp);
  try {
    await sayRecorded(line, recorded, greets, screen.lines, printer);
    // Ended at the other side: what has come by then is heard all the same.
    if (line.closed && !isHungUp) await line.rest(REST_MS);
  } finally {
    if (!line.closed) hangUp();
    await line.until(() => false, CLOSE_MS);
    forget();
    line.stop();
    screen.lines.finish();
    if (out !== undefined) await writeHeard(files, out, writeWav(line.recording));
  }
  const sentence = line.closed?.sentence;
  if (sentence !== undefined && !isHungUp && !screen.isExplained) screen.complain(sentence);
  if (screen.hasBegun) {
    printer.line("Heard", heardWords(line), out === undefined ? "" : `${out}, ${seconds(line.heardMs)}`);
    await showRecord(
      rest,
      { token, find: (calls) => calls.find(({ id }) => id === callId), withTools: false },
      printer,
      sleep,
    );
  }
  return screen.hasFailed ? 1 : 0;
}

/** What the person at the terminal is shown of the call while it lasts. */
class VoiceScreen {
  readonly lines: VoicePrinter;
  /** There was a call, whatever became of it. */
  hasBegun = false;
  hasFailed = false;
  /** The server has said why the call is over. */
  isExplained = false;
  readonly #printer: CallPrinter;
  readonly #err: Terminal;

  constructor(printer: CallPrinter, err: Terminal) {
    this.lines = new VoicePrinter(printer);
    this.#printer = printer;
    this.#err = err;
  }

  onMessage(message: CallMessage): void {
    if (message.type === "call-start" && !message.resumed) {
      const whose = message.keySource === "student" ? "the student's" : "the instructor's";
      this.#printer.note(`${message.model}, voice ${message.voice}, on ${whose} OpenAI key`);
    }
    if (message.type === "error") this.complain(message.error);
    if (message.type === "error" || message.type === "call-end") this.isExplained = true;
    this.lines.message(message);
  }

  onConnection(connection: CallConnection): void {
    if (connection === "reconnecting") this.#printer.note("The connection was lost. Getting it back.");
    if (connection !== "open") return;
    if (this.hasBegun) this.#printer.note("The connection is back.");
    this.hasBegun = true;
  }

  complain(sentence: string): void {
    this.hasFailed = true;
    this.#printer.endLine();
    this.#err.write(`${printable(sentence)}\n`);
  }
}

function heardWords({ heard }: VoiceLine): string {
  if (heard.samples === 0) return "no sound";
  const level = `peak ${heard.peakDbfs.toFixed(1)} dBFS, RMS ${heard.rmsDbfs.toFixed(1)} dBFS`;
  return `${seconds((heard.samples / SOUND_HZ) * 1_000)} of sound, ${level}`;
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
