import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CallingDesk, type Run, type RunOptions } from "./calling.ts";
import { CALL, type Callroom, say, send, TOOL } from "./small-callroom.ts";

let desk: CallingDesk;
let room: Callroom;

beforeEach(async () => {
  desk = await CallingDesk.open();
  room = desk.room;
});
afterEach(() => desk.close());

const run = (args: readonly string[], options?: RunOptions): Run => desk.run(args, options);

const TOKEN = ["--token", "wst_old"];
const atRoom = (...args: readonly string[]): readonly string[] => ["--url", room.origin, ...TOKEN, ...args];

describe("a call with --say", () => {
  it("CLI-1 joins with the code of npm run dev, talks, and prints transcript, tool, key, tokens and duration", async () => {
    desk.writeEndpoints();
    const { printed, complained, exitCode } = run(["--say", "What time is it?", "--say", "Thanks", "--name", "Ada"]);
    expect(await exitCode).toBe(0);
    expect(complained()).toBe("");
    expect(printed()).toBe(`Call to ${room.origin} joined as Ada
        the same student again: --token wst_new
Agent   Hello!
        0 ms to the first word
You     What time is it?
Agent   You said What time is it?.
        420 ms to the first word
You     Thanks
Agent   You said Thanks.
        420 ms to the first word
Tool    current_time({"time_zone":"Asia/Tokyo"}) → {"time":"10:24"}  ok, 3 ms
Call    1 min 7 s, you hung up, gpt-6-luna  call-2
Key     the student's OpenAI key
Tokens  523 in (128 cached), 41 out, 3 responses
Cost    $0.000072 on that key, and $0.157000 on the instructor's Twilio bill
`);
    expect(room.requests.slice(0, 3)).toEqual([
      'POST /api/join {"joinCode":"MAPLE-7","name":"Ada"}',
      "GET /api/me",
      "GET /api/me/calls",
    ]);
    expect(room.requests[3]).toBe("UPGRADE /ws/wst_new");
    expect([...room.authorizations]).toEqual(["Bearer wst_new"]);
  });

  it("CLI-2 tells the agent that each turn was heard, and hangs up as Twilio does", async () => {
    await run(atRoom("--say", "one", "--say", "two")).exitCode;
    expect(room.frames.map(({ type, name, value, voicePrompt }) => [type, name ?? voicePrompt, value])).toEqual([
      ["setup", undefined, undefined],
      ["info", "agentSpeaking", "off"],
      ["prompt", "one", undefined],
      ["info", "agentSpeaking", "off"],
      ["prompt", "two", undefined],
      ["info", "agentSpeaking", "off"],
    ]);
    expect(Object.keys(room.frames[0] ?? {})).toHaveLength(13);
    expect(room.frames[0]).toMatchObject({ callSid: "", accountSid: "", customParameters: {} });
    expect(room.closes).toEqual([1000]);
  });

  it("CLI-2 an agent without a greeting is spoken to at once", async () => {
    room.greeting = null;
    const { printed, exitCode } = run(atRoom("--say", "one"));
    expect(await exitCode).toBe(0);
    expect(printed()).toContain("\nYou     one\nAgent   You said one.\n");
  });

  it("CLI-3 the record shown is that of this call, once it has ended", async () => {
    const earlier = { ...CALL, id: "call-1", startedAt: "2026-11-21T10:00:00.000Z", model: "earlier" };
    let asked = 0;
    room.listCalls = () => {
      asked++;
      if (asked < 3) return [earlier];
      return asked < 6 ? [{ ...CALL, endedAt: null }, earlier] : [earlier, CALL];
    };
    room.onClose = () => undefined;
    room.record = { ...CALL, keySource: "instructor" };
    const { printed, exitCode } = run(atRoom("--say", "one"));
    expect(await exitCode).toBe(0);
    expect(printed()).toContain("Call    1 min 7 s, you hung up, gpt-6-luna  call-2\n");
    expect(printed()).toContain("Key     the instructor's OpenAI key (fallback)\n");
    expect(room.requests.at(-1)).toBe("GET /api/me/calls/call-2");
    expect(asked).toBe(6);
  });

  it("CLI-3 a record that is not written in time is said to come, and is no failure", async () => {
    room.onClose = () => undefined;
    const { printed, exitCode } = run(atRoom("--say", "one"));
    expect(await exitCode).toBe(0);
    expect(printed()).toContain("The record of this call is not written yet");
    expect(room.requests.filter((request) => request === "GET /api/me/calls")).toHaveLength(22);
  });
});

describe("the end of a call", () => {
  it.each([
    [{ reason: "agent-ended" }, "The agent has ended the call."],
    [
      { reason: "hand-over", note: "wants\u001b[2J a refund" },
      "The agent hands you over to a person: wants[2J a refund",
    ],
    [{ reason: "silence" }, "The call was ended at the other side."],
  ])("CLI-4 an end of %j is told as %j", async (handoff, sentence) => {
    room.onFrame = (socket, frame) => {
      if (frame.type === "setup") say(socket, "Goodbye.");
      if (frame.name === "agentSpeaking") send(socket, { type: "end", handoffData: JSON.stringify(handoff) });
    };
    const { printed, exitCode } = run(atRoom("--say", "never said"));
    expect(await exitCode).toBe(0);
    expect(printed()).toContain(`${sentence}\n`);
    expect(room.closes).toEqual([1000]);
  });

  it("CLI-5 an error is told in the server's sentence, fails, and leaves no record to wait for", async () => {
    room.onFrame = (socket) => {
      send(socket, { type: "error", error: "No OpenAI API key configured.\u0007", code: "no_key" });
      socket.close(4001, "no_key");
    };
    const { complained, exitCode } = run(atRoom("--say", "one"));
    expect(await exitCode).toBe(1);
    expect(complained()).toBe("No OpenAI API key configured.\n");
    expect(room.requests.filter((request) => request === "GET /api/me/calls")).toHaveLength(1);
  });

  it.each([
    [1011, "Something went wrong on the server's side."],
    [1013, "The server has too much to do. Call again in a moment."],
    [4001, "The agent's OpenAI key cannot be used. Connect one on the student's page."],
    [4003, "The call has reached its longest time."],
    [4004, "The call was ended by the workshop."],
    [4999, "The server closed the connection (code 4999)."],
  ])("CLI-5 a socket closed with %i fails with a sentence", async (code, sentence) => {
    room.onFrame = (socket, frame) => {
      if (frame.type === "setup") say(socket, "Hello!");
      else socket.close(code);
    };
    const { complained, printed, exitCode } = run(atRoom("--say", "one"));
    expect(await exitCode).toBe(1);
    expect(complained()).toBe(`${sentence}\n`);
    expect(printed()).toContain("Tokens  523 in");
  });

  it("CLI-5 a connection that breaks in mid-word ends the line and fails", async () => {
    room.onFrame = (socket) => {
      send(socket, { type: "text", token: "Hel", last: false });
      setImmediate(() => socket.terminate());
    };
    const { complained, printed, exitCode } = run(atRoom("--say", "one"));
    expect(await exitCode).toBe(1);
    expect(printed().endsWith("Agent   Hel\n")).toBe(true);
    expect(complained()).toBe("The connection to the server was lost.\n");
  });

  it("CLI-6 Ctrl-C hangs up in order", async () => {
    let hangUp = (): void => undefined;
    room.onFrame = (socket, frame) => {
      if (frame.type === "setup") say(socket, "Hello!");
      if (frame.type === "prompt") hangUp();
    };
    const { exitCode, printed } = run(atRoom("--say", "one", "--say", "two"), {
      onHangUp: (given) => {
        hangUp = given;
        return () => undefined;
      },
    });
    expect(await exitCode).toBe(0);
    expect(room.closes).toEqual([1000]);
    expect(printed()).not.toContain("two");
    expect(printed()).toContain("Key     the student's OpenAI key");
  });
});

describe("a call that cannot be made", () => {
  it("CLI-7 says that nothing runs here", async () => {
    const { complained, exitCode } = run([]);
    expect(await exitCode).toBe(1);
    expect(complained()).toBe(
      "Nothing runs here. Start npm run dev in another terminal, or name a Callroom with --url.\n",
    );
  });

  it("CLI-7 says that nothing answers, at the port of the environment when no address is known", async () => {
    desk.writeEndpoints();
    await room.stop();
    const there = run(["--say", "one"]);
    expect(await there.exitCode).toBe(1);
    expect(there.complained()).toContain(`Nothing answers at ${room.origin}. Start it with npm run dev`);
    rmSync(join(desk.folder, ".data"), { recursive: true });
    const { port } = new URL(room.origin);
    const default_ = run([...TOKEN, "--say", "one"], { environment: { PORT: port } });
    expect(await default_.exitCode).toBe(1);
    expect(default_.complained()).toContain(`Nothing answers at http://localhost:${port}.`);
  });

  it("CLI-7 a refused join or handshake is told in the server's sentence", async () => {
    const body = {
      success: false,
      error: "No workshop has this join code.",
      code: "unknown_join_code",
      requestId: "1",
    };
    room.joinReply = { status: 404, body };
    const joining = run(["--url", room.origin, "--code", "oak-1", "--say", "one"]);
    expect(await joining.exitCode).toBe(1);
    expect(joining.complained()).toBe("No workshop has this join code.\n");
    expect(room.requests).toEqual(['POST /api/join {"joinCode":"OAK-1","name":"Terminal caller"}']);
    room.refusal = { status: 429, body: JSON.stringify({ ...body, error: "Too many calls." }) };
    const calling = run(atRoom("--say", "one"));
    expect(await calling.exitCode).toBe(1);
    expect(calling.complained()).toBe("Too many calls.\n");
    room.refusal = { status: 502, body: "<html>" };
    const broken = run(atRoom("--say", "one"));
    expect(await broken.exitCode).toBe(1);
    expect(broken.complained()).toBe("The call was refused (status 502).\n");
  });

  it("CLI-7 an address that is no Callroom is called that", async () => {
    room.joinReply = { status: 200, body: { hello: "world" } };
    const { complained, exitCode } = run(["--url", room.origin, "--code", "OAK-1"]);
    expect(await exitCode).toBe(1);
    expect(complained()).toBe(`${room.origin} does not answer like a Callroom (status 200 for /api/join).\n`);
  });

  it.each([
    [["--shout"], "Unknown option '--shout'"],
    [["extra"], "Unexpected argument 'extra'"],
    [["--token", "a b"], "--token is not a session token."],
    [["--voice"], "Option '--voice <value>' argument missing"],
    [["--voice", ""], "--voice and --out need the name of a file."],
    [["--voice", "a.wav", "--out", ""], "--voice and --out need the name of a file."],
    [["--out", "a.wav"], "--out is for calls with --voice."],
    [["--voice", "a.wav", "--say", "Hello"], "A call is either --say or --voice."],
    [["--url", "nowhere"], "--url must be the address of a Callroom"],
    [["--url", "https://callroom.example.com"], "A deployed Callroom needs --code"],
    [["--url", "https://callroom.example.com", "--code", "!"], "--code is not a join code."],
  ])("CLI-8 the arguments %j are refused with the usage", async (args, sentence) => {
    const { complained, exitCode } = run(args);
    expect(await exitCode).toBe(2);
    expect(complained()).toContain(sentence);
    expect(complained()).toContain("npm run call -- --say");
  });

  it("CLI-8 --help prints the usage", async () => {
    const { printed, exitCode } = run(["--help"]);
    expect(await exitCode).toBe(0);
    expect(printed()).toContain("--token TOKEN");
  });
});

describe("a call from the keyboard", () => {
  it("CLI-9 a line typed while the agent speaks interrupts it with what was printed", async () => {
    const input = Object.assign(new PassThrough(), { isTTY: true });
    room.onFrame = (socket, frame) => {
      if (frame.type === "setup") {
        send(socket, { type: "text", token: "Once upon ", last: false });
        send(socket, { type: "text", token: "a time", last: false });
      }
      if (frame.type === "prompt") say(socket, "Yes?");
    };
    const { printed, exitCode } = run(atRoom(), { input });
    await expect.poll(printed).toContain("Once upon a time");
    room.nowMs += 900;
    input.write("stop please\n");
    await expect.poll(printed).toContain("Agent   Yes?\n        0 ms to the first word\n");
    input.write("\n");
    expect(await exitCode).toBe(0);
    expect(room.frames.slice(1)).toEqual([
      { type: "interrupt", utteranceUntilInterrupt: "Once upon a time", durationUntilInterruptMs: 900 },
      { type: "prompt", voicePrompt: "stop please", lang: "en-US", last: true },
      { type: "info", name: "agentSpeaking", value: "off" },
    ]);
    expect(printed()).toContain("Agent   Once upon a time\nYou     stop please\nAgent   Yes?\n");
    expect(room.closes).toEqual([1000]);
  });

  it("CLI-9 the end of the input hangs up, and so does the agent's end", async () => {
    const input = Object.assign(new PassThrough(), { isTTY: true });
    const first = run(atRoom(), { input });
    await expect.poll(first.printed).toContain("Hello!");
    input.end();
    expect(await first.exitCode).toBe(0);
    room.onFrame = (socket, frame) => {
      if (frame.type === "setup") send(socket, { type: "end", handoffData: "not ours" });
    };
    const second = run(atRoom(), { input: Object.assign(new PassThrough(), { isTTY: true }) });
    expect(await second.exitCode).toBe(0);
    expect(second.printed()).toContain("The call was ended at the other side.");
  });

  it("CLI-9 on a screen the typing line gives way to the agent's words and comes back after them", async () => {
    const input = Object.assign(new PassThrough(), { isTTY: true });
    const { printed, exitCode } = run(atRoom(), { input, isScreen: true, environment: { NO_COLOR: "1" } });
    await expect.poll(printed).toMatch(/ms to the first word\n[^\n]*You {5}/);
    input.write("one\r");
    await expect.poll(printed).toContain("\r\x1b[KAgent   You said one.\n");
    expect(printed()).not.toContain("\x1b[36m");
    room.onFrame = (socket, frame) => {
      if (frame.voicePrompt === "two") send(socket, { type: "text", token: "Once upon", last: false });
      if (frame.voicePrompt === "stop") say(socket, "Yes?");
    };
    input.write("two\r");
    await expect.poll(printed).toContain("Agent   Once upon");
    input.write("stop\r");
    await expect.poll(printed).toContain("Agent   Once uponstop\r\n\r\x1b[K\r\x1b[KAgent   Yes?\n");
    input.write("\x04");
    expect(await exitCode).toBe(0);
    expect(printed()).toContain("\r\x1b[KTool    current_time(");
  });

  it("CLI-10 lines of a pipe are said one after the other, each after its answer", async () => {
    const { printed, exitCode } = run(atRoom(), { input: Readable.from(["one\n\ntwo", "\nthree"]) });
    expect(await exitCode).toBe(0);
    const order = room.frames.map(({ voicePrompt, value }) => voicePrompt ?? value).slice(1);
    expect(order).toEqual(["off", "one", "off", "two", "off", "three", "off"]);
    expect(printed()).toContain("You     three\nAgent   You said three.\n");
  });
});

describe("what is printed", () => {
  it("CLI-11 colours are for terminals that want them", async () => {
    const screen = run(atRoom("--say", "one"), { isScreen: true });
    await screen.exitCode;
    expect(screen.printed()).toContain("\x1b[36mYou\x1b[0m     one\n\x1b[32mAgent\x1b[0m   You said one.");
    for (const environment of [{ NO_COLOR: "1" }, { TERM: "dumb" }]) {
      const plain = run(atRoom("--say", "one"), { isScreen: true, environment });
      await plain.exitCode;
      expect(plain.printed()).not.toContain("\x1b");
    }
  });

  it("CLI-11 nothing that comes from outside drives the terminal, and its lines stay in their column", async () => {
    room.greeting = "\x1b]0;title\x07One\r\nTwo\x9b31m\u0000";
    room.turns = [{ ...TOOL, toolCall: { ...TOOL.toolCall, output: `\x1b[2J${"x".repeat(500)}`, outcome: "failed" } }];
    const { printed, exitCode } = run(atRoom("--say", "one"));
    await exitCode;
    expect(printed()).toContain("Agent   ]0;titleOne\n        Two31m\n");
    expect(printed()).toMatch(/→ \[2Jx{116}… {2}failed, 3 ms\n/);
    expect(printed()).not.toMatch(/(?!\n)\p{Cc}/u);
  });
});

describe("npm run call", () => {
  it("CLI-12 is this command, as its own process", async () => {
    const entry = resolve(import.meta.dirname, "../../src/cli/call.ts");
    const { stdout } = await promisify(execFile)(process.execPath, [entry, ...atRoom("--say", "Good day")]);
    expect(stdout).toContain("You     Good day\nAgent   You said Good day.\n");
    expect(stdout).toContain("Key     the student's OpenAI key\n");
    await expect(promisify(execFile)(process.execPath, [entry, "--shout"])).rejects.toMatchObject({ code: 2 });
  });
});
