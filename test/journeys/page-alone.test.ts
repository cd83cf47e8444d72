import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { FAILURE_WORDS, MICROPHONE_WORDS } from "../../src/web/words.ts";
import { fliteSpeaker } from "../standins/speech.ts";
import type { ChromiumOptions } from "./chromium.ts";
import { microphoneWav, StudentPage } from "./page.ts";
import type { PageCall } from "./page-call.ts";
import { PageServer } from "./page-server.ts";
import { LISTENING, CALL_START as START, turn } from "./page-world.ts";
import { eventually } from "./room.ts";

/** From the moment the server sends `clear` until no sound comes any more. */
const SILENCE_MS = 120;

let story: Uint8Array;
let microphone: { readonly path: string; remove(): void };
beforeAll(async () => {
  story = await fliteSpeaker.speak("One, two, three, four, five, six, seven, eight.", { format: "pcm16-24k" });
  const longTalk = Array.from({ length: 30 }, () => ({ afterMs: 300, say: "I am still talking to you." }));
  microphone = await microphoneWav(...longTalk);
});
afterAll(() => microphone.remove());

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

interface Scene {
  readonly server: PageServer;
  readonly student: StudentPage;
}

async function scene(options: ChromiumOptions = {}): Promise<Scene> {
  const server = await PageServer.open();
  open.push(server);
  const student = await StudentPage.open(`${server.url}/#MAPLE-7F`, { microphoneWav: microphone.path, ...options });
  open.push(student);
  return { server, student };
}

async function calling(options?: ChromiumOptions): Promise<Scene & { readonly call: PageCall }> {
  const { server, student } = await scene(options);
  await student.join();
  await student.dial();
  const call = await server.call(0);
  call.send(START, LISTENING);
  await shows(student, "Listening");
  return { server, student, call };
}

const shows = (student: StudentPage, status: string): Promise<true> =>
  eventually(async () => (await student.status()) === status, `the page to say ${status}`);

describe("the page", () => {
  it("PAGE-22 joins with the code of its address, and knows its student again", async () => {
    const { student, server } = await scene();
    expect(await student.page.getByLabel("Join code").inputValue()).toBe("MAPLE-7F");
    await student.join();
    expect(student.page.url()).toBe(`${server.url}/`);
    await student.page.reload();
    await student.page.getByRole("banner").getByText("Voice agents").waitFor();
    expect(await student.page.getByLabel("Your name").inputValue()).toBe("Ada");
    await student.page.getByRole("button", { name: "Call your agent" }).waitFor();
    expect(await student.page.getByLabel("Join code").isVisible()).toBe(false);
    expect(student.complaints).toEqual([]);
  });

  it("PAGE-23 says why a call cannot begin, and can try again", async () => {
    const { student, server } = await scene();
    await student.join();
    server.api.refuse("POST /api/calls", { code: "no_key", error: "The server's words.", status: 402 });
    await student.dial();
    await student.page
      .getByRole("alert")
      .getByText(FAILURE_WORDS.no_key?.[0] ?? "")
      .waitFor();
    expect(await student.status()).toBe("Call ended");
    server.api.relent("POST /api/calls");
    await student.dial();
    (await server.call(0)).send(START, LISTENING);
    await shows(student, "Listening");
    expect(await student.page.locator("#call").getByRole("alert").count()).toBe(0);
  });

  it("PAGE-24 sends what the microphone hears in frames of 40 ms, and nothing of it while muted", async () => {
    const { student, call } = await calling();
    await eventually(() => call.sound.length >= 60, "60 frames");
    expect(new Set(call.sound.map(({ bytes }) => bytes))).toEqual(new Set([1_920]));
    const [first, last] = [call.sound.at(10), call.sound.at(59)];
    expect(((last?.atMs ?? 0) - (first?.atMs ?? 0)) / 49).toBeCloseTo(40, -1);

    await student.page.getByRole("button", { name: "Mute" }).click();
    await eventually(() => call.ofType("mute").length === 1, "the page to say that it is muted");
    await shows(student, "Muted: your agent cannot hear you");
    const muted = call.sound.length;
    await student.page.waitForTimeout(400);
    expect(call.sound.length).toBe(muted);
    await student.page.keyboard.press("m");
    await eventually(() => call.sound.length > muted + 5, "sound again");
    expect(call.ofType("mute")).toEqual([
      { type: "mute", muted: true },
      { type: "mute", muted: false },
    ]);
  });

  it("PAGE-25 with push-to-talk sends what is said while the button or Space is held, between two messages", async () => {
    const { student, call } = await calling();
    await student.page.getByRole("button", { name: "Push to talk" }).click();
    await eventually(() => call.ofType("talk-mode").length === 1, "the mode to be told");
    await shows(student, "Hold the button, or Space, and talk");
    const idle = call.sound.length;
    await student.page.waitForTimeout(300);
    expect(call.sound.length).toBe(idle);

    const hold = student.page.getByRole("button", { name: "Hold to talk" });
    await hold.hover();
    await student.page.mouse.down();
    await eventually(() => call.sound.length >= idle + 10, "sound while it is held");
    await student.page.mouse.up();
    await eventually(() => call.ofType("talk").length === 2, "the end of the turn");
    const said = call.sound.length;
    await student.page.getByRole("heading", { name: "Transcript" }).click();
    await student.page.waitForTimeout(300);
    expect(call.sound.length).toBe(said);

    await student.page.keyboard.down(" ");
    await eventually(() => call.sound.length >= said + 10, "sound while Space is held");
    await student.page.keyboard.up(" ");
    await eventually(() => call.ofType("talk").length === 4, "the end of the second turn");
    expect(call.ofType("talk").map(({ pressed }) => pressed)).toEqual([true, false, true, false]);
  });

  it("PAGE-26 is silent within 120 ms after the server says so, and tells where the sound was cut", async () => {
    const { student, call } = await calling();
    const silentAfterMs: number[] = [];
    for (let round = 1; round <= 10; round += 1) {
      call.play(story);
      const toldBefore = call.ofType("played").length;
      await eventually(() => call.ofType("played").length >= toldBefore + 4, "sound to be played");
      const clearedAtMs = performance.timeOrigin + performance.now();
      call.send({ type: "clear" });
      await eventually(
        async () => (await student.measures("clear to silence")).length === round,
        "the sound to be cut",
      );
      await student.page.waitForTimeout(250);
      const sounded = await student.sounded();
      const last = sounded.findLast(({ peak }) => peak > 0.001)?.atMs ?? Number.NaN;
      expect(sounded.filter(({ atMs, peak }) => atMs > clearedAtMs - 250 && peak > 0.05).length).toBeGreaterThan(10);
      silentAfterMs.push(last - clearedAtMs);
    }
    expect(silentAfterMs.filter((ms) => !(ms <= SILENCE_MS))).toEqual([]);
    // All that came is passed over, and so the position of each cut lies within its own piece.
    const storyMs = story.length / 48;
    const positions = call.ofType("played").map(({ positionMs }) => positionMs);
    expect(positions.every((positionMs, at) => positionMs >= (positions[at - 1] ?? 0))).toBe(true);
    expect(new Set(positions.map((positionMs) => Math.floor(positionMs / storyMs))).size).toBe(10);
    expect(call.ofType("played").every(({ positionMs, receivedMs }) => positionMs <= receivedMs)).toBe(true);
  });

  it("PAGE-27 tells each 100 ms how far it has played, and at once when all was played", async () => {
    const { student, call } = await calling();
    call.play(story);
    const storyMs = Math.floor(story.length / 48);
    await eventually(() => call.ofType("played").at(-1)?.positionMs === storyMs, "all of it to be played");
    const played = call.ofType("played");
    expect(played.length).toBeGreaterThan(storyMs / 110);
    expect(played.length).toBeLessThan(storyMs / 100 + 3);
    await eventually(async () => (await student.data("playing")) === "false", "silence");
    expect(Number(await student.data("played-ms"))).toBeCloseTo(story.length / 48, -1);
  });

  it("PAGE-28 says in a sentence why there is no microphone, and goes on without one", async () => {
    const { student, server } = await scene({ microphone: "refused" });
    await student.join();
    await student.dial();
    await student.page
      .getByRole("alert")
      .getByText(/^The microphone is blocked for this page\./)
      .waitFor();
    expect(server.calls.length).toBe(0);
    await student.page.getByRole("button", { name: "Call without a microphone and type" }).click();
    const call = await server.call(0);
    call.send(START, LISTENING);
    await shows(student, "Listening");
    await student.type("Hello?");
    await eventually(() => call.ofType("text").length === 1, "the typed words");
    expect([call.ofType("text"), call.sound]).toEqual([[{ type: "text", text: "Hello?" }], []]);
    call.play(story);
    await eventually(async () => (await student.data("playing")) === "true", "the answer to be heard");
    expect(await student.page.getByRole("button", { name: "Mute" }).isVisible()).toBe(false);
  });

  it("PAGE-28 says that there is no microphone", async () => {
    const { student } = await scene({ microphone: "none" });
    await student.join();
    await student.dial();
    await student.page.getByRole("alert").getByText(MICROPHONE_WORDS.none).waitFor();
  });

  it("PAGE-29 shows words as words, whatever they look like", async () => {
    const { student, call } = await calling();
    const markup = "<img src=x onerror=alert(1)><b>bold</b>";
    const toolCall = {
      toolCallId: "t",
      name: "<i>tool</i>",
      arguments: "",
      outcome: "ok",
      output: null,
      durationMs: 9,
    } as const;
    call.send(turn(1, "agent", markup), { type: "caption", seq: 2, speaker: "caller", delta: "<u>typed</u>" });
    call.send({ ...turn(3, "tool", ""), toolCall }, { type: "error", code: "internal", error: "<s>error</s>" });
    expect(await student.line(/onerror/)).toBe(`Agent\n${markup}`);
    expect(await student.line(/typed/)).toBe("You\n<u>typed</u>");
    expect(await student.line(/tool/)).toBe("<i>tool</i>answered after 9 ms");
    await student.page.getByRole("alert").getByText("<s>error</s>").waitFor();
    expect(await student.page.locator("#call :is(img, b, u, i, s)").count()).toBe(0);
    expect(student.complaints).toEqual([]);
  });

  it("PAGE-33 is used by keyboard alone: Enter calls, Escape twice ends, and every control has a name", async () => {
    const { student, server } = await scene();
    await student.join();
    await eventually(
      () => student.page.evaluate(() => document.activeElement?.id === "dial"),
      "the button to have focus",
    );
    await student.page.keyboard.press("Enter");
    const call = await server.call(0);
    call.send(START, LISTENING);
    await shows(student, "Listening");
    const controls = await student.page.locator("#call :is(button, input, meter):visible").all();
    const unnamed = controls.map(async (control) => ((await control.ariaSnapshot()).includes('"') ? [] : [control]));
    expect((await Promise.all(unnamed)).flat()).toEqual([]);
    expect(controls.length).toBeGreaterThan(5);
    await student.page.keyboard.press("Escape");
    await student.page.waitForTimeout(700);
    expect(call.ofType("end")).toEqual([]);
    await student.page.keyboard.press("Escape");
    await student.page.keyboard.press("Escape");
    await eventually(() => call.ofType("end").length === 1, "the end");
    await shows(student, "Call ended");
  });

  it("PAGE-34 needs no sideways scrolling at 320 pixels, in mid-call and with long words", async () => {
    const { student, call } = await calling();
    await student.page.setViewportSize({ width: 320, height: 568 });
    const long = "Donaudampfschifffahrtselektrizitaetenhauptbetriebswerkbauunterbeamtengesellschaft";
    call.send(turn(1, "agent", `${long} ${long}`), { ...turn(2, "caller", long) });
    await student.line(new RegExp(long));
    await student.page.getByRole("button", { name: "Push to talk" }).click();
    await student.page.getByRole("button", { name: "Hold to talk" }).waitFor();
    const wide = await student.page.evaluate(() => document.documentElement.scrollWidth);
    expect(wide).toBeLessThanOrEqual(320);
    const heights = await student.page
      .getByRole("toolbar")
      .getByRole("button")
      .evaluateAll((buttons) => buttons.map((button) => button.getBoundingClientRect().height));
    expect(heights.every((height) => height >= 48)).toBe(true);
  });
});
