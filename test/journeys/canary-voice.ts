import * as z from "zod";
import type { Traffic } from "./canary-traffic.ts";
import type { Room } from "./room.ts";
import { speech, VoiceCaller } from "./voice-caller.ts";
import { knock, withTicket } from "./voice-door.ts";
import { type PreparedCall, voiceFault } from "./voice-looks.ts";

/** Calls with sound of people whose keys are secrets to be looked for: everything that comes out of them is kept. */

const Prepared = z.object({ callId: z.string(), ticket: z.string(), url: z.string() });

export async function preparedFor(traffic: Traffic, sessionToken: string): Promise<PreparedCall> {
  const reply = await traffic.ask("POST /api/calls", { body: {}, authorization: `Bearer ${sessionToken}` });
  return Prepared.parse(JSON.parse(reply.text));
}

/** A caller whose frames, sound too, and closes are kept. */
const listened = (traffic: Traffic, call: PreparedCall): VoiceCaller =>
  new VoiceCaller(call, {
    onFrame: (frame) => {
      const text = typeof frame === "string" ? frame : Buffer.from(frame).toString("latin1");
      traffic.seen.push({ where: "frame of a call with sound", text });
    },
  });

/** One call: says something, and is answered, or told what is wrong. */
export async function talk(traffic: Traffic, sessionToken: string): Promise<void> {
  const caller = listened(traffic, await preparedFor(traffic, sessionToken));
  caller.say(await speech("Good day."));
  const isAnswered = (): boolean => caller.turns.some(({ speaker, usage }) => speaker === "agent" && usage !== null);
  await caller.until(() => isAnswered() || caller.turns.some(({ failure }) => failure !== null), "an answer", 20_000);
  await caller.hangUp();
}

/** A call that runs tools, loses its line, is gone on with on another socket, and is sent what it cannot read. */
export async function talkInAllWays(
  room: Room,
  traffic: Traffic,
  sessionToken: string,
  key: string,
  toolNames: readonly string[],
  secrets: readonly string[],
): Promise<void> {
  const call = await preparedFor(traffic, sessionToken);
  const first = listened(traffic, call);
  await first.begun();
  const toolCalls = toolNames.map((name) => ({ name, arguments: { question: "What?" } }));
  await voiceFault(room, { kind: "answer", key, toolCalls });
  first.say(await speech("Use your tools."));
  const isOver = (): boolean => first.turns.filter(({ toolCall }) => toolCall?.outcome === "pending").length === 0;
  await first.until(() => first.answers.length > 0 && isOver(), "the tools", 30_000);
  first.loseLine();
  await first.until(() => first.of("call-start").length === 2, "the call to be found again");
  for (const secret of secrets) {
    const told = first.of("error").length;
    for (const frame of [secret, `{"type":"${secret}`, `{"type":"talk-mode","mode":"${secret}"}`])
      first.wire.send(frame);
    first.wire.send(
      new Uint8Array(Buffer.concat([Buffer.from(secret), Buffer.alloc(secret.length % 2 === 0 ? 1 : 2)])),
    );
    await first.until(() => first.of("error").length >= told + 4, "four refused frames");
    first.send({ type: "ping" });
  }
  const resumeTicket = first.of("call-start").at(-1)?.resumeTicket ?? "";
  const second = listened(traffic, { ...call, ticket: resumeTicket });
  await second.begun();
  await first.end();
  second.send({ type: "text", text: "And now?" });
  await second.until(() => second.answers.length > first.answers.length, "an answer on the other socket");
  await second.hangUp();
}

/** Handshakes that hold a secret wherever one can be put. */
export async function knockWith(traffic: Traffic, call: PreparedCall, secret: string): Promise<void> {
  const { origin } = new URL(call.url);
  const word = secret.replace(/[^A-Za-z0-9_-]/g, "");
  const knocks: [url: string, knock: Parameters<typeof knock>[1]][] = [
    [call.url, { protocols: withTicket(word) }],
    [call.url, { protocols: [word, call.ticket] }],
    [call.url, { protocols: withTicket(call.ticket), headers: { origin: `https://${word}.example` } }],
    [`${origin}/call/${word}`, { protocols: withTicket(call.ticket) }],
    [`${call.url}?ticket=${word}`, {}],
    [`${origin}/media/${word}`, {}],
    [`${origin}/media/${word}`, { headers: { "x-twilio-signature": word } }],
  ];
  for (const [url, how] of knocks) {
    const { status, code, closeCode } = await knock(url, how);
    traffic.seen.push({ where: "refused handshake", text: `${status} ${code} ${closeCode}` });
  }
}

/** Every way in which a session with OpenAI fails. Each quotes the key, where OpenAI has a field for it. */
export const voiceTroubles = (secret: string): Record<string, unknown>[] => [
  ...[401, 403, 429, 500].map((status) => ({ kind: "status", status })),
  { kind: "refused", type: secret, code: secret, message: secret },
  { kind: "refused", type: "invalid_request_error", code: "invalid_api_key", message: secret, closeCode: 3_000 },
  { kind: "failed", type: secret, code: secret, message: secret },
  { kind: "failed", message: secret },
  { kind: "error-event", code: secret, message: secret },
  { kind: "close", code: 1_011, reason: secret },
  { kind: "close", code: 3_000, reason: `invalid_request_error.${secret}` },
  { kind: "mute" },
  { kind: "reset" },
  { kind: "stall" },
  { kind: "session-expired" },
  { kind: "malformed-event" },
  { kind: "unknown-events" },
  { kind: "oversized-event" },
  { kind: "deep-event" },
  { kind: "transcription-failed" },
  { kind: "no-usage" },
];
