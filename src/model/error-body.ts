/** What OpenAI's error body says: `undefined` where it says nothing readable. */
export interface UpstreamError {
  readonly code: string | null | undefined;
  readonly type: string | undefined;
}

/** An error body is a few hundred bytes; more is not read. */
const ERROR_BYTES = 16 * 1024;

const NOTHING: UpstreamError = { code: undefined, type: undefined };

/** Reads code and type of an error body and nothing else: its message may hold part of a key. Never rejects. */
export async function readError(response: Response): Promise<UpstreamError> {
  try {
    const body: unknown = JSON.parse(await firstBytes(response));
    const error = isRecord(body) ? body.error : undefined;
    if (!isRecord(error)) return NOTHING;
    const { code, type } = error;
    return {
      code: typeof code === "string" || code === null ? code : undefined,
      type: typeof type === "string" ? type : undefined,
    };
  } catch {
    return NOTHING;
  }
}

/** The body's text, or as much of it as an error may need: what is cut there is no JSON any more. */
async function firstBytes(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (!reader) return "";
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  while (bytes <= ERROR_BYTES) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.byteLength;
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return "";
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
