/**
 * Just enough of the Responses API to ask for an answer and to pick its text out of the event stream: what the bare
 * pass-throughs and the direct client share, and the least that any server must do.
 */

/** The request a real client would make; the prompt is the caller's words. */
export function answerRequest(prompt: string): string {
  return JSON.stringify({
    model: "gpt-6-luna",
    stream: true,
    store: false,
    instructions: "You are a friendly agent on the telephone. Answer in one or two short sentences.",
    input: [{ role: "user", content: prompt }],
    reasoning: { effort: "none" },
    stream_options: { include_obfuscation: false },
  });
}

/** What one chunk brought: the text deltas completed by it, and whether the answer is over. */
export interface AnswerPart {
  readonly deltas: readonly string[];
  readonly done: boolean;
}

/** Cuts the stream into events; an event may be split over chunks anywhere. One reader for one answer. */
export class AnswerReader {
  #rest = "";

  read(chunk: string): AnswerPart {
    const blocks = (this.#rest + chunk).split("\n\n");
    this.#rest = blocks.pop() ?? "";
    const deltas: string[] = [];
    let done = false;
    for (const block of blocks) {
      if (block.startsWith("event: response.output_text.delta\n")) {
        const event: { delta?: unknown } = JSON.parse(block.slice(block.indexOf("\ndata: ") + 7));
        if (typeof event.delta === "string") deltas.push(event.delta);
      } else if (block.startsWith("event: response.completed\n")) {
        done = true;
      }
    }
    return { deltas, done };
  }
}

/** A ConversationRelay `text` frame. */
export const textFrame = (token: string, last: boolean): string => JSON.stringify({ type: "text", token, last });

/** The caller's words, when the frame is a finished `prompt`. */
export function promptIn(frame: string): string | undefined {
  const message: { type?: unknown; voicePrompt?: unknown; last?: unknown } = JSON.parse(frame);
  return message.type === "prompt" && message.last === true && typeof message.voicePrompt === "string"
    ? message.voicePrompt
    : undefined;
}
