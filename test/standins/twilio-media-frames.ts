import { Buffer } from "node:buffer";
import * as z from "zod";

/**
 * What Media Streams takes from an application, by Twilio's "WebSocket messages" page. Unknown keys are refused too: we have
 * no reason to send any.
 */
const Outbound = z.discriminatedUnion("event", [
  z.strictObject({
    event: z.literal("media"),
    streamSid: z.string(),
    media: z.strictObject({ payload: z.string().min(1) }),
  }),
  z.strictObject({
    event: z.literal("mark"),
    streamSid: z.string(),
    mark: z.strictObject({ name: z.string().min(1) }),
  }),
  z.strictObject({ event: z.literal("clear"), streamSid: z.string() }),
]);

export type MediaFrame =
  | { readonly type: "sound"; readonly mulaw: Buffer }
  | { readonly type: "mark"; readonly name: string }
  | { readonly type: "clear" }
  /** With its code of Twilio's error dictionary: 31950 malformed or binary, 31951 content that makes no sense. */
  | { readonly type: "problem"; readonly problem: string };

const problem = (code: "31950" | "31951", what: string): MediaFrame => ({
  type: "problem",
  problem: `${code}: ${what}`,
});

/** Reads a frame of the application as strictly as Twilio documents it. */
export function readOutbound(text: string, isBinary: boolean, streamSid: string): MediaFrame {
  if (isBinary) return problem("31950", "a binary frame");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return problem("31950", "not JSON");
  }
  const { success, data, error } = Outbound.safeParse(value);
  if (!success) {
    return problem("31951", error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; "));
  }
  if (data.streamSid !== streamSid) return problem("31951", `streamSid is ${data.streamSid}`);
  switch (data.event) {
    case "clear":
      return { type: "clear" };
    case "mark":
      return { type: "mark", name: data.mark.name };
    case "media": {
      const mulaw = Buffer.from(data.media.payload, "base64");
      if (mulaw.toString("base64") !== data.media.payload) return problem("31951", "the payload is not base64");
      if (mulaw.subarray(0, 4).toString("latin1") === "RIFF") return problem("31951", "the payload has a WAV header");
      return { type: "sound", mulaw };
    }
  }
}
