import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { MeReply } from "../../src/protocol/rest.ts";
import { PAUSE_MS } from "../../src/web/student/autosave.ts";
import { HOLDS_KEY_WORDS } from "../../src/web/words.ts";
import { ME } from "../journeys/page-world.ts";

interface Request {
  readonly route: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly keepalive: boolean;
  readonly answer: (status: number, reply: object) => Promise<void>;
}

/** The page's modules as they are when it is opened, with a server whose answers the test gives one by one. */
async function page() {
  vi.resetModules();
  const asked: Request[] = [];
  vi.stubGlobal("fetch", (path: string, { method = "GET", body, keepalive = false }: RequestInit) => {
    const { promise, resolve } = Promise.withResolvers<Response>();
    const answer = async (status: number, reply: object): Promise<void> => {
      resolve(Response.json({ success: status === 200, ...reply }, { status }));
      await vi.advanceTimersByTimeAsync(0);
    };
    asked.push({
      route: `${method} ${path}`,
      body: JSON.parse(typeof body === "string" ? body : "{}"),
      keepalive,
      answer,
    });
    return promise;
  });
  const [session, drafts] = await Promise.all([
    import("../../src/web/student/session.ts"),
    import("../../src/web/student/drafts.ts"),
  ]);
  const open = session.refreshMe();
  await vi.advanceTimersByTimeAsync(0);
  await asked.shift()?.answer(200, ME);
  await open;
  return { session, drafts, asked, pass: (ms: number) => vi.advanceTimersByTimeAsync(ms) };
}

const withConfig = (config: Partial<MeReply["config"]>): MeReply => ({ ...ME, config: { ...ME.config, ...config } });
const refusal = (code: string, field?: string): object => ({ code, error: "A sentence.", requestId: "0", field });

let windowEvents: EventTarget;
let documentEvents: EventTarget & { visibilityState?: string };
beforeEach(() => {
  vi.useFakeTimers();
  windowEvents = new EventTarget();
  documentEvents = Object.assign(new EventTarget(), { visibilityState: "visible" });
  vi.stubGlobal("addEventListener", windowEvents.addEventListener.bind(windowEvents));
  vi.stubGlobal("document", documentEvents);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("what the student types", () => {
  it("AGENT-40 is shown as it was typed, also where the server keeps it in another form", async () => {
    const { drafts, asked, pass } = await page();
    expect(drafts.draftOf("name")).toBe("Ada");
    drafts.edit({ name: "Ada L " });
    await pass(PAUSE_MS);
    expect(asked[0]).toMatchObject({ route: "PATCH /api/me", body: { name: "Ada L " }, keepalive: true });
    expect(drafts.saveStatusOf("name")?.state).toBe("saving");
    await asked[0]?.answer(200, { ...ME, name: "Ada L" });
    expect([drafts.draftOf("name"), drafts.saveStatusOf("name")?.state]).toEqual(["Ada L ", "saved"]);
  });

  it("AGENT-40 gives way to what the instructor pushes afterwards", async () => {
    const { session, drafts, asked, pass } = await page();
    drafts.edit({ prompt: "Mine." });
    await pass(PAUSE_MS);
    await asked[0]?.answer(200, withConfig({ prompt: "Mine." }));
    void session.refreshMe();
    await pass(0);
    await asked[1]?.answer(200, withConfig({ prompt: "Everybody's." }));
    expect(drafts.draftOf("prompt")).toBe("Everybody's.");
  });

  it("AGENT-41 stays as it is when an older reply comes", async () => {
    const { session, drafts, asked, pass } = await page();
    drafts.edit({ greeting: "One" });
    await pass(PAUSE_MS);
    drafts.edit({ greeting: "One two" });
    await asked[0]?.answer(200, withConfig({ greeting: "One" }));
    expect(session.me.value?.config.greeting).toBe("One");
    expect(drafts.draftOf("greeting")).toBe("One two");
  });

  it("AGENT-42 is not sent anywhere while it holds what looks like a key", async () => {
    const { drafts, asked, pass } = await page();
    const prompt = "Use sk-proj-0123456789abcdef0123 for it.";
    drafts.edit({ prompt });
    await pass(60_000);
    windowEvents.dispatchEvent(new Event("pagehide"));
    windowEvents.dispatchEvent(new Event("online"));
    await pass(0);
    expect(asked).toEqual([]);
    expect(drafts.draftOf("prompt")).toBe(prompt);
    expect(drafts.saveStatusOf("prompt")).toMatchObject({ state: "refused", sentence: HOLDS_KEY_WORDS });
  });

  it("AGENT-43 waits for a server that does not answer, and goes out when the network is back", async () => {
    const { drafts, asked, pass } = await page();
    drafts.edit({ prompt: "Mine." });
    await pass(PAUSE_MS);
    await asked[0]?.answer(503, refusal("database_unavailable"));
    expect([drafts.isUnreached(), drafts.draftOf("prompt")]).toEqual([true, "Mine."]);
    windowEvents.dispatchEvent(new Event("online"));
    await pass(0);
    await asked[1]?.answer(200, withConfig({ prompt: "Mine." }));
    expect(drafts.isUnreached()).toBe(false);
  });

  it("AGENT-43 is refused with the server's sentence, at the field that is at fault", async () => {
    const { drafts, asked, pass } = await page();
    drafts.edit({ prompt: "Mine." });
    drafts.edit({ language: "xx" });
    void drafts.saveNow();
    await pass(0);
    expect(asked[0]?.body).toEqual({ prompt: "Mine.", language: "xx" });
    await asked[0]?.answer(400, refusal("bad_request", "language: must be a language's code"));
    expect(drafts.saveStatusOf("language")).toMatchObject({ state: "refused", sentence: "A sentence." });
    expect(asked[1]?.body).toEqual({ prompt: "Mine." });
  });

  it("AGENT-44 goes out when the page is hidden or left, without waiting for a reply", async () => {
    const { drafts, asked, pass } = await page();
    drafts.edit({ prompt: "One." });
    documentEvents.visibilityState = "hidden";
    documentEvents.dispatchEvent(new Event("visibilitychange"));
    await pass(0);
    expect(asked[0]).toMatchObject({ body: { prompt: "One." }, keepalive: true });
    drafts.edit({ greeting: "Two." });
    windowEvents.dispatchEvent(new Event("pagehide"));
    expect(asked[1]).toMatchObject({ route: "PATCH /api/me", body: { greeting: "Two." }, keepalive: true });
  });
});

describe("who is signed in", () => {
  it("AGENT-45 is asked one request at a time: no reply overtakes a later one", async () => {
    const { session, asked, pass } = await page();
    void session.refreshMe();
    void session.patchMe({ greeting: "New" });
    await pass(0);
    expect(asked.map(({ route }) => route)).toEqual(["GET /api/me"]);
    await asked[0]?.answer(200, ME);
    expect(asked[1]?.route).toBe("PATCH /api/me");
    await asked[1]?.answer(200, withConfig({ greeting: "New" }));
    expect(session.me.value?.config.greeting).toBe("New");
  });

  it("AGENT-46 leaves nothing behind for the next one at this browser", async () => {
    const { session, drafts, asked, pass } = await page();
    session.welcome.value = { recoveryPhrase: "a b c d", wanted: "Ada", name: "Ada" };
    session.sheet.value = "key";
    drafts.edit({ prompt: "Mine." });
    void session.refreshMe();
    await pass(0);
    await asked[0]?.answer(401, refusal("unauthorized"));
    expect([session.presence.value, session.me.value, session.welcome.value, session.sheet.value]).toEqual([
      "out",
      null,
      null,
      null,
    ]);
    await pass(60_000);
    expect(asked).toHaveLength(1);
    expect(drafts.saveStatusOf("prompt")).toBeNull();
  });

  it("AGENT-46 stays when the server is away for a while, and is unreachable only before it was ever there", async () => {
    const { session, asked, pass } = await page();
    void session.refreshMe();
    await pass(0);
    await asked[0]?.answer(503, refusal("database_unavailable"));
    expect(session.presence.value).toBe("in");
    session.signedOut("left");
    session.presence.value = "looking";
    void session.refreshMe();
    await pass(0);
    await asked[1]?.answer(503, refusal("database_unavailable"));
    expect(session.presence.value).toBe("unreachable");
  });

  it("AGENT-47 can call unless the workshop, the instructor or the lack of a key says no", async () => {
    const { session } = await page();
    expect(session.standstill.value).toBeNull();
    session.isPaused.value = true;
    expect(session.standstill.value).toBe("paused");
    session.me.value = {
      ...ME,
      workshop: { id: "w", name: "W", state: "ended", opensAt: null, closesAt: null, closing: null },
    };
    expect(session.standstill.value).toBe("ended");
    session.isPaused.value = false;
    session.me.value = { ...ME, payer: null };
    expect(session.standstill.value).toBe("no-key");
  });
});
