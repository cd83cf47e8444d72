import { afterEach, describe, expect, it, vi } from "vitest";
import { join, prepareCall, whoAmI } from "../../src/web/rest-client.ts";

afterEach(() => vi.unstubAllGlobals());

/** The next request is answered with this; returns what was asked. */
function answering(body: string): Request[] {
  const asked: Request[] = [];
  vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
    asked.push(new Request(new URL(path, "http://here"), init));
    return new Response(body);
  });
  return asked;
}

const json = (body: unknown): Request[] => answering(JSON.stringify(body));

describe("the page's requests", () => {
  it("PAGE-20 ask as the API wants it, and read from the reply what the page shows", async () => {
    const [asked] = [json({ success: true, sessionToken: "wst_1" })];
    expect(await join("MAPLE-7F", "Ada")).toEqual({ ok: true, value: true });
    expect([asked[0]?.method, asked[0]?.url, asked[0]?.headers.get("content-type")]).toEqual([
      "POST",
      "http://here/api/join",
      "application/json",
    ]);
    expect(await asked[0]?.json()).toEqual({ joinCode: "MAPLE-7F", name: "Ada" });
    json({ success: true, name: "Ada", workshop: { name: "Voices" }, config: {} });
    expect(await whoAmI()).toEqual({ ok: true, value: { name: "Ada", workshop: "Voices" } });
    json({ success: true, name: null, workshop: null });
    expect(await whoAmI()).toEqual({ ok: true, value: { name: null, workshop: null } });
    json({ success: true, callId: "c", ticket: "t", url: "wss://here/call/c" });
    expect(await prepareCall()).toEqual({ ok: true, value: { callId: "c", ticket: "t", url: "wss://here/call/c" } });
  });

  it("PAGE-21 hand on the server's sentence when it refuses", async () => {
    json({ success: false, error: "No workshop has this join code.", code: "unknown_join_code", requestId: "1" });
    const sentence = "No workshop has this join code.";
    expect(await join("X", "Ada")).toEqual({ ok: false, code: "unknown_join_code", sentence });
  });

  it.each(["<html>a proxy</html>", "null", '{"success":true}', '{"success":false}', '{"success":true,"ticket":1}'])(
    "PAGE-21 say that a reply could not be read: %s",
    async (body) => {
      answering(body);
      expect(await prepareCall()).toMatchObject({ ok: false, code: "unreadable" });
    },
  );

  it("PAGE-21 say that nobody answers", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
    const sentence = "The server cannot be reached. Check your network, then try again.";
    expect(await whoAmI()).toEqual({ ok: false, code: "offline", sentence });
  });
});
