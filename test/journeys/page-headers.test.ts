import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket as Socket } from "ws";
import { StudentPage } from "./page.ts";
import { eventually, Room } from "./room.ts";
import { knock } from "./voice-door.ts";

const TOKEN = "instructor-token-of-the-tests";

let room: Room;
beforeAll(async () => {
  room = await Room.open();
}, 120_000);
afterAll(() => room.close());

const EVERYWHERE = {
  "strict-transport-security": /^max-age=31536000; includeSubDomains$/,
  "x-content-type-options": /^nosniff$/,
  "referrer-policy": /^no-referrer$/,
  "cross-origin-opener-policy": /^same-origin$/,
  "cross-origin-resource-policy": /^same-origin$/,
  "permissions-policy": /microphone=\(self\), camera=\(\), geolocation=\(\)/,
  "content-security-policy": /default-src 'none';.*frame-ancestors 'none'/,
} as const;

/** What a page's policy must say beside that. */
const OF_A_PAGE = [
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "object-src 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
];

async function scriptOf(page: string): Promise<string> {
  const html = await (await fetch(`${room.url}${page}`)).text();
  return / src="([^"]+\.js)"/.exec(html)?.[1] ?? "no script";
}

/** Names of the headers that are not as they must be, with what they are. */
const wrongHeaders = (reply: Response): string[] =>
  Object.entries(EVERYWHERE).flatMap(([name, pattern]) => {
    const value = reply.headers.get(name) ?? "absent";
    return pattern.test(value) ? [] : [`${name}: ${value}`];
  });

describe("what every reply carries", () => {
  it.each(["/", "/console"])(
    "PAGE-70 %s may run and load what it brought with it, and is asked for anew",
    async (at) => {
      const reply = await fetch(`${room.url}${at}`);
      expect(reply.status).toBe(200);
      expect(reply.headers.get("content-type")).toMatch(/^text\/html/);
      expect(wrongHeaders(reply)).toEqual([]);
      const policy = (reply.headers.get("content-security-policy") ?? "").split("; ");
      expect(OF_A_PAGE.filter((directive) => !policy.includes(directive))).toEqual([]);
      expect(policy.filter((directive) => /unsafe|\*|https?:/.test(directive))).toEqual([]);
      expect(reply.headers.get("cache-control")).toMatch(/max-age=0|no-cache|no-store/);
    },
  );

  it("PAGE-71 a script with its hash in its name is kept for good", async () => {
    const reply = await fetch(`${room.url}${await scriptOf("/")}`);
    expect(reply.status).toBe(200);
    expect(reply.headers.get("content-type")).toMatch(/^(?:text|application)\/javascript/);
    expect(wrongHeaders(reply)).toEqual([]);
    expect(reply.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
  });

  it.each([
    ["/api/me", 401],
    ["/api/workshop/workshops", 401],
    ["/api/nothing", 404],
    ["/nothing", 404],
    ["/assets/nothing.js", 404],
    ["/healthz", 200],
    ["/openapi.json", 200],
  ])("PAGE-72 %s is answered %i with the same headers, and kept by nobody", async (path, status) => {
    const reply = await fetch(`${room.url}${path}`);
    expect(reply.status).toBe(status);
    expect(wrongHeaders(reply)).toEqual([]);
    expect(reply.headers.get("cache-control")).toBe("no-store");
  });
});

/**
 * Each looks a little like us. Another scheme or a user before our own host and port is not among them: wrangler's proxy before the Worker
 * makes it ours. REST's own matrix is in `test/api/guards.test.ts`, that of `/call` in `voice-limits`.
 */
function foreignOrigins(): string[] {
  const { host, hostname, port } = new URL(room.url);
  return [
    ...["null", "file://", "https://hostile.example", "about:blank", "data:text/html,x", "chrome-extension://abcdefgh"],
    ...[
      `//${host}`,
      host,
      `http://www.${host}`,
      `http://${host}:80`,
      `http://xn--${host}`,
      `http://${hostname}.nip.io:${port}`,
    ],
    ...[`http://[::ffff:127.0.0.1]:${port}`, `http://${host}%00.hostile.example`, `http://${hostname}:${port}1`],
    ...[`http://${hostname}`, `http://${hostname}:80`, `http://${hostname}:${Number(port) + 1}`],
    ...[`http://${hostname}:${port}0`, `http://${hostname}:0${port}`, `http://${hostname}.:${port}`],
    ...[`${room.url}/`, `${room.url}//`, `${room.url}?`, `${room.url}#`, `${room.url}.`, `${room.url}/path`],
    ...[`${room.url}.hostile.example`, `http://${host}.hostile.example`, `http://hostile.example:${port}`],
    ...[`http://hostile.example/${room.url}`, `http://${host}@hostile.example`],
    ...[`${room.url}, http://hostile.example`, `http://hostile.example, ${room.url}`],
    ...[`${room.url} http://hostile.example`, `http://localhost:${port}`, `http://[::1]:${port}`, `http://0:${port}`],
    ...[`http://127.1:${port}`, `http://2130706433:${port}`, `http://0x7f.0.0.1:${port}`, `http://127.0.0.2:${port}`],
  ];
}

describe("pages of other sites", () => {
  it("PAGE-73 forty origins that look like ours open no socket of /live, the student's or the instructor's", async () => {
    const origins = foreignOrigins();
    expect(new Set(origins).size).toBeGreaterThanOrEqual(40);
    const joined = await room.post("/api/join", { joinCode: room.endpoints.joinCode, name: "Eve" });
    const student = cookieOf(joined);
    const instructor = cookieOf(await room.post("/api/workshop/login", { instructorToken: TOKEN }));
    const workshops: unknown = await (
      await fetch(`${room.url}/api/workshop/workshops`, { headers: { cookie: instructor } })
    ).json();
    const workshopId: string = Object(workshops).workshops[0].id;
    const live = `${room.url.replace("http", "ws")}/live`;
    const doors = [
      { url: live, cookie: student, first: "live-start" },
      { url: `${live}?workshop=${workshopId}`, cookie: instructor, first: "wall-start" },
    ];
    for (const { url, cookie, first } of doors) {
      for (const origin of origins) {
        const { status, code } = await knock(url, { headers: { origin, cookie } });
        expect([origin, status, code]).toEqual([origin, 403, "bad_origin"]);
      }
      const own = new Socket(url, { headers: { origin: room.url, cookie } });
      const [data] = await once(own, "message");
      expect(JSON.parse(String(data)).type).toBe(first);
      own.close();
    }
  });

  it("PAGE-74 a page of another port, which shares our cookies, changes nothing, hears nothing and frames nothing", async () => {
    const student = await StudentPage.open(`${room.url}/#${room.endpoints.joinCode}`);
    const hostile = await hostileSite();
    try {
      await student.join();
      const page = await student.page.context().newPage();
      const refused: string[] = [];
      page.on("console", (line) => refused.push(line.text()));
      await page.goto(`http://127.0.0.1:${portOf(hostile)}/`);
      const tried = await page.evaluate(tryEverything, room.url);
      expect(tried).toEqual({ socket: "closed", read: "blocked", written: "blocked", sent: "blocked" });
      await eventually(() => refused.some((line) => /frame-ancestors|refused to connect/i.test(line)), "no frame");
      // What was sent without asking to read the answer did arrive, with the cookie, and was refused.
      const { name, config } = Object(await student.ask("GET", "/api/me"));
      expect([name, config.prompt]).toEqual(["Ada", null]);
    } finally {
      hostile.close();
      await student.close();
    }
  });
});

/** Runs in the foreign page. */
async function tryEverything(origin: string): Promise<Record<string, string>> {
  const frame = document.createElement("iframe");
  frame.src = origin;
  document.body.append(frame);
  const socket = new WebSocket(`${origin.replace("http", "ws")}/live`);
  const heard = new Promise<string>((resolve) => {
    socket.onmessage = () => resolve("heard");
    socket.onclose = () => resolve("closed");
  });
  const attempt = async (how: RequestInit, path: string): Promise<string> => {
    try {
      return (await fetch(origin + path, { credentials: "include", ...how })).type;
    } catch {
      return "blocked";
    }
  };
  const body = JSON.stringify({ name: "Mallory", prompt: "hostile" });
  const headers = { "content-type": "application/json" };
  return {
    socket: await heard,
    read: await attempt({}, "/api/me"),
    written: await attempt({ method: "PATCH", headers, body }, "/api/me"),
    sent: await attempt({ method: "POST", mode: "no-cors", body }, "/api/leave"),
  };
}

async function hostileSite(): Promise<Server> {
  const server = createServer((_, response) => {
    response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>hostile</title><body>");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

const portOf = (server: Server): number => {
  const address = server.address();
  return typeof address === "object" && address ? address.port : 0;
};

/** `name=value` of the one cookie that a reply sets. */
const cookieOf = (reply: Response): string => (reply.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
