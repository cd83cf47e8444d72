import { randomBytes } from "node:crypto";
import { connectRelay, type RelayClient, type RelayTurn } from "../../src/cli/relay-client.ts";
import { outboundProblem } from "./twilio-frames.ts";
import { type MediaOptions, MediaRefused, type MediaStream, openMediaStream } from "./twilio-media.ts";
import { causeOfEnd, newSession, type Session } from "./twilio-session.ts";
import { type RelayVerb, type StreamVerb, TwimlError, type Verb } from "./twilio-twiml.ts";
import { type Form, TwilioWeb, type WebOptions } from "./twilio-web.ts";
import { Until } from "./until.ts";

export interface CallOptions extends WebOptions {
  readonly sessionToken: string;
  /** Query string of the voice webhook, as it is set at the number: `?wayIn=media-streams`. */
  readonly query?: string;
  readonly from?: string;
  readonly to?: string;
  readonly callSid?: string;
  readonly accountSid?: string;
  /** More fields of the webhook. */
  readonly form?: Form;
  /** `at-once`: speech is heard as soon as it is complete. `by-hand`: the test sends the info frames. */
  readonly playback?: "at-once" | "by-hand";
  /** How the time of media streams goes. */
  readonly media?: Pick<MediaOptions, "clock" | "pace">;
}

export interface ReceivedFrame {
  /** From 1. */
  readonly session: number;
  /** Since the call was placed. */
  readonly atMs: number;
  readonly text: string;
  /** What Twilio would not take about it. */
  readonly problem: string | undefined;
}

export interface ActionPost {
  readonly form: Form;
  /** What was answered; undefined when Twilio could not use it (see `errors`). */
  readonly verbs: readonly Verb[] | undefined;
}

/** Where the phone was led by a `<Redirect>`. */
export interface Redirected extends ActionPost {
  readonly url: string;
}

const WAIT_MS = 10_000;
const INVALID_IN_A_ROW = 10;

/** Rings the agent of `sessionToken` and comes back once the first session or stream is open, or the call is over already. */
export async function placeCall(options: CallOptions): Promise<TwilioPhone> {
  const phone = new TwilioPhone(options);
  await phone.ring();
  return phone;
}

export class TwilioPhone {
  readonly callSid: string;
  /** What `<Say>` said. */
  readonly spoken: string[] = [];
  readonly turns: RelayTurn[] = [];
  readonly frames: ReceivedFrame[] = [];
  readonly actions: ActionPost[] = [];
  readonly redirects: Redirected[] = [];
  /** Media streams opened so far, oldest first. */
  readonly streams: MediaStream[] = [];
  /** Codes of Twilio's error dictionary, as its debugger would list them. */
  readonly errors: string[] = [];
  /** ConversationRelay sessions opened so far. */
  sessions = 0;
  readonly over: Promise<void>;

  readonly #options: CallOptions;
  readonly #web: TwilioWeb;
  readonly #form: Form;
  readonly #startedAtMs = performance.now();
  #finish: () => void = () => undefined;
  #isOver = false;
  #session: Session | undefined;
  #stream: MediaStream | undefined;
  /** What the phone does after its stream is closed. */
  #streamAftermath: Promise<void> | undefined;
  #turnsTaken = 0;
  readonly #waiting = new Until();

  constructor(options: CallOptions) {
    this.#options = options;
    this.#web = new TwilioWeb(options);
    this.callSid = options.callSid ?? `CA${randomBytes(16).toString("hex")}`;
    const { from = "+15550100001", to = "+15550100002", accountSid = `AC${"0".repeat(32)}` } = options;
    this.#form = {
      ApiVersion: "2010-04-01",
      Called: to,
      Caller: from,
      Direction: "inbound",
      From: from,
      To: to,
      CallStatus: "ringing",
      ...options.form,
      CallSid: this.callSid,
      AccountSid: accountSid,
    };
    this.over = new Promise((resolve) => {
      this.#finish = () => {
        this.#isOver = true;
        this.#waiting.changed();
        resolve();
      };
    });
  }

  /** Frames of ours that Twilio would not take. */
  get violations(): readonly string[] {
    return this.frames.flatMap(({ problem }) => problem ?? []);
  }

  async ring(): Promise<void> {
    const url = `${this.#web.publicOrigin}/twilio/voice/${this.#options.sessionToken}${this.#options.query ?? ""}`;
    const verbs = await this.#post(url, this.#form);
    await this.#follow(verbs ?? [], url);
  }

  /** The caller speaks. Partial prompts are cumulative, as Twilio's are. */
  say(text: string, { partials = [] }: { partials?: readonly string[] } = {}): void {
    const client = this.#client();
    if (this.#has("speaker-events")) client.info("clientSpeaking", "on");
    for (const partial of partials) client.send({ type: "prompt", voicePrompt: partial, lang: "en-US", last: false });
    if (this.#has("speaker-events")) client.info("clientSpeaking", "off");
    client.say(text);
  }

  /** A key; nothing is sent where the TwiML did not ask for keys. */
  press(digit: string): void {
    if (this.#attribute("dtmfDetection") === "true") this.#client().press(digit);
  }

  /** The caller speaks over the agent, in the order of a recorded call. The words follow with {@link say}. */
  interrupt(heard: string, heardMs: number): void {
    if (!/^(any|speech|true)$/.test(this.#attribute("interruptible") ?? "any")) {
      throw new Error("this session is not interruptible by speech");
    }
    const client = this.#client();
    if (this.#has("speaker-events")) client.info("clientSpeaking", "on");
    if (this.#has("tokens-played")) client.info("tokensPlayed", heard);
    client.interrupt(heard, heardMs);
    if (this.#has("speaker-events")) client.info("agentSpeaking", "off");
  }

  info(name: string, value: string): void {
    this.#client().info(name, value);
  }

  /** Any frame, as it is. */
  send(frame: object | string): void {
    this.#client().send(frame);
  }

  /** The next turn that the agent finished (`last:true`) and nobody has waited for yet, of whatever session. */
  waitForTurn(timeoutMs = WAIT_MS): Promise<RelayTurn> {
    return this.#until(
      () => {
        while (this.turns[this.#turnsTaken]?.cut) this.#turnsTaken++;
        const turn = this.turns[this.#turnsTaken];
        if (turn) this.#turnsTaken++;
        return turn;
      },
      "a turn of the agent",
      timeoutMs,
    );
  }

  /** Until the `count`th session of the call is open. */
  async waitForSession(count: number, timeoutMs = WAIT_MS): Promise<void> {
    await this.#until(() => (this.sessions >= count ? true : undefined), `session ${count}`, timeoutMs);
  }

  /** Until the `count`th media stream of the call is open. */
  waitForStream(count = 1, timeoutMs = WAIT_MS): Promise<MediaStream> {
    return this.#until(() => this.streams[count - 1], `stream ${count}`, timeoutMs);
  }

  /** The media stream that is open. */
  get stream(): MediaStream {
    if (!this.#stream) throw new Error("no stream is open");
    return this.#stream;
  }

  /** The caller hangs up: close 1000 and the action post; Twilio promises no order between the two. A stream has no action. */
  async hangUp({ actionFirst = false } = {}): Promise<void> {
    if (this.#stream) {
      await this.#stream.hangUp();
      return this.#streamAftermath;
    }
    const session = this.#open();
    session.leaving = "caller";
    if (actionFirst) await this.#postAction(session);
    await session.client?.hangUp();
    await session.aftermath;
  }

  /** The connection breaks (1006), and Twilio asks the action what to do; after a stream it goes on below. */
  async drop(): Promise<void> {
    if (this.#stream) {
      await this.#stream.drop();
      return this.#streamAftermath;
    }
    const session = this.#open();
    await session.client?.drop();
    await session.aftermath;
  }

  /** The session ends as if our `end` had just come: for recordings of applications that sent one. */
  async endSession(handoffData: string): Promise<void> {
    const session = this.#open();
    session.leaving = "told";
    session.handoffData = handoffData;
    await session.client?.hangUp();
    await session.aftermath;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  async #follow(verbs: readonly Verb[], documentUrl: string): Promise<void> {
    for (const [index, verb] of verbs.entries()) {
      if (verb.type === "connect") return this.#connect(verb, verbs.slice(index + 1), documentUrl);
      if (verb.type === "stream") return this.#connectStream(verb, verbs.slice(index + 1), documentUrl);
      if (verb.type === "redirect") return this.#redirect(verb.url, documentUrl);
      if (verb.type === "hangup") break;
      this.spoken.push(verb.text);
    }
    this.#finish();
  }

  async #redirect(to: string, documentUrl: string): Promise<void> {
    const url = new URL(to, documentUrl).href;
    const form = { ...this.#form, CallStatus: "in-progress" };
    const verbs = await this.#post(url, form);
    this.redirects.push({ url, form, verbs });
    this.#waiting.changed();
    return this.#follow(verbs ?? [], url);
  }

  /** Twilio never reconnects a stream: whatever ends it, the call goes on below, unless it was the caller. */
  async #connectStream(verb: StreamVerb, below: readonly Verb[], documentUrl: string): Promise<void> {
    const stream = await this.#dialStream(verb);
    if (!stream) return this.#follow(below, documentUrl);
    this.#stream = stream;
    this.#streamAftermath = stream.closed.then(({ code }) => {
      this.#stream = undefined;
      if (stream.isHungUp) return this.#finish();
      if (code !== 1000 && code !== 1005) this.errors.push("31921");
      return this.#follow(below, documentUrl);
    });
    this.streams.push(stream);
    this.#waiting.changed();
  }

  async #dialStream({ url, parameters }: StreamVerb): Promise<MediaStream | undefined> {
    try {
      const address = this.#web.reachable(url);
      if (address === undefined) throw new MediaRefused(undefined);
      const { authToken, media } = this.#options;
      return await openMediaStream({
        ...media,
        url: address,
        signedUrl: url,
        ...(authToken !== undefined && { authToken }),
        callSid: this.callSid,
        accountSid: this.#form.AccountSid ?? "",
        parameters,
      });
    } catch (error) {
      if (!(error instanceof MediaRefused)) throw error;
      this.errors.push(error.code);
      return undefined;
    }
  }

  async #connect(verb: RelayVerb, below: readonly Verb[], documentUrl: string): Promise<void> {
    const session = newSession(this.sessions + 1, verb, documentUrl);
    this.#session = session;
    const address = this.#web.reachable(verb.url);
    const client = address && (await this.#dial(session, address));
    if (!client) {
      this.errors.push("64102");
      return this.#finish();
    }
    session.client = client;
    session.aftermath = client.closed.then(() => this.#sessionEnded(session, below, documentUrl));
    this.sessions++;
    this.#waiting.changed();
  }

  #dial(session: Session, address: string): Promise<RelayClient | undefined> {
    return connectRelay(address, {
      headers: { "user-agent": "Jetty/11.0.24", ...this.#web.signature(session.verb.url) },
      setup: {
        sessionId: session.sessionId,
        accountSid: this.#form.AccountSid,
        callSid: this.callSid,
        from: this.#form.From,
        to: this.#form.To,
        callType: "PSTN",
        callStatus: session.number === 1 ? "RINGING" : "IN_PROGRESS",
        customParameters: session.verb.parameters,
      },
      onFrame: (client, text, isBinary) => this.#receive(session, client, text, isBinary),
      onWords: (client, _words, isFirst) => {
        if (isFirst && this.#plays) client.info("agentSpeaking", "on");
      },
      onTurn: (client, turn) => {
        this.turns.push(turn);
        if (this.#plays && !turn.cut && turn.text !== "") {
          if (this.#has("tokens-played")) client.info("tokensPlayed", turn.text);
          client.info("agentSpeaking", "off");
        }
        this.#waiting.changed();
      },
    }).catch(() => undefined);
  }

  #receive(session: Session, client: RelayClient, text: string, isBinary: boolean): void {
    const problem = outboundProblem(text, isBinary);
    const atMs = Math.round(performance.now() - this.#startedAtMs);
    this.frames.push({ session: session.number, atMs, text, problem });
    session.invalidInARow = problem === undefined ? 0 : session.invalidInARow + 1;
    if (problem !== undefined) {
      this.errors.push("64107");
      client.send({ type: "error", description: `Invalid message received, code: 64107, ${text}` });
    }
    if (session.invalidInARow === INVALID_IN_A_ROW)
      void client.hangUp(1007, "Too many consecutive malformed messages.");
  }

  async #sessionEnded(session: Session, below: readonly Verb[], documentUrl: string): Promise<void> {
    this.#session = undefined;
    const isHungUp = session.leaving === "caller";
    if (session.actionUrl === undefined) return this.#follow(isHungUp ? [] : below, documentUrl);
    const verbs = session.actionPosted ? undefined : await this.#postAction(session);
    // What is answered after the caller has gone is read by nobody.
    return this.#follow(isHungUp ? [] : (verbs ?? []), session.actionUrl);
  }

  async #postAction(session: Session): Promise<readonly Verb[] | undefined> {
    if (session.actionUrl === undefined) return undefined;
    session.actionPosted = true;
    const cause = causeOfEnd(session);
    if (cause.ErrorCode !== undefined) this.errors.push(cause.ErrorCode);
    const form = { ...this.#form, ...cause };
    const verbs = await this.#post(session.actionUrl, form);
    this.actions.push({ form, verbs });
    this.#waiting.changed();
    return verbs;
  }

  /** The TwiML that a webhook is answered with; undefined, with an error code noted, when Twilio could not use it. */
  async #post(url: string, form: Form): Promise<readonly Verb[] | undefined> {
    try {
      return await this.#web.post(url, form);
    } catch (error) {
      if (!(error instanceof TwimlError)) throw error;
      this.errors.push(error.code);
      return undefined;
    }
  }

  get #plays(): boolean {
    return this.#options.playback !== "by-hand" && this.#has("speaker-events");
  }

  #attribute(name: string): string | undefined {
    return this.#session?.verb.attributes.get(name);
  }

  #has(event: "speaker-events" | "tokens-played"): boolean {
    return `${this.#attribute("events")} ${this.#attribute("debug")}`.includes(event);
  }

  #open(): Session {
    if (!this.#session) throw new Error("no session is open");
    return this.#session;
  }

  #client(): RelayClient {
    const { client } = this.#open();
    if (!client) throw new Error("no session is open");
    return client;
  }

  #until<Value>(read: () => Value | undefined, what: string, timeoutMs: number): Promise<Value> {
    const account = (): string =>
      `the call is over: ${JSON.stringify({ errors: this.errors, spoken: this.spoken, violations: this.violations })}`;
    return this.#waiting.until(read, what, () => (this.#isOver ? account() : undefined), timeoutMs);
  }
}
