import { describe, expect, it } from "vitest";
import { Heartbeat } from "../../src/web/heartbeat.ts";
import { frame, ScriptedLine } from "./scripted-line.ts";

describe("a line that is lost", () => {
  it.each([1006, 1012, 1001, 1005])(
    "SOCKET-10 after %i the call is looked for with its latest resume ticket",
    (code) => {
      const line = ScriptedLine.open();
      line.socket.drop(code);
      expect(line.connections).toEqual(["open", "reconnecting"]);
      line.clock.advance(0);
      expect(line.sockets).toHaveLength(2);
      expect(line.socket.protocols).toEqual(["callroom.v1", "resume-1"]);
      line.socket.begin("resume-2", true);
      expect([line.connections.at(-1), line.call.reconnects]).toEqual(["open", 1]);
      line.clock.advance(5_000);
      line.socket.drop(code);
      line.clock.advance(0);
      expect(line.socket.protocols).toEqual(["callroom.v1", "resume-2"]);
    },
  );

  it("SOCKET-11 it is tried at once, then after 0.5, 1 and each 2 s with full jitter", () => {
    for (const random of [1, 0.25]) {
      const line = ScriptedLine.open();
      line.random = random;
      line.socket.drop();
      const lostAtMs = line.clock.now();
      const triedAtMs: number[] = [];
      while (line.call.connection === "reconnecting" && line.sockets.length < 7) {
        const before = line.sockets.length;
        line.clock.advance((line.clock.dueMs[0] ?? 0) - line.clock.now());
        if (line.sockets.length === before) continue;
        triedAtMs.push(line.clock.now() - lostAtMs);
        line.socket.drop();
      }
      expect(triedAtMs.map((ms) => ms / random)).toEqual([0, 500, 1_500, 3_500, 5_500, 7_500]);
    }
  });

  it("SOCKET-11 a try that is not answered within 5 s, and one that cannot even be made, is followed by the next", () => {
    const line = ScriptedLine.open();
    line.socket.drop();
    line.clock.advance(4_999);
    expect(line.sockets).toHaveLength(2);
    const silent = line.socket;
    line.refuses = true;
    line.clock.advance(1);
    expect(silent.closedWith?.code).toBe(4_000);
    line.clock.advance(500);
    line.refuses = false;
    line.clock.advance(999);
    expect(line.sockets).toHaveLength(2);
    line.clock.advance(1);
    expect(line.sockets).toHaveLength(3);
    silent.begin();
    expect(line.call.connection).toBe("reconnecting");
  });

  it("SOCKET-12 30 s after the loss it is given up", () => {
    const line = ScriptedLine.open();
    line.socket.drop(1012);
    line.clock.advance(29_999);
    expect(line.call.connection).toBe("reconnecting");
    line.clock.advance(1);
    expect(line.closed).toEqual({ code: 1012, reason: "", sentence: "The server restarts. Call again in a moment." });
    expect(line.clock.dueMs).toEqual([]);
    line.clock.advance(60_000);
    expect(line.connections).toEqual(["open", "reconnecting", "closed"]);
  });

  it("SOCKET-12 a line that comes and goes is one loss until it has held for 5 s", () => {
    const line = ScriptedLine.open();
    const lostAtMs = line.clock.now();
    line.socket.drop();
    while (line.call.connection !== "closed") {
      line.clock.advance((line.clock.dueMs[0] ?? 0) - line.clock.now());
      if (line.socket.readyState !== 0) continue;
      line.socket.begin();
      line.clock.advance(1_000);
      line.socket.drop();
    }
    expect(line.clock.now() - lostAtMs).toBeGreaterThanOrEqual(30_000);
    expect(line.clock.now() - lostAtMs).toBeLessThan(31_000);
    expect(line.call.reconnects).toBeLessThan(15);
    const steady = ScriptedLine.open();
    for (let loss = 0; loss < 10; loss++) {
      steady.socket.drop();
      steady.clock.advance(0);
      steady.socket.begin();
      steady.clock.advance(5_000);
    }
    expect([steady.call.connection, steady.call.reconnects]).toEqual(["open", 10]);
  });

  it("SOCKET-12 a call that is over meanwhile is not looked for any longer", () => {
    const line = ScriptedLine.open();
    line.socket.drop();
    line.clock.advance(0);
    line.socket.readyState = 1;
    line.socket.hear({ type: "error", code: "call_over", error: "This call is over." });
    line.socket.drop(1008, "call_over");
    expect(line.closed).toEqual({ code: 1008, reason: "call_over", sentence: "This call is over." });
  });

  it("SOCKET-13 what is said without a line is said on the next one, and pings and positions are not", () => {
    const line = ScriptedLine.open();
    line.call.send({ type: "text", text: "before" });
    line.socket.drop();
    line.call.send({ type: "text", text: "one" });
    line.call.send({ type: "played", positionMs: 100, receivedMs: 200 });
    line.call.send({ type: "ping" });
    line.call.send({ type: "digit", digit: "2" });
    line.clock.advance(0);
    line.socket.drop();
    line.call.send({ type: "text", text: "three" });
    line.clock.advance(1_000);
    line.socket.begin();
    const kept = [
      { type: "text", text: "one" },
      { type: "digit", digit: "2" },
      { type: "text", text: "three" },
    ];
    expect(line.socket.messages).toEqual(kept);
    line.socket.drop();
    line.clock.advance(2_000);
    line.socket.begin();
    expect(line.socket.messages).toEqual([]);
  });

  it("SOCKET-13 of what is said without a line the last 32 are kept", () => {
    const line = new ScriptedLine();
    for (let index = 0; index < 40; index++) line.call.send({ type: "text", text: `${index}` });
    line.socket.begin();
    expect(line.socket.messages).toEqual(
      Array.from({ length: 32 }, (_, index) => ({ type: "text", text: `${index + 8}` })),
    );
  });

  it("SOCKET-14 each new socket is told how things stand: talk-mode, mute, and a button that is held", () => {
    const line = ScriptedLine.open();
    line.call.send({ type: "mute", muted: true });
    line.call.send({ type: "mute", muted: false });
    line.call.send({ type: "talk-mode", mode: "push-to-talk" });
    line.call.send({ type: "talk", pressed: true });
    for (let loss = 0; loss < 2; loss++) {
      line.socket.drop();
      line.clock.advance(1_000);
      line.socket.begin();
      expect(line.socket.messages).toEqual([
        { type: "talk-mode", mode: "push-to-talk" },
        { type: "mute", muted: false },
        { type: "talk", pressed: true },
      ]);
    }
    line.socket.drop();
    line.call.send({ type: "talk", pressed: false });
    line.clock.advance(2_000);
    line.socket.begin();
    expect(line.socket.messages.at(-1)).toEqual({ type: "talk", pressed: false });
    line.socket.drop();
    line.clock.advance(4_000);
    line.socket.begin();
    expect(line.socket.messages.map(({ type }) => type)).toEqual(["talk-mode", "mute"]);
  });
});

describe("a line that is silent", () => {
  it("SOCKET-15 is asked after 5 s without a frame, and given up after 5 s without an answer", () => {
    const line = ScriptedLine.open();
    line.clock.advance(4_999);
    expect(line.socket.messages).toEqual([]);
    line.clock.advance(1);
    expect(line.socket.messages).toEqual([{ type: "ping" }]);
    line.clock.advance(4_999);
    expect(line.call.connection).toBe("open");
    line.clock.advance(1);
    expect(line.connections.at(-1)).toBe("reconnecting");
    // Not a hang-up: the call waits for its caller.
    expect(line.sockets[0]?.closedWith?.code).toBe(4_000);
    line.clock.advance(0);
    line.socket.begin("resume-2", true);
    line.sockets[0]?.drop(1000);
    line.sockets[0]?.hear(frame(1).buffer);
    expect([line.call.connection, line.sounds]).toEqual(["open", []]);
  });

  it.each([
    ["a pong", { type: "pong" } as const],
    ["sound", frame(1).buffer],
    ["a frame nobody can read", "?"],
  ])("SOCKET-15 is alive with %s", (_what, sign) => {
    const line = ScriptedLine.open();
    for (let round = 0; round < 20; round++) {
      line.clock.advance(9_000);
      line.socket.hear(sign);
    }
    expect([line.call.connection, line.sockets.length]).toEqual(["open", 1]);
    expect(line.socket.messages.every(({ type }) => type === "ping")).toBe(true);
    expect(line.socket.messages.length).toBeGreaterThan(19);
  });

  it("SOCKET-15 a page that slept asks first, and does not take its own absence for the server's", () => {
    let nowMs = 0;
    let wake = (): void => {};
    const signs: string[] = [];
    const world = {
      nowMs: () => nowMs,
      startTimer: (run: () => void) => {
        wake = run;
        return () => {};
      },
    };
    const heartbeat = new Heartbeat(world, { onQuiet: () => signs.push("quiet"), onDead: () => signs.push("dead") });
    heartbeat.start();
    for (const sleptMs of [600_000, 600_000]) {
      nowMs += sleptMs;
      wake();
      heartbeat.heard();
      wake();
    }
    expect(signs).toEqual(["quiet", "quiet"]);
    nowMs += 600_000;
    wake();
    nowMs += 5_000;
    wake();
    expect(signs).toEqual(["quiet", "quiet", "quiet", "dead"]);
  });
});
