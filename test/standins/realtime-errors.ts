/**
 * What the Realtime API refuses, in OpenAI's words. Code and closing as recorded from the live API; sentences as quoted in
 * public bug reports, named where the sentence is worth checking. README.md lists what could not be confirmed. The status
 * of a refusal has no meaning on a socket.
 */
import {
  type ErrorBody,
  invalidValue,
  noCredit,
  notPlayed,
  type Refusal,
  refusal,
  unknownModel,
  wrongKey,
} from "./openai-errors.ts";

/** An `error` event that is followed by the close. */
export interface Ending {
  readonly error: ErrorBody;
  readonly closeCode: number;
}

const ending = (closeCode: number, { error }: Refusal): Ending => ({ error, closeCode });

/** As the API writes it: `invalid_request_error.invalid_api_key`. */
export const closeReasonOf = ({ error }: Ending): string => `${error.type}.${error.code}`;

// At the door

export const betaShape = (): Ending =>
  ending(
    4000,
    refusal(
      400,
      "The beta API shape is no longer supported. Remove the OpenAI-Beta header and use the GA event shapes.",
      {
        code: "beta_api_shape_disabled",
      },
    ),
  );

export const badKey = (key: string): Ending => ending(3000, wrongKey(key));

export const noKeyAtAll = (): Ending =>
  ending(3000, refusal(401, "Missing bearer or basic authentication in header", { code: "invalid_api_key" }));

/** The code of an HTTP refusal (missing scope) in the form of the socket. */
export const forbidden = (refused: Refusal): Ending => ending(3000, refused);

export const outOfCredit = (): Ending => ending(1013, noCredit());

export const tooManyRequests = (refused: Refusal): Ending =>
  ending(1013, { ...refused, error: { ...refused.error, type: "rate_limit_error" } });

export const missingModel = (): Ending =>
  ending(
    4000,
    refusal(
      400,
      "You must provide a model parameter, for example wss://api.openai.com/v1/realtime?model=gpt-realtime-2.1",
      {
        code: "missing_model",
      },
    ),
  );

export const notRealtime = (model: string): Ending =>
  ending(
    4000,
    refusal(
      400,
      `Model "${model}" is not supported in realtime mode. Supported models are listed at https://platform.openai.com/docs/models.`,
      { code: "invalid_model" },
    ),
  );

export const noSuchModel = (model: string): Ending => ending(4004, unknownModel(model));

/** Ours: another kind of session (transcription, sideband) than the stand-in plays. */
export const sessionNotPlayed = (param: string): Ending => ending(4000, notPlayed(param));

/** github.com/livekit/agents/pull/1122, then with 15 minutes. */
export const sessionExpired = (minutes: number): Ending =>
  ending(
    1001,
    refusal(400, `Your session hit the maximum duration of ${minutes} minutes.`, { code: "session_expired" }),
  );

// Events

export const notText = (): Refusal =>
  refusal(400, "Expected a text WebSocket message; binary frames are not supported.", { code: "invalid_event" });

export const notJsonEvent = (): Refusal =>
  refusal(400, "Invalid event: failed to parse JSON value. ", { code: "invalid_json" });

export const unknownEvent = (type: string, known: readonly string[]): Refusal => invalidValue("type", type, known);

// The session

export const bothModalities = (): Refusal =>
  refusal(400, "Invalid modalities: ['text', 'audio']. Supported combinations are: ['text'] and ['audio'].", {
    param: "session.output_modalities",
    code: "invalid_value",
  });

export const invalid = (param: string, problem: string): Refusal =>
  refusal(400, `Invalid '${param}': ${problem}`, { param, code: "invalid_value" });

export const aboveMaximum = (param: string, maximum: number, value: number): Refusal =>
  refusal(
    400,
    `Invalid '${param}': integer above maximum value. Expected a value <= ${maximum}, but got ${value} instead.`,
    { param, code: "integer_above_max_value" },
  );

/** github.com/openai/openai-python/issues/2607. */
export const voiceIsFixed = (): Refusal =>
  refusal(400, "Cannot update a conversation's voice if assistant audio is present.", { code: "cannot_update_voice" });

// The input buffer

export const badAudio = (problem: string): Refusal =>
  refusal(400, `Invalid 'audio'. Expected base64-encoded audio bytes, but ${problem}.`, {
    param: "audio",
    code: "invalid_value",
  });

/** github.com/betalgo/openai/issues/674; the code from github.com/openai/openai-agents-js/issues/748. */
export const bufferTooSmall = (ms: number): Refusal =>
  refusal(
    400,
    `Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, but buffer only has ${ms.toFixed(2)}ms of audio.`,
    { code: "input_audio_buffer_commit_empty" },
  );

// The conversation

export const noSuchItem = (param: string, id: string): Refusal =>
  refusal(400, `Item with item_id '${id}' not found.`, { param, code: "item_not_found" });

export const itemExists = (id: string): Refusal => invalid("item.id", `an item with ID '${id}' already exists.`);

export const noSuchCall = (callId: string): Refusal =>
  refusal(400, `Tool call ID '${callId}' not found in conversation.`, { param: "item.call_id", code: "invalid_value" });

/** github.com/livekit/agents/pull/6158. */
export const notTruncatable = (): Refusal =>
  refusal(400, "Only model output audio messages can be truncated", { code: "unsupported_content_type" });

/** github.com/twilio-samples/speech-assistant-openai-realtime-api-python/issues/45. */
export const alreadyShorter = (realMs: number, endMs: number): Refusal =>
  refusal(400, `Audio content of ${realMs}ms is already shorter than ${endMs}ms`, { code: "invalid_value" });

// Responses

export const alreadyActive = (id: string): Refusal =>
  refusal(
    400,
    `Conversation already has an active response in progress: ${id}. Wait until the response is finished before creating a new one.`,
    { code: "conversation_already_has_active_response" },
  );

export const notActive = (): Refusal =>
  refusal(400, "Cancellation failed: no active response found", { code: "response_cancel_not_active" });
