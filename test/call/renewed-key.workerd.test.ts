import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { factsOf } from "../../src/failure.ts";
import { loadMasterKeys } from "../../src/vault/master-keys.ts";
import { seal } from "../../src/vault/seal.ts";
import { HEX_A, HEX_C, randomBytes } from "../vault/samples.ts";
import { KEY, Network, SleepingCall, words } from "./sleeping-call.workerd.ts";

const RETURNING = { resumable: true, greeting: null } as const;
const REPLACED = "sk-proj-replaced-0123456789";

let network: Network;
beforeEach(() => {
  vi.spyOn(console, "log").mockImplementation(() => {});
  network = new Network();
  vi.spyOn(globalThis, "fetch").mockImplementation(network.fetch);
});
afterEach(() => {
  vi.restoreAllMocks();
});

async function sealedUnder(hex: string, { sessionToken }: SleepingCall, clear: string): Promise<string> {
  return seal(await loadMasterKeys(hex, []), { purpose: "openai-key", sessionToken }, clear, randomBytes);
}

const instanceOf = (call: SleepingCall): Promise<unknown> => runInDurableObject(call.stub, (instance) => instance);

/** The object runs with this master key alone, as one does that was there before the Worker was given another. */
const runsWith = (call: SleepingCall, hex: string): Promise<void> =>
  runInDurableObject(call.stub, (instance) => {
    const older = { ...Reflect.get(instance, "env"), ENCRYPTION_KEY: hex };
    Object.defineProperty(instance, "env", { value: older });
  });

const keysAsked = (): (string | null)[] => network.asked.map(({ authorization }) => authorization);

describe("a call whose object is older than the master key", { timeout: 30_000 }, () => {
  it("ROTATE-32 A call that is given a key under a master key it never heard of starts again with the variables of today, and goes on.", async () => {
    const call = new SleepingCall();
    await runsWith(call, HEX_A);
    await call.begin({ ...RETURNING, sealedKey: await sealedUnder(HEX_A, call, KEY) });
    network.answerWith(words("Nice to meet you, Ada."), words("Your name is Ada."));
    call.say("My name is Ada.");
    await call.turn(1);
    const older = await instanceOf(call);

    // The student has entered another key, which the Worker has sealed under its newest: what `begin` does by itself.
    const replaced = { ...RETURNING, sealedKey: await sealedUnder(env.ENCRYPTION_KEY, call, REPLACED) };
    await call.begin(replaced);
    call.say("What is my name?");
    await vi.waitFor(async () => expect(await instanceOf(call)).not.toBe(older));
    expect(keysAsked()).toEqual([`Bearer ${KEY}`]);

    await call.begin(replaced);
    expect(await call.turn(2)).toBe("Your name is Ada.");
    expect(keysAsked()).toEqual([`Bearer ${KEY}`, `Bearer ${REPLACED}`]);
    expect(network.asked[1]?.input.at(-1)).toBe("caller: What is my name?");
    expect(call.errors).toEqual([]);
  });

  it("ROTATE-33 A master key that nobody has is found out by starting again once, and then told; a new call is told at once.", async () => {
    const call = new SleepingCall();
    await call.begin(RETURNING);
    network.answerWith(words("Nice to meet you, Ada."));
    call.say("My name is Ada.");
    await call.turn(1);
    const first = await instanceOf(call);
    const lost = { ...RETURNING, sealedKey: await sealedUnder(HEX_C, call, REPLACED) };
    await call.begin(lost);
    call.say("What is my name?");
    await vi.waitFor(async () => expect(await instanceOf(call)).not.toBe(first));
    const second = await instanceOf(call);
    await call.begin(lost);
    expect(await call.turn(2)).toBe(factsOf("key_unreadable").spoken);
    expect(await instanceOf(call)).toBe(second);

    const other = new SleepingCall();
    await other.begin({ ...RETURNING, sealedKey: await sealedUnder(HEX_C, other, REPLACED) });
    const only = await instanceOf(other);
    expect(await other.turn(1)).toBe(factsOf("key_unreadable").spoken);
    expect(await instanceOf(other)).toBe(only);
    expect(network.asked).toHaveLength(1);
  });
});
