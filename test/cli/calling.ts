import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { callCommand } from "../../src/cli/call-command.ts";
import { nodeCallWorld } from "../../src/cli/call-world.ts";
import { readConfiguration } from "../../src/cli/configuration.ts";
import type { CallSocketWorld } from "../../src/web/call-socket.ts";
import { Callroom } from "./small-callroom.ts";

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: Readable & { isTTY?: boolean };
  readonly isScreen?: boolean;
  readonly onHangUp?: (hangUp: () => void) => () => void;
  readonly callWorld?: CallSocketWorld;
  readonly sleep?: (ms: number) => Promise<void>;
}

export interface Run {
  readonly printed: () => string;
  readonly complained: () => string;
  readonly exitCode: Promise<number>;
}

/** Somebody with a terminal and a folder of their own, and a small Callroom to call. */
export class CallingDesk {
  readonly room: Callroom;
  readonly folder: string;

  private constructor(room: Callroom) {
    this.room = room;
    this.folder = mkdtempSync(join(tmpdir(), "callroom-call-"));
  }

  static async open(): Promise<CallingDesk> {
    return new CallingDesk(await new Callroom().start());
  }

  async close(): Promise<void> {
    await this.room.stop();
    rmSync(this.folder, { recursive: true });
  }

  /** As a running `npm run dev` leaves it. */
  writeEndpoints(): void {
    const endpoints = {
      pageUrl: `${this.room.origin}/`,
      joinCode: "MAPLE-7",
      databaseUrl: "postgres://x",
      databaseHttpEndpoint: "http://x",
      psqlUrl: "postgres://x",
      openaiBaseUrl: "http://x",
    };
    mkdirSync(join(this.folder, ".data"));
    writeFileSync(join(this.folder, ".data", "endpoints.json"), JSON.stringify(endpoints));
  }

  /** `npm run call`, with these arguments. */
  run(args: readonly string[], options: RunOptions = {}): Run {
    let printed = "";
    let complained = "";
    const out = new Writable({
      decodeStrings: false,
      write: (piece, _encoding, done) => {
        printed += String(piece);
        done();
      },
    });
    const exitCode = callCommand(args, {
      configuration: readConfiguration(options.environment ?? {}, this.folder),
      input: options.input ?? Readable.from([]),
      out: Object.assign(out, { isTTY: options.isScreen === true }),
      err: { write: (piece) => (complained += piece) },
      files: {
        read: (path) => readFile(join(this.folder, path)),
        write: (path, bytes) => writeFile(join(this.folder, path), bytes),
      },
      callWorld: options.callWorld ?? nodeCallWorld,
      now: () => this.room.nowMs,
      sleep: options.sleep ?? (async () => undefined),
      onHangUp: options.onHangUp ?? (() => () => undefined),
    });
    return { printed: () => printed, complained: () => complained, exitCode };
  }
}
