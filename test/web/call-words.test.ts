import { describe, expect, it } from "vitest";
import { FAILURES } from "../../src/failure.ts";
import { browserKind, isEmbedded } from "../../src/web/browser-kind.ts";
import { chooseDevice, chosenDevice, devicesOf } from "../../src/web/sound-devices.ts";
import { ALLOW_WORDS, clockWords, FAILURE_ACTION_WORDS, FAILURE_WORDS } from "../../src/web/words.ts";

/** Reasons that a student meets on the call screen and can do something about, or must not take for their own fault. */
const MET = [
  "no_key",
  "key_unreadable",
  "key_rejected",
  "key_restricted",
  "no_credit",
  "allowance_used",
  "pool_used",
  "call_budget_used",
  "own_cap_used",
  "fallback_off",
  "model_not_lent",
  "unpriced_model",
  "money_unreachable",
  "model_not_available",
  "region_unsupported",
  "upstream_rate_limited",
  "upstream_unavailable",
  "upstream_timeout",
  "upstream_lost",
  "slow_listener",
  "too_many_calls",
  "workshop_paused",
  "workshop_not_open",
  "workshop_closed",
  "call_cap",
  "silence",
  "revoked",
];

const AGENTS = {
  iphone:
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile/15E148 Safari/604.1",
  chromeOnIphone:
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 CriOS/140.0 Mobile/15E148 Safari/604.1",
  mac: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
  chrome: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
  edge: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
  firefox: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  instagram:
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Instagram 300.0",
  webview:
    "Mozilla/5.0 (Linux; Android 15; Pixel 9; wv) AppleWebKit/537.36 Version/4.0 Chrome/140.0.0.0 Mobile Safari/537.36",
};

describe("the words of the call screen", () => {
  it("SCREEN-21 have a sentence of their own for every failure of a call, each for a reason that exists", () => {
    expect(MET.filter((code) => !(code in FAILURE_WORDS))).toEqual([]);
    expect(Object.keys(FAILURE_WORDS).filter((code) => !(code in FAILURES))).toEqual([]);
    const sentences = Object.values(FAILURE_WORDS).map(([sentence]) => sentence);
    expect(new Set(sentences).size).toBe(sentences.length);
    expect(sentences.filter((sentence) => !/^[A-Z].+[.?]$/.test(sentence))).toEqual([]);
  });

  it("SCREEN-21 offer what helps: the key's failures the key, no credit the bill, OpenAI's failures its status", () => {
    const actions = (code: string) => FAILURE_WORDS[code]?.slice(1);
    for (const code of ["no_key", "key_unreadable", "key_rejected", "key_restricted", "no_credit"]) {
      expect(actions(code)).toContain("key");
    }
    expect(actions("no_credit")).toContain("credit");
    expect(actions("upstream_unavailable")).toContain("openai-status");
    expect(actions("too_many_calls")).toEqual(["take-over"]);
    for (const code of [
      "allowance_used",
      "pool_used",
      "call_budget_used",
      "fallback_off",
      "model_not_lent",
      "unpriced_model",
    ])
      expect(actions(code)).toContain("connect");
    expect(actions("own_cap_used")).toEqual(["limit"]);
    expect(Object.keys(FAILURE_ACTION_WORDS)).toEqual(
      expect.arrayContaining(Object.values(FAILURE_WORDS).flatMap(([, ...offered]) => offered)),
    );
  });

  it("SCREEN-22 tell how to allow the microphone in the browser that this is", () => {
    const kindOf = (name: keyof typeof AGENTS, maxTouchPoints = 0) =>
      browserKind({ userAgent: AGENTS[name], maxTouchPoints });
    expect([kindOf("iphone", 5), kindOf("chromeOnIphone", 5), kindOf("mac", 5)]).toEqual(["ios", "ios", "ios"]);
    expect([kindOf("mac"), kindOf("chrome"), kindOf("edge"), kindOf("firefox")]).toEqual([
      "safari",
      "chromium",
      "chromium",
      "firefox",
    ]);
    expect(browserKind({ userAgent: "something new", maxTouchPoints: 0 })).toBe("other");
    expect(new Set(Object.values(ALLOW_WORDS)).size).toBe(5);
  });

  it("SCREEN-22 know a page inside another app, which gives no microphone", () => {
    const embedded = Object.entries(AGENTS).filter(([, userAgent]) => isEmbedded({ userAgent, maxTouchPoints: 0 }));
    expect(embedded.map(([name]) => name)).toEqual(["instagram", "webview"]);
  });

  it("SCREEN-23 write a duration as a clock does", () => {
    expect([0, 999, 61_000, 3_599_999, -5].map(clockWords)).toEqual(["0:00", "0:00", "1:01", "59:59", "0:00"]);
  });
});

describe("the devices", () => {
  it("SCREEN-24 that were chosen are remembered, and what was not written here is not believed", () => {
    const kept = new Map<string, string>();
    const storage = {
      getItem: (name: string) => kept.get(name) ?? null,
      setItem: (name: string, value: string) => void kept.set(name, value),
    };
    expect(chosenDevice("microphone", storage)).toBe("");
    const id = "a1".repeat(32);
    chooseDevice("microphone", id, storage);
    expect([chosenDevice("microphone", storage), chosenDevice("speaker", storage)]).toEqual([id, ""]);
    for (const name of kept.keys()) kept.set(name, '{"exact":"<script>"}');
    expect(chosenDevice("microphone", storage)).toBe("");
    expect(chosenDevice("microphone", null)).toBe("");
  });

  it("SCREEN-24 are offered by their names, of their kind, once", () => {
    const device = (kind: MediaDeviceKind, deviceId: string, label: string): MediaDeviceInfo =>
      ({ kind, deviceId, label, groupId: "g", toJSON: () => ({}) }) satisfies MediaDeviceInfo;
    const all = [
      device("audioinput", "default", "Default - Built-in"),
      device("audioinput", "m1", "Built-in"),
      device("audioinput", "m2", ""),
      device("audiooutput", "s1", "Headphones"),
      device("videoinput", "v1", "Camera"),
    ];
    expect(devicesOf(all, "microphone")).toEqual([{ id: "m1", label: "Built-in" }]);
    expect(devicesOf(all, "speaker")).toEqual([{ id: "s1", label: "Headphones" }]);
  });
});
