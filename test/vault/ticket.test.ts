import { describe, expect, it } from "vitest";
import { loadMasterKeys } from "../../src/vault/master-keys.ts";
import {
  callIdBytesFor,
  mintTicket,
  olderCallIdBytesFor,
  readTicket,
  type TicketClaims,
} from "../../src/vault/ticket.ts";
import { HEX_A, HEX_B, HEX_C, seeded } from "./samples.ts";

const keys = await loadMasterKeys(HEX_A, [HEX_B]);
const NOW = 1_800_000_000_000;
const CLAIMS: TicketClaims = {
  id: "8f0c2d",
  callId: "0123456789abcdefghjkmnpqrs",
  phoneCallId: "CA00000000000000000000000000000001",
  expiresAtMs: NOW + 30_000,
};

/** A body of our choice, signed by a key of our choice. */
async function forged(body: string, key: CryptoKey): Promise<string> {
  const encoded = Buffer.from(body).toString("base64url");
  const mac = await crypto.subtle.sign("HMAC", key, Buffer.from(encoded));
  return `${encoded}.${Buffer.from(mac).toString("base64url")}`;
}

describe("tickets", () => {
  it("TICKET-1 A ticket gives back what was promised, for a phone and for a browser.", async () => {
    const strange = { id: '",[]', callId: "é漢🙂", phoneCallId: "", expiresAtMs: NOW + 0.5 };
    for (const claims of [CLAIMS, { ...CLAIMS, phoneCallId: null }, strange]) {
      expect(await readTicket(keys, await mintTicket(keys, claims), NOW)).toEqual(claims);
    }
  });

  it("TICKET-1 A ticket fits a URL path and a WebSocket subprotocol as it is.", async () => {
    for (let at = 0; at < 50; at += 1) {
      const ticket = await mintTicket(keys, { ...CLAIMS, id: `${at}?/+ é` });
      expect(ticket).toMatch(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}$/);
      expect(new URL(`https://example.com/media/${ticket}`).pathname).toBe(`/media/${ticket}`);
    }
  });

  it("TICKET-2 A ticket ends at its time, to the millisecond.", async () => {
    const ticket = await mintTicket(keys, CLAIMS);
    expect(await readTicket(keys, ticket, CLAIMS.expiresAtMs - 1)).toEqual(CLAIMS);
    expect(await readTicket(keys, ticket, CLAIMS.expiresAtMs)).toBeUndefined();
    expect(await readTicket(keys, ticket, Number.NaN)).toBeUndefined();
    const endless = await mintTicket(keys, { ...CLAIMS, expiresAtMs: Number.POSITIVE_INFINITY });
    expect(await readTicket(keys, endless, NOW)).toBeUndefined();
  });

  it("TICKET-3 No change of a ticket is read: every character, every cut, 5,000 random ones.", async () => {
    const ticket = await mintTicket(keys, CLAIMS);
    const random = seeded(3);
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \u0000é\ud800";
    const changed = new Set<string>([
      "",
      ".",
      "..",
      `${ticket}=`,
      `${ticket}.`,
      `.${ticket}`,
      ` ${ticket}`,
      `${ticket}\n`,
    ]);
    for (let at = 0; at < ticket.length; at += 1) {
      changed.add(ticket.slice(0, at)).add(ticket.slice(at + 1));
      changed
        .add(`${ticket.slice(0, at)}A${ticket.slice(at + 1)}`)
        .add(`${ticket.slice(0, at)}B${ticket.slice(at + 1)}`);
    }
    for (let count = 0; count < 5_000; count += 1) {
      const at = Math.floor(random() * ticket.length);
      const character = alphabet[Math.floor(random() * alphabet.length)] ?? "";
      changed.add(ticket.slice(0, at) + character + ticket.slice(at + (random() < 0.9 ? 1 : 0)));
    }
    changed.delete(ticket);
    const read = await Promise.all([...changed].map((text) => readTicket(keys, text, NOW)));
    expect(read.filter((claims) => claims !== undefined)).toEqual([]);
  });

  it("TICKET-3 The last bits of the signature have one spelling.", async () => {
    const ticket = await mintTicket(keys, CLAIMS);
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const last = alphabet.indexOf(ticket.at(-1) ?? "");
    const respelled = ticket.slice(0, -1) + (alphabet[last ^ 1] ?? "");
    const macOf = (text: string) => Buffer.from(text.split(".")[1] ?? "", "base64url");
    expect(macOf(respelled)).toEqual(macOf(ticket));
    expect(await readTicket(keys, respelled, NOW)).toBeUndefined();
  });

  it("TICKET-4 Only a master key that is configured makes tickets: one of a strange key and of another purpose is not read.", async () => {
    const body = JSON.stringify([CLAIMS.id, CLAIMS.callId, CLAIMS.phoneCallId, CLAIMS.expiresAtMs]);
    expect(await readTicket(keys, await forged(body, keys.newest.tickets), NOW)).toEqual(CLAIMS);
    const strange = await loadMasterKeys(HEX_C, []);
    for (const key of [strange.newest.tickets, ...keys.all.map(({ callIds }) => callIds), keys.newest.recovery]) {
      expect(await readTicket(keys, await forged(body, key), NOW)).toBeUndefined();
    }
    const raw = await crypto.subtle.importKey(
      "raw",
      Buffer.from(HEX_A, "hex"),
      { name: "HMAC", hash: "SHA-256" },
      false,
      ["sign"],
    );
    expect(await readTicket(keys, await forged(body, raw), NOW)).toBeUndefined();
  });

  it("ROTATE-10 A ticket of before a renewal is good until the older master key is retired, and none is made under that.", async () => {
    const before = await mintTicket(await loadMasterKeys(HEX_B, []), CLAIMS);
    expect(await readTicket(keys, before, NOW)).toEqual(CLAIMS);
    expect(await readTicket(keys, before, CLAIMS.expiresAtMs)).toBeUndefined();
    expect(await readTicket(await loadMasterKeys(HEX_A, []), before, NOW)).toBeUndefined();
    expect(keys.all.map(({ tickets }) => tickets.usages)).toEqual([["sign", "verify"], ["verify"]]);
    expect(await mintTicket(keys, CLAIMS)).not.toBe(before);
  });

  it("TICKET-4 A signed body of another shape is not read and throws nothing.", async () => {
    const bodies = [
      "",
      "null",
      "{",
      "\ud800",
      "[]",
      '{"id":"a"}',
      `["a","b",null]`,
      `["a","b",null,${NOW + 1},1]`,
      `[1,"b",null,${NOW + 1}]`,
      `["a",null,null,${NOW + 1}]`,
      `["a","b",1,${NOW + 1}]`,
      `["a","b",null,"${NOW + 1}"]`,
      `["a","b",null,null]`,
    ];
    for (const body of bodies) {
      expect(await readTicket(keys, await forged(body, keys.newest.tickets), NOW), body).toBeUndefined();
    }
  });

  it("TICKET-4 A text over 1,024 characters is not looked at.", async () => {
    const long = await mintTicket(keys, { ...CLAIMS, id: "x".repeat(1_024) });
    expect(await readTicket(keys, long, NOW)).toBeUndefined();
  });
});

describe("the call of a phone call", () => {
  it("TICKET-5 One CallSid is always the same 16 bytes, each other CallSid different ones.", async () => {
    const again = await loadMasterKeys(HEX_A, []);
    const first = await callIdBytesFor(keys, "CA1");
    expect(first).toHaveLength(16);
    expect(await callIdBytesFor(again, "CA1")).toEqual(first);
    const ids = await Promise.all(Array.from({ length: 1_000 }, (_, at) => callIdBytesFor(keys, `CA${at}`)));
    expect(new Set(ids.map((bytes) => Buffer.from(bytes).toString("hex"))).size).toBe(1_000);
  });

  it("TICKET-5 Without the master key they cannot be worked out from the CallSid.", async () => {
    const strange = await loadMasterKeys(HEX_C, [HEX_A]);
    expect(await callIdBytesFor(strange, "CA1")).not.toEqual(await callIdBytesFor(keys, "CA1"));
    const plain = new Uint8Array(await crypto.subtle.digest("SHA-256", Buffer.from("CA1"))).slice(0, 16);
    expect(await callIdBytesFor(keys, "CA1")).not.toEqual(plain);
  });

  it("ROTATE-11 What a phone call was called before a renewal can still be worked out, the latest name first.", async () => {
    const [b, c] = [await loadMasterKeys(HEX_B, []), await loadMasterKeys(HEX_C, [])];
    const renewedTwice = await loadMasterKeys(HEX_A, [HEX_B, HEX_C]);
    const older = await olderCallIdBytesFor(renewedTwice, "CA1");
    expect(older).toEqual([await callIdBytesFor(b, "CA1"), await callIdBytesFor(c, "CA1")]);
    expect(older).not.toContainEqual(await callIdBytesFor(renewedTwice, "CA1"));
    expect(await olderCallIdBytesFor(c, "CA1")).toEqual([]);
  });
});
