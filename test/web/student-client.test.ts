import { afterEach, describe, expect, it, vi } from "vitest";
import {
  connectKey,
  joinWorkshop,
  latestCalls,
  promptVersions,
  usedTool,
  voiceSample,
} from "../../src/web/student/student-client.ts";

afterEach(() => vi.unstubAllGlobals());

function answering(response: () => Response | Promise<Response>): Request[] {
  const asked: Request[] = [];
  vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
    asked.push(new Request(new URL(path, "http://here"), init));
    return response();
  });
  return asked;
}
const json = (body: object, status = 200): Request[] => answering(() => Response.json(body, { status }));

describe("the student's requests", () => {
  it("AGENT-48 take of a reply what the page shows, and nothing that is of another shape", async () => {
    const asked = json({ success: true, name: "Ada 2", recoveryPhrase: "a b c d", sessionToken: "wst_secret" });
    expect(await joinWorkshop("MAPLE-7F", "Ada")).toEqual({
      ok: true,
      value: { name: "Ada 2", recoveryPhrase: "a b c d" },
    });
    expect(await asked[0]?.json()).toEqual({ joinCode: "MAPLE-7F", name: "Ada" });
    json({ success: true, name: "Ada" });
    expect(await joinWorkshop("MAPLE-7F", "Ada")).toMatchObject({ ok: false, code: "unreadable" });

    const version = { savedAt: "2026-11-22T09:00:00Z", prompt: null, savedBy: "student" };
    json({ success: true, versions: [{ ...version, more: 1 }] });
    expect(await promptVersions()).toEqual({ ok: true, value: [version] });
    json({ success: true, versions: [{ ...version, savedBy: "nobody" }] });
    expect(await promptVersions()).toMatchObject({ ok: false, code: "unreadable" });

    json({ success: true, calls: [{ id: "c", keySource: "student", turnCount: 2, model: "m" }], next: null });
    expect(await latestCalls()).toEqual({ ok: true, value: [{ id: "c", keySource: "student", turnCount: 2 }] });
    json({ success: true, call: {}, turns: [{ speaker: "agent" }, { speaker: "tool" }] });
    expect(await usedTool("c")).toEqual({ ok: true, value: true });
    json({ success: true, call: {}, turns: [{ speaker: "agent" }] });
    expect(await usedTool("c")).toEqual({ ok: true, value: false });
  });

  it("AGENT-48 never quote the key that they carry", async () => {
    const key = "sk-proj-0123456789abcdef";
    const asked = json({ success: false, error: "OpenAI does not accept this key.", code: "key_rejected" }, 422);
    const answer = await connectKey(key);
    expect(answer).toMatchObject({ ok: false, code: "key_rejected" });
    expect(JSON.stringify(answer)).not.toContain(key);
    expect([asked[0]?.method, await asked[0]?.json()]).toEqual(["PUT", { openaiApiKey: key }]);
  });

  it("AGENT-49 bring the sound of a voice, or say why there is none", async () => {
    const asked = answering(() => new Response(Uint8Array.of(1, 2, 3), { headers: { "content-type": "audio/wav" } }));
    const sample = await voiceSample("cedar");
    expect(sample.ok && [...new Uint8Array(sample.value)]).toEqual([1, 2, 3]);
    expect(await asked[0]?.json()).toEqual({ voice: "cedar" });
    json({ success: false, error: "OpenAI is not answering.", code: "upstream_unavailable" }, 502);
    expect(await voiceSample("cedar")).toMatchObject({ ok: false, sentence: "OpenAI is not answering." });
    answering(() => new Response("<html>", { status: 502 }));
    expect(await voiceSample("cedar")).toMatchObject({ ok: false, code: "unreadable" });
    answering(() => Promise.reject(new TypeError("Failed to fetch")));
    expect(await voiceSample("cedar")).toMatchObject({ ok: false, code: "offline" });
  });
});
