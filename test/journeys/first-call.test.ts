import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as say from "../../src/web/words.ts";
import { microphoneWav, StudentPage } from "./page.ts";
import { eventually, Room } from "./room.ts";

/** From the moment the page is asked for until the agent is heard. */
const FIRST_CALL_MS = 20_000;

let room: Room;
beforeAll(async () => {
  room = await Room.open();
}, 120_000);
afterAll(() => room.close());

/** When the loudspeaker first gave more than the chime that begins a call, ms since 1970. */
async function agentHeardAtMs(student: StudentPage): Promise<number> {
  await eventually(async () => (await student.data("playing")) === "true", "the agent to be played");
  const playedFromMs = performance.timeOrigin + performance.now();
  return eventually(
    async () => (await student.sounded()).find(({ atMs, peak }) => atMs > playedFromMs - 200 && peak > 0.02)?.atMs,
    "sound at the loudspeaker",
  );
}

describe("a newcomer", () => {
  it("PAGE-35 hears an agent within 20 s of opening the page, then calls on their own key, and is told whose it was", async () => {
    // Somebody who listens: Chromium's own microphone beeps each second, and would cut the agent short.
    const quiet = await microphoneWav({ afterMs: 120_000, say: "" });
    const clicks: string[] = [];
    const openedAtMs = performance.timeOrigin + performance.now();
    const student = await StudentPage.open(`${room.url}/#${room.endpoints.joinCode}`, { microphoneWav: quiet.path });
    const { page } = student;
    const press = async (name: string): Promise<void> => {
      await page.getByRole("button", { name, exact: true }).click();
      clicks.push(name);
    };
    try {
      await page.getByLabel(say.JOIN_WORDS.name).fill("Ada");
      await press(say.JOIN_WORDS.join);
      await press(say.CALL_WORDS.dial);
      const heardAtMs = await agentHeardAtMs(student);
      const firstCallMs = heardAtMs - openedAtMs;
      console.log(
        `first call: heard after ${(firstCallMs / 1_000).toFixed(1)} s, ${clicks.length} clicks: ${clicks.join(", ")}`,
      );
      expect(clicks).toHaveLength(2);
      expect(firstCallMs).toBeLessThan(FIRST_CALL_MS);
      await student.line(/^Agent\n/);
      await page.getByText(say.ON_KEY_WORDS.instructor, { exact: true }).first().waitFor();
      await press(say.BUTTON_WORDS.end);
      const receipt = page.getByRole("region", { name: say.RECEIPT_WORDS.title });
      await receipt.getByText(say.PAID_WORDS.instructor, { exact: true }).waitFor();

      await page.getByRole("button", { name: say.PAYER_WORDS.pays }).first().click();
      await page.getByLabel(say.KEY_SHEET_WORDS.field, { exact: true }).fill("sk-test-first-call-0123456789");
      await press(say.KEY_SHEET_WORDS.check);
      await press(say.OUTCOME_WORDS.connected[1] ?? "");
      await press(say.CALL_WORDS.again);
      await agentHeardAtMs(student);
      await page.getByText(say.ON_KEY_WORDS.student, { exact: true }).first().waitFor();
      await press(say.BUTTON_WORDS.end);
      await receipt.getByText(say.PAID_WORDS.student, { exact: true }).waitFor();

      const secondsInAll = (performance.timeOrigin + performance.now() - openedAtMs) / 1_000;
      console.log(`and a second one on the own key: ${secondsInAll.toFixed(1)} s, ${clicks.length + 1} clicks in all`);
      const { calls } = Object(await student.ask("GET", "/api/me/calls"));
      expect(calls.map(({ keySource }: { keySource: string }) => keySource)).toEqual(["student", "instructor"]);
      expect(student.complaints).toEqual([]);
    } finally {
      await student.close();
      quiet.remove();
    }
  });
});
