import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import type { WorkshopView } from "../../src/protocol/rest-workshop.ts";
import { fromLocalField, toLocalField, zoneWords } from "../../src/web/console/local-time.ts";
import { addressOf, placeOf, takeToken } from "../../src/web/console/place.ts";
import { EXAMPLE_TOOL, PUSH_BYTES, PUSH_TOOL_LIMITS, pushOf } from "../../src/web/console/push-draft.ts";
import { sparklinePoints } from "../../src/web/console/sparkline-points.ts";
import { ageWords, refusalWords, shownAddress } from "../../src/web/console/words.ts";
import { CALL_MINUTES_MAX, draftOf, patchOf, SEATS_MAX } from "../../src/web/console/workshop-draft.ts";

const WORKSHOP: WorkshopView = {
  id: "w",
  name: "Voices",
  joinCode: "MAPLE-7F",
  joinUrl: "https://callroom.test/#MAPLE-7F",
  state: "open",
  opensAt: "2026-03-29T08:00:00.000Z",
  closesAt: null,
  seats: 30,
  studentCount: 3,
  callMaxMs: 600_000,
  fallbackAllowed: true,
  lending: { poolMicroUsd: 10_000_000, studentMicroUsd: 500_000, callMicroUsd: null, models: null },
  closing: null,
};

describe("the address of the console", () => {
  it("CONSOLE-20 loses the token before anything else is done, and keeps the place", () => {
    const replaced: string[] = [];
    const history = { replaceState: (_: unknown, __: string, url: string) => replaced.push(url) };
    const location = { hash: "#a%2Fb", search: "?workshop=w&view=spend" };
    expect(takeToken({ location, history })).toBe("a/b");
    expect(replaced).toEqual(["/console?workshop=w&view=spend"]);
    expect(takeToken({ location: { hash: "#100%", search: "" }, history })).toBe("100%");
    expect(takeToken({ location: { hash: "", search: "" }, history })).toBeNull();
    expect(replaced).toHaveLength(2);
  });

  it.each(["/console", "/console?view=check", "/console?workshop=a%26b", "/console?workshop=w&view=settings"])(
    "CONSOLE-21 says where one is, so that a reload finds it: %s",
    (address) => {
      expect(addressOf(placeOf(new URL(address, "https://callroom.test").search))).toBe(address);
    },
  );

  it("CONSOLE-21 that means nothing is the beginning", () => {
    expect(placeOf("?workshop=&view=everything")).toEqual({ workshopId: null, view: "wall" });
  });
});

describe("a workshop's fields", () => {
  let zone: string | undefined;
  beforeEach(() => {
    zone = process.env.TZ;
    process.env.TZ = "Europe/Berlin";
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  });

  it("CONSOLE-22 show times by the clock on the wall, and send them in UTC", () => {
    expect(toLocalField("2026-03-29T08:00:00.000Z")).toBe("2026-03-29T10:00");
    expect(fromLocalField("2026-03-29T10:00")).toBe("2026-03-29T08:00:00.000Z");
    expect(fromLocalField("2026-01-05T10:00")).toBe("2026-01-05T09:00:00.000Z");
    expect([toLocalField(null), toLocalField("soon"), fromLocalField(""), fromLocalField("soon")]).toEqual([
      "",
      "",
      null,
      undefined,
    ]);
  });

  it("CONSOLE-22 say in which zone that is, at that time of the year", () => {
    expect(zoneWords(new Date("2026-07-01T00:00:00Z"))).toMatch(/, UTC\+2$/);
    process.env.TZ = "America/St_Johns";
    expect(zoneWords(new Date("2026-01-01T00:00:00Z"))).toMatch(/, UTC−3:30$/);
  });

  it("CONSOLE-23 hold what the server has, and what may be absent is empty", () => {
    expect(draftOf(WORKSHOP)).toEqual({
      name: "Voices",
      joinCode: "MAPLE-7F",
      opensAt: "2026-03-29T10:00",
      closesAt: "",
      seats: "30",
      callMinutes: "10",
    });
  });

  it.each([
    ["name", " Voices 2 ", { name: "Voices 2" }],
    ["closesAt", "2026-03-29T18:00", { closesAt: "2026-03-29T16:00:00.000Z" }],
    ["opensAt", "", { opensAt: null }],
    ["seats", "12", { seats: 12 }],
    ["seats", "", { seats: null }],
    ["callMinutes", "60", { callMaxMs: 3_600_000 }],
  ] as const)("CONSOLE-23 send one change each: %s %j", (field, text, patch) => {
    expect(patchOf(field, text, WORKSHOP)).toEqual({ ok: true, patch });
  });

  it.each([
    ["name", "  ", "empty"],
    ["closesAt", "soon", "not-a-time"],
    ["closesAt", "2026-03-29T10:00", "ends-first"],
    ["seats", "0", "not-a-number"],
    ["seats", "1e9", "not-a-number"],
    ["callMinutes", "2.5", "not-a-number"],
    ["callMinutes", "61", "not-a-number"],
  ] as const)("CONSOLE-23 send nothing that cannot be: %s %j is %s", (field, text, problem) => {
    expect(patchOf(field, text, WORKSHOP)).toEqual({ ok: false, problem });
  });
});

describe("a push", () => {
  it("CONSOLE-24 is checked by the rules and limits of the server", () => {
    expect(LIMITS).toMatchObject(PUSH_TOOL_LIMITS);
    expect(PUSH_BYTES).toEqual({ prompt: LIMITS.promptBytes, greeting: LIMITS.greetingBytes });
    expect([SEATS_MAX, CALL_MINUTES_MAX * 60_000]).toEqual([LIMITS.seats, LIMITS.callMaxMs]);
  });

  it("CONSOLE-24 of words is the words, as long as they fit", () => {
    expect(pushOf("greeting", "Hello! ")).toEqual({ ok: true, push: { greeting: "Hello! " }, toolName: null });
    expect(pushOf("greeting", " ")).toEqual({ ok: false, problem: "empty" });
    expect(pushOf("greeting", "ä".repeat(513))).toEqual({ ok: false, problem: "too-long" });
  });

  it("CONSOLE-24 of a tool is its JSON, unchanged, or the first rule that it breaks", () => {
    expect(pushOf("tool", EXAMPLE_TOOL)).toEqual({
      ok: true,
      push: { tool: JSON.parse(EXAMPLE_TOOL) },
      toolName: "check_orders",
    });
    expect(pushOf("tool", "{")).toEqual({ ok: false, problem: "not-json" });
    expect(pushOf("tool", "[]")).toMatchObject({ ok: false, problem: "tool", path: "" });
    expect(pushOf("tool", '{"function":{"name":"9"}}')).toMatchObject({ problem: "tool", path: "function.name" });
  });
});

describe("small words", () => {
  it("CONSOLE-14 say an age in its largest unit", () => {
    expect([-5, 59_999, 60_000, 3_600_000, 47 * 3_600_000, 48 * 3_600_000].map(ageWords)).toEqual([
      "0 s",
      "59 s",
      "1 min",
      "1 h",
      "47 h",
      "2 days",
    ]);
  });

  it("CONSOLE-27 show an address as it is typed, without the code that is entered on the page", () => {
    expect(shownAddress("https://callroom.test/#MAPLE-7F")).toBe("callroom.test");
    expect(shownAddress("http://127.0.0.1:8787/#X")).toBe("127.0.0.1:8787");
  });

  it("CONSOLE-23 name the field when the server does", () => {
    expect(refusalWords({ sentence: "Another workshop has this join code.", field: null })).toBe(
      "Another workshop has this join code.",
    );
    expect(refusalWords({ sentence: "Not well formed.", field: "joinCode: too short" })).toBe(
      "Not well formed. joinCode: too short.",
    );
  });

  it("CONSOLE-7 draw a line through the last turns, 0 at the bottom, and none through one", () => {
    expect(sparklinePoints([0, 1_000])).toBe("1.5,16.5 62.5,1.5");
    expect(sparklinePoints([500, 500, 500])).toBe("1.5,1.5 32.0,1.5 62.5,1.5");
    expect([sparklinePoints([7]), sparklinePoints([0, 0])]).toEqual(["", "1.5,16.5 62.5,16.5"]);
  });
});
