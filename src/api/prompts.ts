import type { PromptsReply, PromptVersion } from "../protocol/rest.ts";
import { type KeptPrompt, listPrompts } from "../store/prompt-versions.ts";
import type { Student } from "../store/students.ts";
import { endpoint } from "./endpoint.ts";
import { isoTime, succeeded } from "./replies.ts";
import { promptsReply } from "./reply-schemas.ts";

export const listMyPrompts = endpoint("student", {
  summary:
    "The student's prompts, newest first: the one there is, and what it was before. The last is what they began with.",
  reply: promptsReply,
  fails: [],
  handle: async (c, { asker: student }) => {
    const kept = await listPrompts(c.env.database, student.sessionToken);
    const versions = withPresent(student, kept, c.env.now());
    return succeeded<PromptsReply>(c, { success: true, versions: versions.map(versionView) });
  },
});

/** A prompt that was never changed, and one that another program has written, are kept only at the next change. */
function withPresent(student: Student, kept: readonly KeptPrompt[], nowMs: number): readonly KeptPrompt[] {
  const { prompt } = student.config;
  if (kept[0]?.prompt === prompt) return kept;
  const writtenAtMs = kept.length === 0 ? student.createdAtMs : student.updatedAtMs;
  return [{ savedAtMs: writtenAtMs ?? nowMs, prompt, savedBy: "student" }, ...kept];
}

const versionView = ({ savedAtMs, prompt, savedBy }: KeptPrompt): PromptVersion => ({
  savedAt: isoTime(savedAtMs),
  prompt,
  savedBy,
});
