import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RECORDING_RATE_HZ, toRecording } from "../../src/cli/recording.ts";
import { spokenCommand, spokenSentences } from "../../src/cli/spoken-command.ts";
import { decodeMulaw } from "../standins/mulaw.ts";
import { fliteSpeaker, type Speaker, toneSpeaker } from "../standins/speech.ts";

const PUBLIC = resolve(import.meta.dirname, "../../src/web/public");

describe("npm run build:spoken", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "callroom-spoken-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function build(speaker: Speaker): Promise<{ code: number; said: string[] }> {
    const said: string[] = [];
    const code = await spokenCommand({ publicFolder: folder, speaker, print: (line) => said.push(line) });
    return { code, said };
  }
  const contents = (root: string): Record<string, string> =>
    Object.fromEntries(
      readdirSync(join(root, "spoken")).map((name) => [
        name,
        readFileSync(join(root, "spoken", name)).toString("base64"),
      ]),
    );

  it("SPOKEN-14 what is kept in the repository is, to the byte, what the command makes", async () => {
    expect((await build(fliteSpeaker)).code).toBe(0);
    // Not as one value: a difference would print a megabyte.
    const [made, kept] = [contents(folder), contents(PUBLIC)];
    expect(Object.keys(made)).toEqual(Object.keys(kept));
    expect(Object.keys(made).filter((name) => made[name] !== kept[name])).toEqual([]);
  }, 60_000);

  it("SPOKEN-15 a second run writes nothing, and the list of files names each with its sentence", async () => {
    const first = await build(toneSpeaker);
    expect(first.said.at(-1)).toContain(`${spokenSentences().length + 1} files written, 0 removed`);
    const writtenAt = readdirSync(join(folder, "spoken")).map((name) => statSync(join(folder, "spoken", name)).mtimeMs);
    const again = await build(toneSpeaker);
    expect(again.said.at(-1)).toContain("0 files written, 0 removed");
    expect(readdirSync(join(folder, "spoken")).map((name) => statSync(join(folder, "spoken", name)).mtimeMs)).toEqual(
      writtenAt,
    );
    const manifest: unknown = JSON.parse(readFileSync(join(folder, "spoken/manifest.json"), "utf8"));
    expect(manifest).toEqual(
      spokenSentences().map((sentence) => ({
        file: expect.stringMatching(/^\/spoken\/[0-9a-f]{16}\.ulaw$/),
        durationMs: expect.any(Number),
        sentence,
      })),
    );
  });

  it("SPOKEN-16 a recording whose sentence is gone is removed, other files are not", async () => {
    await build(toneSpeaker);
    writeFileSync(join(folder, "spoken/0123456789abcdef.ulaw"), "old");
    writeFileSync(join(folder, "spoken/note.txt"), "of somebody");
    expect((await build(toneSpeaker)).said.at(-1)).toContain("0 files written, 1 removed");
    expect(readdirSync(join(folder, "spoken"))).toContain("note.txt");
    expect(readdirSync(join(folder, "spoken"))).not.toContain("0123456789abcdef.ulaw");
  });

  it("SPOKEN-17 when one sentence cannot be made, the folder stays as it was", async () => {
    cpSync(join(PUBLIC, "spoken"), join(folder, "spoken"), { recursive: true });
    const before = contents(folder);
    const last = spokenSentences().at(-1);
    const failing: Speaker = {
      speak: (sentence, manner) =>
        sentence === last ? Promise.reject(new Error("no breath")) : toneSpeaker.speak(sentence, manner),
    };
    const { code, said } = await build(failing);
    expect(code).toBe(1);
    expect(said.at(-1)).toBe(`Nothing was written: "${last}" could not be made: no breath`);
    const after = contents(folder);
    expect(Object.keys(after).filter((name) => after[name] !== before[name])).toEqual([]);
    expect(Object.keys(after)).toEqual(Object.keys(before));
  });

  it("SPOKEN-18 the name OpenAI is given to the voice letter by letter", async () => {
    const spoken: string[] = [];
    await build({
      speak(sentence, manner) {
        spoken.push(sentence);
        return toneSpeaker.speak(sentence, manner);
      },
    });
    expect(spoken.filter((sentence) => sentence.includes("Open A I")).length).toBeGreaterThan(3);
    expect(spoken.filter((sentence) => sentence.includes("OpenAI"))).toEqual([]);
  });
});

describe("a recording", () => {
  const at = (ms: number): number => (ms * RECORDING_RATE_HZ) / 1_000;
  /** A second of silence, a second of a tone, a second of silence. */
  const speech = (peak: number): Int16Array =>
    Int16Array.from({ length: at(3_000) }, (_, index) =>
      index < at(1_000) || index >= at(2_000) ? 0 : Math.round(peak * Math.sin((2 * Math.PI * 500 * index) / 8_000)),
    );

  it.each([300, 3_000, 32_767])("SPOKEN-19 speech with a peak of %i is kept with a peak of -3 dBFS", (peak) => {
    const samples = decodeMulaw(toRecording(speech(peak)));
    const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    expect(Math.abs(20 * Math.log10(loudest / 32_768) + 3)).toBeLessThan(0.3);
  });

  it("SPOKEN-19 silence around speech is cut to 20 and 60 ms, and 150 ms follow", () => {
    const recording = toRecording(speech(8_000));
    expect(Math.abs(recording.length - at(20 + 1_000 + 60 + 150))).toBeLessThan(at(2));
    expect(decodeMulaw(recording.subarray(-at(150))).every((sample) => sample === 0)).toBe(true);
  });

  it("SPOKEN-19 silence is no speech", () => {
    expect(() => toRecording(new Int16Array(8_000))).toThrow("there is nothing to be heard");
  });
});
