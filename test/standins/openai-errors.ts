/**
 * Every refusal of the stand-in, in OpenAI's own words. Sources: reference pages of OpenAI for status and code; the
 * sentences as quoted in public bug reports, named where the sentence is worth checking. What could not be confirmed is
 * listed in README.md. The texts are there because an app must not forward them: the 401 echoes part of the key.
 */
export interface ErrorBody {
  readonly message: string;
  readonly type: string;
  readonly param: string | null;
  readonly code: string | null;
}

export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly error: ErrorBody;
}

interface Details {
  readonly type?: string;
  readonly param?: string | null;
  readonly code?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

export const refusal = (status: number, message: string, details: Details = {}): Refusal => ({
  status,
  headers: details.headers ?? {},
  error: {
    message,
    type: details.type ?? "invalid_request_error",
    param: details.param ?? null,
    code: details.code ?? null,
  },
});

// The key

/** Sentence and null code: github.com/openai/openai-cookbook/issues/2347. */
export const noKey = (): Refusal => refusal(401, "Missing bearer or basic authentication in header");

/** Eight characters, stars for the middle, four characters: github.com/continuedev/continue/issues/9634. */
export const wrongKey = (key: string): Refusal =>
  refusal(
    401,
    `Incorrect API key provided: ${maskedKey(key)}. You can find your API key at https://platform.openai.com/account/api-keys.`,
    { code: "invalid_api_key" },
  );

export const maskedKey = (key: string): string =>
  key.length <= 12 ? key : `${key.slice(0, 8)}${"*".repeat(key.length - 12)}${key.slice(-4)}`;

/** Seen as 401 and as 403, with code `missing_scope` and with null: github.com/continuedev/continue/issues/10059. */
export const missingScope = (status: 401 | 403, scope: string, code: string | null): Refusal =>
  refusal(
    status,
    `You have insufficient permissions for this operation. Missing scopes: ${scope}. Check that you have the correct role in your organization (Reader, Writer, Owner) and project (Member, Owner), and if you're using a restricted API key, that it has the necessary scopes.`,
    { code },
  );

export const noCredit = (): Refusal =>
  refusal(
    429,
    "You exceeded your current quota, please check your plan and billing details. For more information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.",
    { type: "insufficient_quota", code: "insufficient_quota" },
  );

export const tooFast = (model: string, retryAfterSeconds: number): Refusal =>
  refusal(
    429,
    `Rate limit reached for ${model} in organization org-standin on requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in ${retryAfterSeconds}s. Visit https://platform.openai.com/account/rate-limits to learn more.`,
    { type: "requests", code: "rate_limit_exceeded", headers: { "retry-after": String(retryAfterSeconds) } },
  );

// The address and the body

export const noSuchUrl = (method: string, path: string): Refusal => refusal(404, `Invalid URL (${method} ${path})`);

export const wrongMethod = (method: string, path: string): Refusal =>
  refusal(405, `Not allowed to ${method} on ${path}. (HINT: Perhaps you meant to use a different HTTP method?)`, {
    code: "method_not_supported",
  });

export const notJsonType = (type: string): Refusal =>
  refusal(
    400,
    `Unsupported content type: '${type}'. This API method only accepts 'application/json' requests, but you specified the header 'Content-Type: ${type}'. Please try again with a supported content type.`,
    { code: "unsupported_content_type" },
  );

export const notJson = (): Refusal =>
  refusal(
    400,
    "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON. If you have trouble figuring out how to fix this, please contact us through our help center at help.openai.com.)",
  );

export const tooBig = (limitBytes: number, bytes: number): Refusal =>
  refusal(413, `Maximum content size limit (${limitBytes}) exceeded (${bytes} bytes read)`, { type: "server_error" });

// Parameters

export const unknownParameter = (param: string): Refusal =>
  refusal(400, `Unknown parameter: '${param}'.`, { param, code: "unknown_parameter" });

/** Chat Completions has its own sentence, without param and code. */
export const unrecognizedArgument = (name: string): Refusal =>
  refusal(400, `Unrecognized request argument supplied: ${name}`);

/** A Chat Completions parameter sent to Responses: github.com/lobehub/lobehub/issues/8116. */
export const movedParameter = (param: string, to: string): Refusal =>
  refusal(
    400,
    `Unsupported parameter: '${param}'. In the Responses API, this parameter has moved to '${to}'. Try again with the new parameter. See the API documentation for more information: https://platform.openai.com/docs/api-reference/responses/create.`,
    { code: "unsupported_parameter" },
  );

export const missingParameter = (param: string): Refusal =>
  refusal(400, `Missing required parameter: '${param}'.`, { param, code: "missing_required_parameter" });

export const invalidType = (param: string, expected: string, got: string): Refusal =>
  refusal(400, `Invalid type for '${param}': expected ${expected}, but got ${got} instead.`, {
    param,
    code: "invalid_type",
  });

export const invalidValue = (param: string, value: string, supported: readonly string[]): Refusal =>
  refusal(400, `Invalid value: '${value}'. Supported values are: ${listed(supported)}.`, {
    param,
    code: "invalid_value",
  });

export const badPattern = (param: string, pattern: string): Refusal =>
  refusal(
    400,
    `Invalid '${param}': string does not match pattern. Expected a string that matches the pattern '${pattern}'.`,
    { param, code: "invalid_value" },
  );

export const tooLong = (param: string, maximum: number, length: number): Refusal =>
  refusal(
    400,
    `Invalid '${param}': string too long. Expected a string with maximum length ${maximum}, but got a string with length ${length} instead.`,
    { param, code: "string_above_max_length" },
  );

export const tooManyItems = (param: string, maximum: number, length: number): Refusal =>
  refusal(
    400,
    `Invalid '${param}': array too long. Expected an array with maximum length ${maximum}, but got an array with length ${length} instead.`,
    { param, code: "array_above_max_length" },
  );

export const tooSmall = (param: string, minimum: number, value: number): Refusal =>
  refusal(
    400,
    `Invalid '${param}': integer below minimum value. Expected a value >= ${minimum}, but got ${value} instead.`,
    { param, code: "integer_below_min_value" },
  );

export const unsupportedParameter = (param: string, instead = ""): Refusal =>
  refusal(
    400,
    `Unsupported parameter: '${param}' is not supported with this model.${instead === "" ? "" : ` Use '${instead}' instead.`}`,
    { param, code: "unsupported_parameter" },
  );

export const unsupportedEffort = (param: string, model: string, value: string, supported: readonly string[]): Refusal =>
  refusal(
    400,
    `Unsupported value: '${value}' is not supported with the '${model}' model. Supported values are: ${listed(supported)}.`,
    { param, code: "unsupported_value" },
  );

export const badFunctionSchema = (param: string, name: string, problem: string): Refusal =>
  refusal(400, `Invalid schema for function '${name}': ${problem}`, { param, code: "invalid_function_parameters" });

/** Ours, not OpenAI's: a valid request that the stand-in does not play. Plain, so that nobody searches for it elsewhere. */
export const notPlayed = (param: string): Refusal =>
  refusal(400, `The OpenAI stand-in does not play '${param}'.`, { param, code: "standin_unsupported" });

// The model

export const unknownModel = (model: string): Refusal =>
  refusal(404, `The model \`${model}\` does not exist or you do not have access to it.`, { code: "model_not_found" });

export const shutDownModel = (model: string): Refusal =>
  refusal(
    404,
    `The model \`${model}\` has been deprecated, learn more here: https://platform.openai.com/docs/deprecations`,
    { code: "model_not_found" },
  );

/** Both endings: github.com/openai/openai-openapi/issues/541 (gpt-5.4) and BerriAI/litellm/pull/34569 (gpt-5.6). */
export const toolsWithEffort = (model: string, takesNone: boolean): Refusal =>
  refusal(
    400,
    `Function tools with reasoning_effort are not supported for ${model} in /v1/chat/completions. ${
      takesNone
        ? "To use function tools, use /v1/responses or set reasoning_effort to 'none'."
        : "Please use /v1/responses instead."
    }`,
    { param: "reasoning_effort" },
  );

// The history: github.com/microsoft/vscode/issues/320060 and github.com/router-for-me/CLIProxyAPI/issues/2368.

export const outputWithoutCall = (callId: string): Refusal =>
  refusal(400, `No tool call found for function call output with call_id ${callId}.`, { param: "input" });

export const callWithoutOutput = (callId: string): Refusal =>
  refusal(400, `No tool output found for function call ${callId}.`, { param: "input" });

export const noPreviousResponse = (id: string): Refusal =>
  refusal(400, `Previous response with id '${id}' not found.`, {
    param: "previous_response_id",
    code: "previous_response_not_found",
  });

const listed = (values: readonly string[]): string => {
  const quoted = values.map((value) => `'${value}'`);
  const last = quoted.pop() ?? "";
  return quoted.length === 0 ? last : `${quoted.join(", ")}${quoted.length > 1 ? "," : ""} and ${last}`;
};

/** What a status means when a scripted fault names nothing but the status. */
export function refusalOfStatus(status: number): Refusal {
  switch (status) {
    case 401:
      return refusal(401, "Incorrect API key provided: sk-fault*****ault.", { code: "invalid_api_key" });
    case 403:
      return refusal(403, "Country, region, or territory not supported", {
        type: "request_forbidden",
        code: "unsupported_country_region_territory",
      });
    case 404:
      return unknownModel("scripted-fault");
    case 429:
      return refusal(429, "Rate limit reached for requests", { type: "requests", code: "rate_limit_exceeded" });
    case 503:
      return refusal(503, "Our servers are currently overloaded. Please try again later.", {
        type: "service_unavailable_error",
        code: "server_is_overloaded",
      });
    default:
      return status >= 500
        ? refusal(status, "The server had an error while processing your request. Sorry about that!", {
            type: "server_error",
            code: "server_error",
          })
        : refusal(status, "The request was refused by a scripted fault.");
  }
}
