import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { eventually, Room } from "./room.ts";
import { VoiceCaller } from "./voice-caller.ts";
import { prepareCall, sessionsOf, studentOf, type VoiceStudent } from "./voice-looks.ts";

let room: Room;
beforeAll(async () => {
  room = await Room.open();
});
afterAll(() => room.close());

const Update = z.object({
  audio: z.object({ input: z.object({ transcription: z.unknown(), turn_detection: z.unknown() }) }),
});

async function patchMe(student: VoiceStudent, patch: object): Promise<Response> {
  const headers = { "content-type": "application/json", ...student.headers };
  return fetch(`${room.url}/api/me`, { method: "PATCH", headers, body: JSON.stringify(patch) });
}

/** What a browser's call told OpenAI of how to hear: at first, with a button, and without it again. */
async function toldBy(student: VoiceStudent): Promise<z.infer<typeof Update>["audio"]["input"][]> {
  const before = (await sessionsOf(room, student.key)).length;
  const caller = new VoiceCaller(await prepareCall(room, student));
  await caller.begun();
  caller.send({ type: "talk-mode", mode: "push-to-talk" });
  caller.send({ type: "talk-mode", mode: "open" });
  const session = await eventually(async () => {
    const sessions = await sessionsOf(room, student.key);
    expect(sessions.length).toBeLessThanOrEqual(before + 1);
    return sessions[before]?.updates.length === 3 && sessions[before];
  }, "three updates of the session");
  expect(session.refused).toEqual([]);
  await caller.hangUp();
  return session.updates.map((update) => Update.parse(update).audio.input);
}

describe("how an agent hears", () => {
  it("VJOURNEY-40 is set by its student, holds from the next call on, and is kept when push-to-talk ends", async () => {
    const student = await studentOf(room, "hearing", "sk-test-hearing-0123456789");
    const [first] = await toldBy(student);
    expect(first).toMatchObject({
      transcription: { model: "gpt-transcribe" },
      turn_detection: { type: "server_vad", silence_duration_ms: 500 },
    });

    const told = { language: "PT-br", turnEnd: "meaning", patience: "long" };
    const reply = await patchMe(student, told);
    expect(await reply.json()).toMatchObject({ success: true, config: { ...told, language: "pt-BR" } });
    const [setUp, withButton, without] = await toldBy(student);
    expect(setUp).toMatchObject({
      transcription: { model: "gpt-transcribe", language: "pt" },
      turn_detection: { type: "semantic_vad", eagerness: "low" },
    });
    expect(withButton).toEqual({ ...setUp, turn_detection: null });
    expect(without).toEqual(setUp);

    expect((await patchMe(student, { language: "jp" })).status).toBe(400);
    await patchMe(student, { language: "ga", turnEnd: null });
    const [changed] = await toldBy(student);
    expect(changed).toMatchObject({ turn_detection: { type: "server_vad", silence_duration_ms: 1_500 } });
    expect(changed?.transcription).toEqual({ model: "gpt-transcribe" });
  });
});
