import { describe, expect, it } from "vitest";
import type { Answer } from "../../src/web/rest-client.ts";
import type { ArchivedCall } from "../../src/web/student/call-record-view.ts";
import { untilArchived } from "../../src/web/student/use-archived.ts";
import { CALL, CALL_REPLY } from "../journeys/page-world.ts";

const { success: _, ...WHOLE } = CALL_REPLY;
const read = (value: ArchivedCall): Answer<ArchivedCall> => ({ ok: true, value });
const AWAY: Answer<ArchivedCall> = { ok: false, code: "not_found", sentence: "No.", field: null, reply: {} };

/** Answers one after the other, the last one for ever. */
async function asked(answers: readonly Answer<ArchivedCall>[], waits = 100) {
  let tries = 0;
  const pauses: number[] = [];
  const found = await untilArchived(
    async () => answers[Math.min(tries++, answers.length - 1)] ?? AWAY,
    async (ms) => {
      pauses.push(ms);
      return pauses.length <= waits;
    },
  );
  return { found, tries, pauses };
}

describe("the bill of a call that has just ended", () => {
  it("SCREEN-36 is asked for until the archive has its end and its bill", async () => {
    const unended = { ...WHOLE, call: { ...CALL, endedAt: null } };
    const unbilled = { ...WHOLE, bill: null };
    const { found, tries } = await asked([AWAY, read(unended), read(unbilled), read(WHOLE), AWAY]);
    expect([found, tries]).toEqual([WHOLE, 4]);
  });

  it("SCREEN-36 is asked for less and less often, and not for ever", async () => {
    const { found, tries, pauses } = await asked([AWAY]);
    expect([found, tries]).toEqual([null, pauses.length]);
    expect(pauses).toEqual(pauses.toSorted((one, other) => one - other));
    expect(pauses.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(60_000);
  });

  it("SCREEN-36 is not asked for when nobody waits any more", async () => {
    expect(await asked([AWAY, AWAY, read(WHOLE)], 2)).toMatchObject({ found: null, tries: 2 });
  });
});
