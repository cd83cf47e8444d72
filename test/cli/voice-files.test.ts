import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RawData, WebSocket } from "ws";
import { readWav } from "../../src/cli/wav.ts";
import { levelOf } from "../../src/web/pcm.ts";
import { fliteSpeaker } from "../standins/speech.ts";
import { CallingDesk } from "./calling.ts";
import { samplesOf, VoiceAgent } from "./voice-agent.ts";
import { chunk, fmt, riff } from "./wav-files.ts";

let desk: CallingDesk;

beforeEach(async () => {
  desk = await CallingDesk.open();
});
afterEach(() => desk.close());

const call = (...args: readonly string[]) => desk.run(["--url", desk.room.origin, "--token", "wst_old", ...args]);

describe("the files of a call with --voice", () => {
  it.each([
    ["gone.wav", "cannot be read: there is no such file or folder."],
    ["folder.wav", "cannot be read: it is a folder."],
    ["song.mp3", "is no WAV file."],
    ["hush.wav", "holds nothing but silence."],
    ["empty.wav", "holds no sound."],
  ])("CLI-20 %s %s, and nobody is called", async (name, sentence) => {
    mkdirSync(join(desk.folder, "folder.wav"));
    writeFileSync(join(desk.folder, "song.mp3"), "ID3 and so on, for some bytes");
    writeFileSync(join(desk.folder, "hush.wav"), riff(fmt({}), chunk("data", new Uint8Array(48_000))));
    writeFileSync(join(desk.folder, "empty.wav"), riff(fmt({}), chunk("data", new Uint8Array(0))));
    writeFileSync(join(desk.folder, "good.wav"), riff(fmt({}), chunk("data", new Uint8Array(9_600).fill(99))));
    const run = call("--voice", "good.wav", "--voice", name);
    expect(await run.exitCode).toBe(1);
    expect(run.complained()).toBe(`${name} ${sentence}\n`);
    expect(desk.room.requests).toEqual([]);
  });
});

describe("what a call with --voice hears", () => {
  it("CLI-20 must have a place to be written to before anybody is called", async () => {
    writeFileSync(join(desk.folder, "good.wav"), riff(fmt({}), chunk("data", new Uint8Array(9_600).fill(99))));
    const run = call("--voice", "good.wav", "--out", "nowhere/reply.wav");
    expect(await run.exitCode).toBe(1);
    expect(run.complained()).toBe("nowhere/reply.wav cannot be written: there is no such file or folder.\n");
    expect(desk.room.requests).toEqual([]);
  });
});

describe("npm run call -- --voice", () => {
  it("CLI-21 is this command, as its own process, over a real socket: speech goes in and speech comes out", async () => {
    const speak = async (sentence: string) =>
      Uint8Array.from(await fliteSpeaker.speak(sentence, { format: "pcm16-24k" }));
    const [greeting, question, answer] = [await speak("Hi!"), await speak("The time?"), await speak("It is ten.")];
    const agent = new VoiceAgent({ words: "Hi!", sound: greeting }, [
      { words: "It is ten.", sound: answer, heardAs: "The time?" },
    ]);
    desk.room.onCall = (socket) => letIn(agent, socket);
    writeFileSync(join(desk.folder, "question.wav"), riff(fmt({}), chunk("data", question)));
    const entry = resolve(import.meta.dirname, "../../src/cli/call.ts");
    const args = ["--url", desk.room.origin, "--token", "wst_old", "--voice", "question.wav", "--out", "reply.wav"];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [entry, ...args], {
      env: { ...process.env, INIT_CWD: desk.folder },
    });
    expect(stderr).toBe("");
    expect(stdout).toContain("You     The time?\nAgent   It is ten.\n        210 ms to its first text");
    expect(stdout).toContain("Key     the student's OpenAI key\n");
    expect(desk.room.requests).toContain("UPGRADE /call/call-2");
    expect(desk.room.closes).toEqual([1000]);
    expect(existsSync(join(desk.folder, "reply.wav"))).toBe(true);
    const { samples, rateHz } = readWav(readFileSync(join(desk.folder, "reply.wav")));
    const lasted = Number(/reply\.wav, ([\d.]+) s/.exec(stdout)?.[1]);
    expect(samples.length / rateHz).toBeCloseTo(lasted, 1);
    // All that was said was heard, as loud as it was said.
    const heard = samples.reduce((sum, sample) => sum + sample ** 2, 0);
    const said = [greeting, answer].reduce(
      (sum, sound) => sum + samplesOf(sound).reduce((part, sample) => part + (sample / 32_768) ** 2, 0),
      0,
    );
    expect(heard).toBeCloseTo(said, 3);
    expect(levelOf(samples).peakDbfs).toBeGreaterThan(-20);
    expect(samplesOf(Buffer.concat(agent.frames)).some((sample) => Math.abs(sample) > 2_000)).toBe(true);
  }, 30_000);
});

function letIn(agent: VoiceAgent, socket: WebSocket): void {
  socket.on("message", (data: RawData, isBinary) => {
    if (Buffer.isBuffer(data)) agent.hear(isBinary ? new Uint8Array(data) : data.toString());
  });
  agent.join({ send: (frame) => socket.send(frame), close: (code, reason) => socket.close(code, reason) });
}
