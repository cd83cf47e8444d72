/**
 * TwiML read as strictly as Twilio's parser and as its documentation of ConversationRelay allow: a document that this
 * refuses would end a real call with the same error code.
 */

export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly (XmlElement | string)[];
}

export interface RelayVerb {
  readonly type: "connect";
  /** As written, perhaps relative; absent: the call goes on below. */
  readonly action: string | undefined;
  readonly url: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly parameters: Readonly<Record<string, string>>;
}
/** A stream in both directions; the call goes on below when its socket is closed. */
export interface StreamVerb {
  readonly type: "stream";
  readonly url: string;
  readonly parameters: Readonly<Record<string, string>>;
}

export type Verb =
  | RelayVerb
  | StreamVerb
  /** `url` as written, perhaps relative. */
  | { readonly type: "redirect"; readonly url: string }
  | { readonly type: "say"; readonly text: string }
  | { readonly type: "hangup" };

/**
 * `code` as in Twilio's error dictionary: 12100 not XML, 12200 not TwiML, 64101 bad ConversationRelay parameter, 31920 and
 * 31922 a stream's URL with a query string or without `wss`.
 */
export class TwimlError extends Error {
  readonly code: string;

  constructor(code: string, problem: string) {
    super(`${code}: ${problem}`);
    this.code = code;
  }
}

const BOOLEAN = /^(true|false)$/;
const WHEN = /^(none|dtmf|speech|any|true|false)$/;
const ANYTHING = /./;
const LANGUAGE = /^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$|^multi$/;
const RELAY_ATTRIBUTES: Readonly<Record<string, RegExp>> = {
  url: /^wss:\/\/[^/\s]+\/\S+$/,
  welcomeGreeting: ANYTHING,
  welcomeGreetingInterruptible: WHEN,
  language: LANGUAGE,
  ttsLanguage: LANGUAGE,
  transcriptionLanguage: LANGUAGE,
  ttsProvider: /^(ElevenLabs|Google|Amazon)$/,
  voice: ANYTHING,
  transcriptionProvider: /^(Deepgram|Google)$/,
  speechModel: ANYTHING,
  hints: ANYTHING,
  partialPrompts: BOOLEAN,
  speechTimeout: /^(auto|[1-4]\d{3}|[6-9]\d{2}|5000)$/,
  eotThreshold: /^0\.[5-9]\d*$/,
  deepgramSmartFormat: BOOLEAN,
  interruptible: WHEN,
  interruptSensitivity: /^(high|medium|low)$/,
  ignoreBackchannel: BOOLEAN,
  reportInputDuringAgentSpeech: WHEN,
  preemptible: BOOLEAN,
  dtmfDetection: BOOLEAN,
  events: /^(speaker-events|tokens-played)( (speaker-events|tokens-played))*$/,
  debug: /^(debugging|speaker-events|tokens-played)( (debugging|speaker-events|tokens-played))*$/,
};

/** Throws {@link TwimlError}. */
export function readTwiml(xml: string): readonly Verb[] {
  const root = parseXml(xml);
  if (root.name !== "Response" || root.attributes.size > 0) throw new TwimlError("12200", "the root is not <Response>");
  return elements(root).map((element): Verb => {
    switch (element.name) {
      case "Say":
        allow(element, ["voice", "language", "loop"]);
        return { type: "say", text: textOf(element) };
      case "Hangup":
        allow(element, []);
        if (element.children.length > 0) throw new TwimlError("12200", "<Hangup> is not empty");
        return { type: "hangup" };
      case "Connect":
        return readConnect(element);
      case "Redirect":
        return readRedirect(element);
      default:
        throw new TwimlError("12200", `<${element.name}> is no verb of ours`);
    }
  });
}

function readConnect(connect: XmlElement): RelayVerb | StreamVerb {
  allow(connect, ["action", "method"]);
  const [noun, ...others] = elements(connect);
  if (!noun || others.length > 0) throw new TwimlError("12200", "<Connect> does not hold exactly one element");
  expectPost(connect);
  if (noun.name === "ConversationRelay") return readRelay(noun, connect.attributes.get("action"));
  if (noun.name !== "Stream") throw new TwimlError("12200", `<${noun.name}> is nothing of ours to connect`);
  // Twilio would ask the action before it goes on below; we never write one.
  allow(connect, ["method"]);
  return readStream(noun);
}

function readRedirect(redirect: XmlElement): Verb {
  allow(redirect, ["method"]);
  expectPost(redirect);
  const url = textOf(redirect).trim();
  if (url === "") throw new TwimlError("12200", "<Redirect> is empty");
  return { type: "redirect", url };
}

function readStream(stream: XmlElement): StreamVerb {
  // `track` belongs to <Start><Stream>; the rest we never write.
  allow(stream, ["url", "name"]);
  const url = stream.attributes.get("url") ?? "";
  if (!/^wss:\/\/[^/\s]+\/\S+$/.test(url)) throw new TwimlError("31922", `Invalid stream URL ${url}`);
  if (url.includes("?")) throw new TwimlError("31920", "a query string in a stream URL");
  return { type: "stream", url, parameters: readParameters(stream) };
}

function readRelay(relay: XmlElement, action: string | undefined): RelayVerb {
  for (const [name, value] of relay.attributes) {
    if (!RELAY_ATTRIBUTES[name]?.test(value)) throw new TwimlError("64101", `Invalid value ${value} for ${name}`);
  }
  const url = relay.attributes.get("url");
  if (url === undefined) throw new TwimlError("64101", "no url");
  if (relay.attributes.has("voice") && !relay.attributes.has("ttsProvider")) {
    throw new TwimlError("64101", "Invalid values (block_elevenlabs/en-US/<voice>) for tts settings");
  }
  return { type: "connect", action, url, attributes: relay.attributes, parameters: readParameters(relay) };
}

function readParameters(noun: XmlElement): Readonly<Record<string, string>> {
  const parameters = elements(noun).map((parameter): [string, string] => {
    allow(parameter, ["name", "value"]);
    const name = parameter.attributes.get("name");
    if (parameter.name !== "Parameter" || !name) throw new TwimlError("12200", "not a <Parameter name value>");
    return [name, parameter.attributes.get("value") ?? ""];
  });
  return Object.fromEntries(parameters);
}

function expectPost(verb: XmlElement): void {
  if ((verb.attributes.get("method") ?? "POST") !== "POST") throw new TwimlError("12200", "the method is not POST");
}

/** One element with all it holds. No comments, CDATA, processing instructions or DTD: we never write any. */
export function parseXml(xml: string): XmlElement {
  // The characters of XML 1.0, https://www.w3.org/TR/xml/#charsets
  const stray = xml.match(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u);
  if (stray) throw new TwimlError("12100", `character ${stray[0].codePointAt(0)?.toString(16)} at ${stray.index}`);
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    const sticky = new RegExp(pattern.source, "y");
    sticky.lastIndex = at;
    const match = sticky.exec(xml) ?? undefined;
    at += match?.[0].length ?? 0;
    return match;
  };
  const expect = (pattern: RegExp, what: string): RegExpExecArray => {
    const match = take(pattern);
    if (!match) throw new TwimlError("12100", `expected ${what} at ${at}`);
    return match;
  };
  const element = (): XmlElement => {
    const name = expect(/<([A-Za-z][A-Za-z0-9]*)/, "an element")[1] ?? "";
    const attributes = new Map<string, string>();
    for (let match = take(/\s+([A-Za-z]+)="([^"<]*)"/); match; match = take(/\s+([A-Za-z]+)="([^"<]*)"/)) {
      const [, attribute = "", value = ""] = match;
      if (attributes.has(attribute)) throw new TwimlError("12100", `attribute ${attribute} twice`);
      attributes.set(attribute, unescapeXml(value.replace(/[\t\n\r]/g, " ")));
    }
    if (take(/\s*\/>/)) return { name, attributes, children: [] };
    expect(/\s*>/, "the end of a tag");
    const children: (XmlElement | string)[] = [];
    while (!take(new RegExp(`</${name}\\s*>`))) {
      const text = take(/[^<]+/)?.[0];
      children.push(text === undefined ? element() : unescapeXml(text));
    }
    return { name, attributes, children };
  };
  take(/<\?xml version="1\.0" encoding="(?:UTF|utf)-8"\s*\?>/);
  take(/\s+/);
  const root = element();
  take(/\s+/);
  if (at < xml.length) throw new TwimlError("12100", `something after the root, at ${at}`);
  return root;
}

const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  if (text.includes("]]>")) throw new TwimlError("12100", "]]> in text");
  return text.replace(/&(?:(amp|lt|gt|quot|apos);)?/g, (_, name: string | undefined) => {
    const character = name === undefined ? undefined : NAMED[name];
    if (character === undefined) throw new TwimlError("12100", "an & that is no entity of XML");
    return character;
  });
}

function elements(parent: XmlElement): readonly XmlElement[] {
  return parent.children.flatMap((child) => {
    if (typeof child !== "string") return [child];
    if (child.trim() !== "") throw new TwimlError("12200", `text in <${parent.name}>`);
    return [];
  });
}

function textOf(element: XmlElement): string {
  return element.children
    .map((child) => {
      if (typeof child !== "string") throw new TwimlError("12200", `an element in <${element.name}>`);
      return child;
    })
    .join("");
}

function allow(element: XmlElement, names: readonly string[]): void {
  for (const name of element.attributes.keys()) {
    if (!names.includes(name)) throw new TwimlError("12200", `attribute ${name} of <${element.name}>`);
  }
}
