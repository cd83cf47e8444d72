import { describe, expect, it } from "vitest";
import { connectTwiml, sayTwiml, streamTwiml } from "../../src/caller/twiml.ts";
import { parseXml, readTwiml } from "../standins/twilio-twiml.ts";
import { mulberry32 } from "./mutations.ts";

const SOCKET = "wss://voice.example.com/ws/wst_abc";
const ACTION = "https://voice.example.com/twilio/voice/wst_abc/ended";

describe("connectTwiml", () => {
  it("TWIML-1 connects to the socket and names the action", () => {
    const [verb, ...others] = readTwiml(connectTwiml({ socketUrl: SOCKET, actionUrl: ACTION }));
    expect(others).toEqual([]);
    expect(verb).toMatchObject({ type: "connect", action: ACTION, url: SOCKET, parameters: {} });
  });

  it("TWIML-2 asks for speaker events, keys and barge-in, and never lets the carrier greet", () => {
    const [verb] = readTwiml(connectTwiml({ socketUrl: SOCKET, actionUrl: ACTION }));
    expect(verb?.type === "connect" && Object.fromEntries(verb.attributes)).toEqual({
      url: SOCKET,
      events: "speaker-events",
      dtmfDetection: "true",
      interruptible: "any",
      reportInputDuringAgentSpeech: "any",
      transcriptionProvider: "Deepgram",
    });
  });

  it("TWIML-3 a voice comes with its provider", () => {
    const voice = { provider: "Google", name: "sv-SE-Chirp3-HD-Aoede" } as const;
    const [verb] = readTwiml(connectTwiml({ socketUrl: SOCKET, actionUrl: ACTION, voice, language: "sv-SE" }));
    expect(verb?.type === "connect" && Object.fromEntries(verb.attributes)).toMatchObject({
      ttsProvider: "Google",
      voice: "sv-SE-Chirp3-HD-Aoede",
      language: "sv-SE",
    });
  });

  it("TWIML-4 an address with an ampersand arrives as it was", () => {
    const actionUrl = `${ACTION}?a=1&b="<'>`;
    const [verb] = readTwiml(connectTwiml({ socketUrl: `${SOCKET}?a=1&b=2`, actionUrl }));
    expect(verb).toMatchObject({ action: actionUrl, url: `${SOCKET}?a=1&b=2` });
  });
});

describe("streamTwiml", () => {
  const STREAM = "wss://voice.example.com/media/ticket";

  it("TWIML-12 connects to the stream, and asks where to go on once it is closed", () => {
    expect(readTwiml(streamTwiml({ socketUrl: STREAM, redirectUrl: ACTION }))).toEqual([
      { type: "stream", url: STREAM, parameters: {} },
      { type: "redirect", url: ACTION },
    ]);
  });

  it("TWIML-12 the address to go on with may be relative and have a query", () => {
    const redirectUrl = "/twilio/voice/wst_abc/ended?wayIn=media-streams&b=<'\">";
    const [, redirect] = readTwiml(streamTwiml({ socketUrl: STREAM, redirectUrl }));
    expect(redirect).toEqual({ type: "redirect", url: redirectUrl });
  });

  it("TWIML-12 a stream's address with a query string is refused, as Twilio would refuse it", () => {
    expect(() => streamTwiml({ socketUrl: `${STREAM}?a=1`, redirectUrl: ACTION })).toThrow(TypeError);
    expect(() => streamTwiml({ socketUrl: `${STREAM}?`, redirectUrl: ACTION })).toThrow(TypeError);
  });
});

describe("sayTwiml", () => {
  it("TWIML-5 says the sentence and hangs up", () => {
    const sentence = "I'm sorry, this agent has no OpenAI key yet.";
    expect(readTwiml(sayTwiml(sentence))).toEqual([{ type: "say", text: sentence }, { type: "hangup" }]);
  });

  it.each([
    ["</Say><Dial>+1900</Dial>", "</Say><Dial>+1900</Dial>"],
    ["a & b &amp; c &#60;", "a & b &amp; c &#60;"],
    ["]]>", "]]>"],
    ["<![CDATA[x]]>", "<![CDATA[x]]>"],
    ["one\r\ntwo\tthree\u2028four", "one two three four"],
    ["a\u0000b\u0007c\u001bd\u007fe\u009ff", "abcdef"],
    ["\ufffe\uffff\ufdd0x\u{1ffff}", "x"],
    ["half \ud83d of a pair", "half \ufffd of a pair"],
    ["whole 😀", "whole 😀"],
  ])("TWIML-6 %j is heard as %j", (sentence, heard) => {
    expect(readTwiml(sayTwiml(sentence))[0]).toEqual({ type: "say", text: heard });
  });
});

describe("any text whatever", () => {
  it("TWIML-7 every document is well formed and holds exactly the text it was given", () => {
    const random = mulberry32(0x7431);
    for (let round = 0; round < 3_000; round++) {
      const text = hostileText(random);
      const expected = stripped(text);
      const [say] = readTwiml(sayTwiml(`x${text}x`));
      expect(say).toEqual({ type: "say", text: `x${expected}x` });
      const xml = connectTwiml({
        socketUrl: text,
        actionUrl: text,
        language: text,
        voice: { provider: "Google", name: text },
      });
      const connect = parseXml(xml).children[0];
      const relay = typeof connect === "object" ? connect.children[0] : undefined;
      expect(typeof connect === "object" && connect.attributes.get("action")).toBe(expected);
      for (const name of ["url", "language", "voice"]) {
        expect(typeof relay === "object" && relay.attributes.get(name)).toBe(expected);
      }
    }
  });
});

/** What is left of a text: line breaks as one space, and of the rest what XML 1.0 can hold, without C1 controls. */
function stripped(text: string): string {
  let out = "";
  let inBreak = false;
  for (const character of text.toWellFormed()) {
    const point = character.codePointAt(0) ?? 0;
    const isBreak = [0x9, 0xa, 0xd, 0x85, 0x2028, 0x2029].includes(point);
    const isControl = point < 0x20 || (point >= 0x7f && point <= 0x9f);
    const isNoncharacter = (point & 0xfffe) === 0xfffe || (point >= 0xfdd0 && point <= 0xfdef);
    if (isBreak) out += inBreak ? "" : " ";
    else if (!isControl && !isNoncharacter) out += character;
    inBreak = isBreak;
  }
  return out;
}

const PIECES = [
  "<",
  ">",
  "&",
  '"',
  "'",
  "]]>",
  "<!--",
  "-->",
  "<?xml",
  "?>",
  "</Say>",
  "</Response>",
  "&lt;",
  "&#0;",
  "&x;",
];

function hostileText(random: () => number): string {
  const pick = (below: number): number => Math.floor(random() * below);
  return Array.from({ length: pick(24) }, () => {
    switch (pick(5)) {
      case 0:
        return PIECES[pick(PIECES.length)];
      case 1:
        return String.fromCharCode(pick(0xa0));
      case 2:
        return String.fromCharCode(0xd800 + pick(0x800));
      case 3:
        return String.fromCodePoint(pick(0x110000));
      default:
        return String.fromCharCode(0xfdc0 + pick(0x240));
    }
  }).join("");
}
