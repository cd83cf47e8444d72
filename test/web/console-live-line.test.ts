import { describe, expect, it } from "vitest";
import { LIVE_PING } from "../../src/protocol/live-messages.ts";
import { type LiveConnection, LiveLine, liveUrl } from "../../src/web/live-line.ts";
import { ManualClock } from "../standins/clock.ts";
import { ScriptedSocket } from "./scripted-line.ts";

/** A line in a world that stands still until the test moves it; its messages are numbers. */
class Scene {
  readonly clock = new ManualClock();
  readonly sockets: ScriptedSocket[] = [];
  readonly messages: number[] = [];
  readonly connections: LiveConnection[] = [];
  readonly failedTries: number[] = [];
  refuses = false;
  readonly line = new LiveLine<number>(
    "wss://callroom.test/live",
    {
      parse: (text) => (/^\d+$/.test(text) ? Number(text) : undefined),
      onMessage: (message) => this.messages.push(message),
      onConnection: (connection) => this.connections.push(connection),
      onFailedTry: (tries) => this.failedTries.push(tries),
    },
    {
      openSocket: (url) => {
        if (this.refuses) throw new SyntaxError("The URL is invalid.");
        const socket = new ScriptedSocket(url, []);
        this.sockets.push(socket);
        return socket;
      },
      startTimer: this.clock.startTimer,
      nowMs: this.clock.now,
      random: () => 1,
    },
  );

  get socket(): ScriptedSocket {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error("nobody has dialled");
    return socket;
  }

  /** The newest socket opens and says how everything is. */
  open(message = "1"): this {
    this.socket.readyState = 1;
    this.socket.hear(message);
    return this;
  }

  /** It has been open for long enough to count as steady. */
  steady(): this {
    this.open();
    this.clock.advance(4_000);
    this.socket.hear("2");
    this.clock.advance(2_000);
    return this;
  }
}

describe("the line of /live", () => {
  it("CONSOLE-16 is open with its first message and not with the handshake", () => {
    const scene = new Scene();
    scene.socket.readyState = 1;
    expect(scene.line.connection).toBe("connecting");
    scene.socket.hear("7");
    expect([scene.connections, scene.messages]).toEqual([["open"], [7]]);
  });

  it("CONSOLE-16 passes over what it cannot read", () => {
    const scene = new Scene().open();
    scene.socket.hear("a newer server's");
    scene.socket.hear(new ArrayBuffer(4));
    expect(scene.messages).toEqual([1]);
  });

  it("CONSOLE-17 comes back at once after a loss, and then more and more slowly, but for ever", () => {
    const scene = new Scene().steady();
    scene.socket.drop();
    expect(scene.connections.at(-1)).toBe("lost");
    const waitsMs: number[] = [];
    for (let tries = 0; tries < 8; tries += 1) {
      const fromMs = scene.clock.now();
      const before = scene.sockets.length;
      while (scene.sockets.length === before) scene.clock.advance(100);
      waitsMs.push(scene.clock.now() - fromMs);
      scene.socket.drop();
    }
    expect(waitsMs).toEqual([100, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
    scene.clock.advance(10_000);
    scene.open("9");
    expect([scene.connections, scene.messages.at(-1)]).toEqual([["open", "lost", "open"], 9]);
  });

  it("CONSOLE-17 waits after a socket that did not hold, and forgets it after one that did", () => {
    const scene = new Scene().open();
    scene.socket.drop();
    scene.clock.advance(0);
    scene.open();
    scene.socket.drop();
    scene.clock.advance(499);
    expect(scene.sockets).toHaveLength(2);
    scene.clock.advance(1);
    scene.steady();
    scene.socket.drop();
    scene.clock.advance(0);
    expect(scene.sockets).toHaveLength(4);
  });

  it("CONSOLE-17 also when there is no socket to be had, or one that never speaks", () => {
    const scene = new Scene().steady();
    scene.refuses = true;
    scene.socket.drop();
    scene.clock.advance(500);
    scene.refuses = false;
    scene.clock.advance(1_000);
    expect([scene.sockets.length, scene.line.connection]).toEqual([2, "lost"]);
    scene.clock.advance(8_000);
    expect(scene.socket.closedWith?.code).toBe(4_000);
    scene.clock.advance(4_000);
    expect(scene.sockets).toHaveLength(3);
  });

  it("CONSOLE-18 asks a silent line for a sign, and gives a dead one up", () => {
    const scene = new Scene().open();
    scene.clock.advance(5_000);
    expect(scene.socket.sent).toEqual([LIVE_PING]);
    scene.socket.hear("pong");
    scene.clock.advance(4_999);
    expect(scene.socket.sent).toHaveLength(1);
    scene.clock.advance(1);
    scene.clock.advance(5_000);
    expect(scene.socket.closedWith?.code ?? scene.sockets[0]?.closedWith?.code).toBe(4_000);
    expect(scene.connections).toEqual(["open", "lost"]);
  });

  it.each([1_000, 1_008, 4_004])("CONSOLE-19 ends for good when the server says so: %i", (code) => {
    const scene = new Scene().steady();
    scene.socket.drop(code);
    scene.clock.advance(60_000);
    expect([scene.connections, scene.sockets.length]).toEqual([["open", "closed"], 1]);
  });

  it.each([1_006, 1_011, 1_012, 1_013])("CONSOLE-19 an accident ends nothing: %i", (code) => {
    const scene = new Scene().steady();
    scene.socket.drop(code);
    scene.clock.advance(0);
    expect(scene.sockets).toHaveLength(2);
  });

  it("CONSOLE-19 tells of each try that failed, for whoever may have been signed out", () => {
    const scene = new Scene();
    scene.socket.drop();
    scene.clock.advance(0);
    scene.socket.drop();
    expect([scene.failedTries, scene.connections]).toEqual([[1, 2], ["lost"]]);
  });

  it("CONSOLE-17 does not wait when it is known that the network is back", () => {
    const scene = new Scene().steady();
    for (let tries = 0; tries < 5; tries += 1) {
      scene.socket.drop();
      scene.clock.advance(tries === 0 ? 0 : 500 * 2 ** (tries - 1));
    }
    scene.socket.drop();
    const before = scene.sockets.length;
    scene.line.retryNow();
    scene.line.retryNow();
    expect(scene.sockets.length - before).toBe(1);
  });

  it("CONSOLE-19 that was closed by the page says and tries nothing more", () => {
    const scene = new Scene().steady();
    const socket = scene.socket;
    scene.line.close();
    socket.hear("8");
    scene.clock.advance(60_000);
    expect([socket.closedWith?.code, scene.messages.at(-1), scene.connections]).toEqual([1_000, 2, ["open"]]);
  });

  it("CONSOLE-16 is beside the page, encrypted as the page is", () => {
    expect(liveUrl("https://callroom.test/console?view=check", "a b")).toBe("wss://callroom.test/live?workshop=a+b");
    expect(liveUrl("http://127.0.0.1:8787/")).toBe("ws://127.0.0.1:8787/live");
  });
});
