import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { levelDb, msOf, PhoneRoom } from "./sound-phone.ts";

const GREETING = "Hello, this is Juno.";

let place: PhoneRoom;
beforeAll(async () => {
  place = await PhoneRoom.open();
});
afterAll(() => place.close());

describe.concurrent("a phone call with sound", () => {
  it("MJOURNEY-1 is greeted, hears an answer, and is recorded", async () => {
    const student = await place.student("whole", { ivrGreeting: GREETING });
    const caller = await place.call(student);
    const greeting = await caller.hears(GREETING);
    const answer = await caller.ask("My name is Ada.", "Nice to meet you, Ada. What can I do for you?");
    console.log(msOf(greeting), levelDb(greeting), msOf(answer), levelDb(answer));
    const { stream } = caller;
    await caller.phone.hangUp();
    await caller.phone.over;
    console.log(stream.problems, caller.phone.errors, caller.phone.spoken);
    const rec = await place.record(student);
    console.log(JSON.stringify(rec, null, 1));
    const [session] = place.sessions(student);
    if (!session) throw new Error("no session");
    const heard = place.heardIn(session);
    const sent = Buffer.concat(stream.sent.map(({ mulaw }) => mulaw));
    console.log(heard.length, sent.length, sent.subarray(0, heard.length).equals(heard));
  });
});
