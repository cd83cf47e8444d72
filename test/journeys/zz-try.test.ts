import { it, expect, beforeAll, afterAll } from "vitest";
import { Room } from "./room.ts";
import { VoiceCaller, speech } from "./voice-caller.ts";
import { prepareCall, studentOf, sessionsOf, scriptWords, recordOf, voiceFault, likeness, recordingOf } from "./voice-looks.ts";
let room: Room;
beforeAll(async () => { room = await Room.open(); });
afterAll(async () => { console.log(room.log.slice(13).join("\n")); await room.close(); });
const show = (c: VoiceCaller) => { for (const m of c.messages) if (!["caption","meter"].includes(m.message.type)) console.log(Math.round(m.atMs - c.messages[0]!.atMs), m.atSample, JSON.stringify(m.message).slice(0, 260)); };
const cases: [string, Record<string, unknown>, string | null, boolean][] = [
  ["mute-greet", { kind: "mute" }, "Hello, this is Juno.", false],
  ["mute-speak", { kind: "mute" }, null, true],
  ["hang-greet", { kind: "hang" }, "Hello, this is Juno.", false],
  ["mute3", { kind: "mute", times: 3 }, null, true],
  ["stall0", { kind: "stall", afterDeltas: 0 }, null, true],
  ["created", { kind: "created-delay", ms: 60000 }, null, true],
  ["greet-reset", { kind: "reset", afterDeltas: 3 }, "Hello, this is Juno. What can I do for you?", false],
  ["greet-reset0", { kind: "reset", afterDeltas: 0 }, "Hello, this is Juno. What can I do for you?", false],
];
it.concurrent.each(cases)("%s", async (name, fault, ivrGreeting, speaks) => {
    const s = await studentOf(room, name, `sk-test-voice-${name}-12345`, { ivrGreeting });
    await voiceFault(room, { ...fault, key: s.key });
    const c = new VoiceCaller(await prepareCall(room, s));
    await c.begun();
    if (speaks) c.say(await speech("Good day."));
    await c.until(() => false, "never", 20000).catch(() => {});
    console.log(name); show(c);
    console.log(await c.hangUp().catch(String), c.sentFrames);
    console.log(JSON.stringify((await sessionsOf(room, s.key)).map(({openedAtMs, closedAtMs, responses, items, audioIn, faults}) => ({ openedAtMs, closedAtMs, audioIn, faults, responses: responses.length, items: items.map(i => i.kind + i.text) }))));
});
