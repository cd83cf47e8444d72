import { describe, expect, it } from "vitest";
import { frame, ScriptedLine } from "./scripted-line.ts";

describe("a call socket", () => {
  it("SOCKET-1 dials with the protocol and the ticket, and is open when the call says that it has begun", () => {
    const line = new ScriptedLine();
    expect(line.socket.url).toBe("wss://callroom.test/call/call-1");
    expect(line.socket.protocols).toEqual(["callroom.v1", "ticket-1"]);
    expect(line.socket.binaryType).toBe("arraybuffer");
    line.socket.readyState = 1;
    line.socket.onopen?.({} as never);
    expect([line.call.connection, line.connections]).toEqual(["connecting", []]);
    line.socket.begin();
    expect([line.call.connection, line.connections]).toEqual(["open", ["open"]]);
    expect(line.messages.map(({ type }) => type)).toEqual(["call-start"]);
    expect(line.call.reconnects).toBe(0);
  });

  it("SOCKET-2 gives on what it can read, sound untouched, and passes over the rest", () => {
    const line = new ScriptedLine();
    line.socket.begin();
    const sound = frame(7).buffer;
    line.socket.hear({ type: "state", state: "listening" });
    line.socket.hear(sound);
    for (const odd of ["", "{", '{"type":"weather"}', '{"type":"state","state":"asleep"}', "[]"]) line.socket.hear(odd);
    expect(line.messages.slice(1)).toEqual([{ type: "state", state: "listening" }]);
    expect(line.sounds).toEqual([sound]);
    expect(line.sounds[0]).toBe(sound);
  });

  it("SOCKET-3 sound from before the call has begun is kept for 2 s, the oldest going first", () => {
    const line = new ScriptedLine();
    const reused = new Uint8Array(1_920);
    for (let index = 0; index < 60; index++) line.call.sendSound(reused.fill(index));
    expect(line.socket.sent).toEqual([]);
    line.socket.begin();
    expect(line.socket.sounds.map(([first]) => first)).toEqual(Array.from({ length: 50 }, (_, index) => index + 10));
    line.call.sendSound(frame(99).buffer);
    expect(line.socket.sounds.at(-1)).toEqual(frame(99));
    expect(line.socket.sounds).toHaveLength(51);
  });

  it("SOCKET-4 sound that cannot leave now is dropped: no line, or more than 512 KiB waiting", () => {
    const line = ScriptedLine.open();
    line.socket.bufferedAmount = 512 * 1024;
    line.call.sendSound(frame(1));
    line.socket.bufferedAmount += 1;
    line.call.sendSound(frame(2));
    line.call.send({ type: "digit", digit: "5" });
    expect(line.socket.sounds).toEqual([frame(1)]);
    expect(line.socket.messages).toContainEqual({ type: "digit", digit: "5" });
    line.socket.drop();
    line.call.sendSound(frame(3));
    line.clock.advance(0);
    line.call.sendSound(frame(4));
    line.socket.begin();
    expect(line.socket.sounds).toEqual([]);
  });

  it("SOCKET-5 no sound leaves while muted, also before the call has begun", () => {
    const line = new ScriptedLine();
    line.call.send({ type: "mute", muted: true });
    line.call.sendSound(frame(1));
    line.socket.begin();
    line.call.sendSound(frame(2));
    line.call.send({ type: "mute", muted: false });
    line.call.sendSound(frame(3));
    expect(line.socket.sounds).toEqual([frame(3)]);
    expect(line.socket.messages).toEqual([
      { type: "mute", muted: true },
      { type: "mute", muted: false },
    ]);
  });
});

describe("the end of a call", () => {
  it.each([
    [1000, undefined],
    [1008, "The server does not accept this call."],
    [1009, "A message was larger than the server takes."],
    [1011, "Something went wrong on the server's side."],
    [1013, "The server has too much to do. Call again in a moment."],
    [4001, "The agent's OpenAI key cannot be used. Connect one on the student's page."],
    [4002, "The money for this call is used up."],
    [4003, "The call has reached its longest time."],
    [4004, "The call was ended by the workshop."],
  ])("SOCKET-6 a close with %i is final and says why", (code, sentence) => {
    const line = ScriptedLine.open();
    line.socket.drop(code, "why");
    expect(line.call.connection).toBe("closed");
    expect(line.closed).toEqual({ code, reason: "why", ...(sentence && { sentence }) });
    line.clock.advance(60_000);
    expect(line.sockets).toHaveLength(1);
    expect(line.clock.dueMs).toEqual([]);
  });

  it("SOCKET-6 a call that is refused is told in the server's own words", () => {
    const line = new ScriptedLine();
    line.socket.readyState = 1;
    line.socket.hear({ type: "error", code: "no_key", error: "No OpenAI API key configured." });
    line.socket.drop(4001, "no_key");
    expect(line.connections).toEqual(["closed"]);
    expect(line.closed).toEqual({ code: 4001, reason: "no_key", sentence: "No OpenAI API key configured." });
    expect(line.messages).toHaveLength(1);
  });

  it("SOCKET-6 an error from earlier in the call is not why it ended", () => {
    const line = ScriptedLine.open();
    line.socket.hear({ type: "error", code: "upstream_timeout", error: "OpenAI took too long to answer." });
    line.socket.drop(4003, "call_cap");
    expect(line.closed?.sentence).toBe("The call has reached its longest time.");
  });

  it.each([
    ["breaks", (line: ScriptedLine) => line.socket.drop()],
    ["restarts", (line: ScriptedLine) => line.socket.drop(1012)],
    ["is not answered for 10 s", (line: ScriptedLine) => line.clock.advance(10_000)],
  ])("SOCKET-7 a first connection that %s is over: there is no call yet to come back to", (_how, happen) => {
    const line = new ScriptedLine();
    happen(line);
    expect(line.closed?.sentence).toBe("No connection to the server could be made.");
    line.clock.advance(60_000);
    expect([line.sockets.length, line.connections]).toEqual([1, ["closed"]]);
  });

  it("SOCKET-8 hanging up tells the call and waits for its close, 2 s at most", () => {
    const line = ScriptedLine.open();
    line.call.hangUp();
    line.call.hangUp();
    line.call.sendSound(frame(1));
    line.call.send({ type: "text", text: "too late" });
    expect(line.socket.messages.at(-1)).toEqual({ type: "end" });
    expect(line.socket.sounds).toEqual([]);
    line.clock.advance(1_999);
    expect(line.call.connection).toBe("open");
    line.clock.advance(1);
    expect(line.closed).toEqual({ code: 1000, reason: "" });
    expect(line.socket.closedWith?.code).toBe(1000);
    const polite = ScriptedLine.open();
    polite.call.send({ type: "end" });
    polite.socket.hear({ type: "call-end", endReason: "caller-left" });
    polite.socket.drop(1000);
    expect(polite.closed).toEqual({ code: 1000, reason: "" });
    expect(polite.messages.at(-1)).toEqual({ type: "call-end", endReason: "caller-left" });
    expect([line.clock.dueMs, polite.clock.dueMs]).toEqual([[], []]);
  });

  it("SOCKET-8 hanging up without a line is over at once", () => {
    const early = new ScriptedLine();
    early.call.hangUp();
    expect([early.connections, early.socket.closedWith?.code]).toEqual([["closed"], 1000]);
    const lost = ScriptedLine.open();
    lost.socket.drop();
    lost.call.hangUp();
    expect(lost.connections.at(-1)).toBe("closed");
    lost.clock.advance(60_000);
    expect(lost.sockets).toHaveLength(1);
  });

  it.each([1006, 1012, 1001, 1000])("SOCKET-9 after call-end nobody comes back, not even after %i", (code) => {
    const line = ScriptedLine.open();
    line.socket.hear({ type: "call-end", endReason: "agent-ended" });
    line.socket.drop(code);
    expect(line.closed).toEqual({ code: 1000, reason: "" });
    line.clock.advance(60_000);
    expect(line.sockets).toHaveLength(1);
  });

  it("SOCKET-9 a server that says call-end and does not close is not waited for", () => {
    const line = ScriptedLine.open();
    line.socket.hear({ type: "call-end", endReason: "silence" });
    line.clock.advance(2_000);
    expect([line.closed, line.clock.dueMs]).toEqual([{ code: 1000, reason: "" }, []]);
  });
});
