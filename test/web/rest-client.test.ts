import { afterEach, describe, expect, it, vi } from "vitest";
import { type Fields, words } from "../../src/protocol/read-fields.ts";
import { ask, nothing, prepareCall } from "../../src/web/rest-client.ts";

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

/** What a page would take of a reply. */
const name = (reply: Fields): string => words(reply.name);

describe("the page's requests", () => {
  it("PAGE-20 ask as the API wants it, and read from the reply what the page shows", async () => {
    const asked = json({ success: true, name: "Ada", more: { than: "asked" } });
    expect(await ask("POST", "/api/join", name, { joinCode: "MAPLE-7F", name: "Ada" })).toEqual({
      ok: true,
      value: "Ada",
    });
    expect([asked[0]?.method, asked[0]?.url, asked[0]?.headers.get("content-type")]).toEqual([
      "POST",
      "http://here/api/join",
      "application/json",
    ]);
    expect(await asked[0]?.json()).toEqual({ joinCode: "MAPLE-7F", name: "Ada" });
    const plain = json({ success: true });
    expect(await ask("DELETE", "/api/me", nothing)).toEqual({ ok: true, value: null });
    expect([plain[0]?.method, plain[0]?.headers.get("content-type"), plain[0]?.body]).toEqual(["DELETE", null, null]);
    json({ success: true, callId: "c", ticket: "t", url: "wss://here/call/c" });
    expect(await prepareCall()).toEqual({ ok: true, value: { callId: "c", ticket: "t", url: "wss://here/call/c" } });
  });

  it("PAGE-21 hand on the server's sentence when it refuses, and whatever else it says of it", async () => {
    const failure = { success: false, error: "Not yet.", code: "workshop_not_open", requestId: "1", opensAt: "soon" };
    json(failure);
    const refusal = { ok: false, code: "workshop_not_open", sentence: "Not yet.", field: null, reply: failure };
    expect(await prepareCall()).toEqual(refusal);
    json({ ...failure, field: "name is too long" });
    expect(await ask("PATCH", "/api/me", name, {})).toMatchObject({ ok: false, field: "name is too long" });
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
    expect(await ask("GET", "/api/me", name)).toMatchObject({ ok: false, code: "offline", sentence });
  });
});
