import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as say from "../../src/web/words.ts";
import { StudentPage } from "./page.ts";
import { eventually, Room } from "./room.ts";

const { TOOLS_WORDS, FORM_WORDS, RUN_WORDS, HISTORY_WORDS, MODE_WORDS } = say;

let room: Room;
beforeAll(async () => {
  room = await Room.open();
}, 120_000);
afterAll(() => room.close());

describe("tools and calls of a real server", () => {
  it("TOOLPAGE-17 tools are made, run and refused as the server means it, and a call is listed, opened and replayed", async () => {
    const student = await StudentPage.open(`${room.url}/#${room.endpoints.joinCode}`);
    const { page } = student;
    const press = (name: string | RegExp): Promise<void> =>
      page.getByRole("button", typeof name === "string" ? { name, exact: true } : { name }).click();
    const tab = (name: string): Promise<void> => page.getByRole("tab", { name, exact: true }).click();
    try {
      await student.join();
      await tab(say.VIEW_WORDS.tools);
      await press(/^roll_dice /);
      await page.getByLabel("count", { exact: false }).fill("3");
      await press(RUN_WORDS.run);
      await page.getByText(new RegExp(`${RUN_WORDS.ok} · \\d+ ms`)).waitFor();
      await page.getByText('"total":', { exact: false }).waitFor();

      await press(TOOLS_WORDS.back);
      await press(TOOLS_WORDS.add);
      await press(/^weather_report /);
      await page.getByLabel(FORM_WORDS.fails).check();
      await press(RUN_WORDS.run);
      await page.getByText(RUN_WORDS.toldTruth).waitFor();

      await page.getByLabel(MODE_WORDS.webhook, { exact: true }).check();
      await page.getByLabel(FORM_WORDS.url).fill("http://localhost:1/hook");
      await page.getByText("needs https", { exact: true }).waitFor();
      await tab(TOOLS_WORDS.form);
      await page.getByLabel(MODE_WORDS.mock, { exact: true }).check();
      await page.getByText(say.SAVE_WORDS.saved, { exact: true }).waitFor();
      await page.reload();
      await tab(say.VIEW_WORDS.tools);
      await press(/^weather_report Mock/);
      expect(await page.getByLabel(FORM_WORDS.fails).isChecked()).toBe(true);

      await student.type("Good morning");
      await student.line(/^You\nGood morning/);
      await student.line(/^Agent\n/);
      await press(say.BUTTON_WORDS.end);
      await tab(say.VIEW_WORDS.calls);
      const panel = page.getByRole("region", { name: HISTORY_WORDS.title, exact: true });
      const row = panel.getByRole("listitem").getByRole("button");
      await row.filter({ hasText: say.END_WORDS["caller-left"] }).click();
      const lines = () => panel.getByRole("log").getByRole("listitem").allInnerTexts();
      const said = await eventually(async () => ((await lines()).length > 1 ? lines() : undefined), "the transcript");
      expect(said.join("\n")).toContain("Good morning");
      await panel.getByRole("button", { name: say.REPLAY_WORDS.open, exact: true }).click();
      await panel.getByRole("slider", { name: say.REPLAY_WORDS.position }).press("End");
      await eventually(async () => (await lines()).length === said.length, "the end of the replay");
      expect(await lines()).toEqual(said);
      expect(student.complaints).toEqual([]);
    } finally {
      await student.close();
    }
  });
});
