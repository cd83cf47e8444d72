import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { CALL_WORDS, JOIN_WORDS, WORKSPACE_WORDS } from "../../src/web/words.ts";
import { fliteSpeaker } from "../standins/speech.ts";
import { type OpenedPage, openPage, type PageOptions } from "./page-browser.ts";
import { eventually } from "./room.ts";

/** What came out of the loudspeaker, measured by the test behind everything that is the page's own. */
interface Sounding {
  /** By `performance.timeOrigin`'s clock, ms since 1970. */
  readonly atMs: number;
  readonly peak: number;
}

/** A student's browser. */
export class StudentPage {
  readonly page: Page;
  /** What the browser complained about: scripts that failed, policies that were broken. */
  readonly complaints: string[];
  readonly #opened: OpenedPage;

  private constructor(opened: OpenedPage) {
    this.#opened = opened;
    this.page = opened.page;
    this.complaints = opened.complaints;
  }

  get #call(): Locator {
    return this.page.getByRole("region", { name: WORKSPACE_WORDS.call, exact: true });
  }

  static async open(url: string, options: PageOptions = {}): Promise<StudentPage> {
    const before = async (page: Page): Promise<void> => {
      await page.addInitScript(listenAtTheLoudspeaker);
      await options.before?.(page);
    };
    return new StudentPage(await openPage(url, { ...options, before }));
  }

  /** With the code that the address brings, if it does. */
  async join(code?: string, name = "Ada"): Promise<void> {
    if (code !== undefined) await this.page.getByLabel(JOIN_WORDS.code).fill(code);
    await this.page.getByLabel(JOIN_WORDS.name).fill(name);
    await this.page.getByRole("button", { name: JOIN_WORDS.join, exact: true }).click();
    await this.page.getByRole("button", { name: CALL_WORDS.dial }).waitFor();
  }

  async dial(): Promise<void> {
    await this.page.getByRole("button", { name: CALL_WORDS.dial }).click();
  }

  async type(text: string): Promise<void> {
    await this.page.getByLabel(CALL_WORDS.sayLabel).fill(text);
    await this.page.getByLabel(CALL_WORDS.sayLabel).press("Enter");
  }

  /** A request of the page's own, signed in by its cookie; its reply, read as JSON. */
  ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const init = { method, body: body === undefined ? null : JSON.stringify(body) };
    return this.page.evaluate(
      async ([to, how]) => (await fetch(to, { ...how, headers: { "content-type": "application/json" } })).json(),
      [path, init] as const,
    );
  }

  /** The state of the call, in words. */
  status(): Promise<string> {
    return this.#call.getByRole("status").first().innerText();
  }

  /** Lines of the transcript, as they can be read. */
  transcript(): Promise<string[]> {
    return this.#call.getByRole("log").first().getByRole("listitem").allInnerTexts();
  }

  async line(pattern: RegExp, withinMs?: number): Promise<string> {
    return eventually(
      async () => (await this.transcript()).find((line) => pattern.test(line)),
      `a line like ${pattern} in the transcript`,
      withinMs,
    );
  }

  /** One of the page's `data-` attributes: `phase`, `state`, `playing`, `played-ms`, `played-dbfs`. */
  data(name: string): Promise<string | null> {
    return this.page.locator("#page").getAttribute(`data-${name}`);
  }

  /** What the loudspeaker was given since the page was opened. */
  sounded(): Promise<Sounding[]> {
    return this.page.evaluate(() => Reflect.get(globalThis, "sounded"));
  }

  /** What the page wrote down with the browser's own stop-watch, by the same clock. */
  measures(name: string): Promise<{ readonly startMs: number; readonly durationMs: number }[]> {
    return this.page.evaluate((wanted) => {
      const entries = performance.getEntriesByName(wanted, "measure");
      return entries.map(({ startTime, duration }) => ({
        startMs: performance.timeOrigin + startTime,
        durationMs: duration,
      }));
    }, name);
  }

  async close(): Promise<void> {
    await this.#opened.close();
  }
}

/** Runs in the page before anything of it: whatever is connected to the loudspeaker is also measured, each 4 ms. */
function listenAtTheLoudspeaker(): void {
  const sounded: Sounding[] = [];
  Reflect.set(globalThis, "sounded", sounded);
  const connect = Object.getOwnPropertyDescriptor(AudioNode.prototype, "connect")?.value;
  const listen = (source: AudioNode): void => {
    // 256 samples at 24 kHz: the last 11 ms.
    const analyser = new AnalyserNode(source.context, { fftSize: 256 });
    Reflect.apply(connect, source, [analyser]);
    const samples = new Float32Array(analyser.fftSize);
    setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
      sounded.push({ atMs: performance.timeOrigin + performance.now(), peak });
    }, 4);
  };
  Reflect.set(AudioNode.prototype, "connect", function (this: AudioNode, ...to: readonly unknown[]) {
    if (to[0] instanceof AudioDestinationNode) listen(this);
    return Reflect.apply(connect, this, to);
  });
}

/** A WAV file of speech, for a microphone: each sentence, and the silence before it. */
export async function microphoneWav(
  ...parts: readonly { readonly afterMs: number; readonly say: string }[]
): Promise<{ readonly path: string; remove(): void }> {
  const sounds: Uint8Array[] = [];
  for (const { afterMs, say } of parts) {
    sounds.push(new Uint8Array(afterMs * 48), await fliteSpeaker.speak(say, { format: "pcm16-24k", voice: "cedar" }));
  }
  const folder = mkdtempSync(join(tmpdir(), "callroom-wav-"));
  const path = join(folder, "microphone.wav");
  writeFileSync(path, wav(Buffer.concat(sounds)));
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** PCM16 mono at 24 kHz with the header of a WAV file (RIFF, format 1). */
function wav(pcm16: Buffer): Buffer {
  const header = Buffer.alloc(44);
  header.write("RIFF", 0);
  header.writeUInt32LE(36 + pcm16.length, 4);
  header.write("WAVEfmt ", 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(24_000, 24);
  header.writeUInt32LE(48_000, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write("data", 36);
  header.writeUInt32LE(pcm16.length, 40);
  return Buffer.concat([header, pcm16]);
}
