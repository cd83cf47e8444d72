import { describe, expect, it } from "vitest";
import { messageOf, payerOf } from "../../src/call/payer.ts";
import { parseJoinCode, parseWorkshopId } from "../../src/protocol/ids.ts";
import { ApiKey } from "../../src/vault/api-key.ts";

const instructorApiKey = ApiKey.parse("sk-instructor-0123456789");
const workshop = (fallbackAllowed: boolean) => {
  const id = parseWorkshopId("default");
  const joinCode = parseJoinCode("MAPLE-7");
  if (!id || !joinCode) throw new Error("not an id");
  const lending = { poolMicroUsd: 5, studentMicroUsd: null, callMicroUsd: null, models: ["gpt-6-luna"] };
  const dates = { opensAtMs: null, closesAtMs: null };
  return { id, name: "W", joinCode, ...dates, fallbackAllowed, lending, callMaxMs: null, seats: null, closing: null };
};

describe("who pays for a call", () => {
  it.each([
    ["the student, with a key", "sealed", true, instructorApiKey, "student"],
    ["the student, even if the stored key cannot be read", "garbage", true, instructorApiKey, "student"],
    ["the instructor, without one, where that is allowed", null, true, instructorApiKey, "instructor"],
    ["nobody, where it is not", null, false, instructorApiKey, undefined],
    ["nobody, without either", null, true, undefined, undefined],
  ] as const)("PAYER-1 is %s", (_who, sealedKey, fallbackAllowed, instructorKey, payer) => {
    expect(payerOf({ sealedKey, workshop: workshop(fallbackAllowed) }, { instructorApiKey: instructorKey })).toBe(
      payer,
    );
  });

  it("PAYER-2 is the instructor too for a student of no workshop", () => {
    expect(payerOf({ sealedKey: null, workshop: null }, { instructorApiKey })).toBe("instructor");
  });

  it("PAYER-3 is logged in the predecessor's words", () => {
    expect([messageOf("student"), messageOf("instructor"), messageOf(undefined)]).toEqual([
      "Using student's OpenAI API key",
      "Using instructor's OpenAI API key (fallback)",
      "No OpenAI API key available",
    ]);
  });
});
