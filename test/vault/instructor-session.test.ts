import { describe, expect, it } from "vitest";
import { isInstructorSession, mintInstructorSession } from "../../src/vault/instructor-session.ts";
import { loadMasterKeys } from "../../src/vault/master-keys.ts";
import { mintTicket } from "../../src/vault/ticket.ts";
import { HEX_A, HEX_B, seeded } from "./samples.ts";

const keys = await loadMasterKeys(HEX_A, [HEX_B]);
const NOW = 1_800_000_000_000;
const TOKEN = "Gs5Wc0Vf8Lx2Rk6Zn1Pq9Yt3";
const session = await mintInstructorSession(keys, TOKEN, NOW + 1_000);

describe("the instructor's session", () => {
  it("WORKSHOP-1 holds until its end, to the millisecond", async () => {
    expect(await isInstructorSession(keys, TOKEN, session, NOW)).toBe(true);
    expect(await isInstructorSession(keys, TOKEN, session, NOW + 999)).toBe(true);
    expect(await isInstructorSession(keys, TOKEN, session, NOW + 1_000)).toBe(false);
    expect(await isInstructorSession(keys, TOKEN, session, Number.NaN)).toBe(false);
  });

  it("WORKSHOP-2 ends when the instructor's token or the newest master key is another", async () => {
    for (const token of ["", "another", `${TOKEN} `, TOKEN.toLowerCase()]) {
      expect(await isInstructorSession(keys, token, session, NOW)).toBe(false);
    }
    const rotated = await loadMasterKeys(HEX_B, [HEX_A]);
    expect(await isInstructorSession(rotated, TOKEN, session, NOW)).toBe(false);
  });

  it("WORKSHOP-3 no changed session is one: every character, every cut, a later end, 3,000 random ones", async () => {
    const [, mac = ""] = session.split(".");
    const changed = new Set<string>([
      "",
      ".",
      mac,
      `${NOW + 9_000}.${mac}`,
      `${session}=`,
      ` ${session}`,
      `${session}\n`,
    ]);
    changed
      .add(`0${session}`)
      .add(`1e13.${mac}`)
      .add(`${NOW + 1_000}.${mac}.${mac}`)
      .add(`${session},${session}`);
    changed.add(await mintTicket(keys, { id: "a", callId: "b", phoneCallId: null, expiresAtMs: NOW + 1_000 }));
    for (let at = 0; at < session.length; at += 1) {
      changed.add(session.slice(0, at)).add(session.slice(0, at) + session.slice(at + 1));
    }
    const random = seeded(7);
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \u0000é\ud800";
    for (let round = 0; round < 3_000; round += 1) {
      const at = Math.floor(random() * session.length);
      const symbol = alphabet[Math.floor(random() * alphabet.length)] ?? "";
      changed.add(session.slice(0, at) + symbol + session.slice(at + 1));
    }
    changed.delete(session);
    expect(changed.size).toBeGreaterThan(1_000);
    for (const text of changed)
      expect([text, await isInstructorSession(keys, TOKEN, text, NOW)]).toEqual([text, false]);
  });

  it("WORKSHOP-3 holds nothing of the token, and fits a cookie as it is", () => {
    expect(session).toMatch(/^\d{13}\.[A-Za-z0-9_-]{43}$/);
    expect(session).not.toContain(TOKEN);
  });
});
