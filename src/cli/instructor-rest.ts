import * as z from "zod";
import { parseJson } from "./relay-refusal.ts";

/** A Callroom, and the token that opens its console. */
export interface InstructorAccess {
  /** Scheme, host and port. */
  readonly url: string;
  readonly instructorToken: string;
}

/** `refused`: it answered with a failure; what it says is a sentence for a person. `silent`: nobody we know answered. */
export type Asked<Answer> =
  | { readonly outcome: "answered"; readonly answer: Answer }
  | {
      readonly outcome: "refused";
      readonly code: string;
      readonly sentence: string;
      /** `misconfigured`: the variable that is missing or malformed. */
      readonly variable: string | undefined;
    }
  | { readonly outcome: "silent" };

const REQUEST_MS = 20_000;

const Refusal = z.object({
  success: z.literal(false),
  error: z.string(),
  code: z.string(),
  variable: z.string().optional(),
});

/** Asks a route of the instructor's, `path` with its slash. Never rejects. */
export async function askInstructor<Answer>(
  fetcher: typeof fetch,
  { url, instructorToken }: InstructorAccess,
  path: string,
  shape: z.ZodType<Answer>,
): Promise<Asked<Answer>> {
  try {
    const response = await fetcher(new URL(path, url), {
      headers: { authorization: `Bearer ${instructorToken}`, accept: "application/json" },
      redirect: "manual",
      signal: AbortSignal.timeout(REQUEST_MS),
    });
    const body = parseJson(await response.text());
    const answer = shape.safeParse(body);
    if (response.ok && answer.success) return { outcome: "answered", answer: answer.data };
    const { data } = Refusal.safeParse(body);
    if (!data) return { outcome: "silent" };
    return { outcome: "refused", code: data.code, sentence: data.error, variable: data.variable };
  } catch {
    return { outcome: "silent" };
  }
}
