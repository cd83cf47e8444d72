import type {
  RealtimeResponseCreateParams,
  ResponseCancelEvent,
  ResponseCreateEvent,
} from "openai/resources/realtime/realtime";

/** What one response is asked with, beside the session's own settings. */
export type ResponseParams = Pick<RealtimeResponseCreateParams, "instructions" | "tool_choice">;

interface Ask {
  /** `answer`: to what the conversation holds by then, so any later response answers it too. `say`: given words. */
  readonly kind: "say" | "answer";
  readonly params: ResponseParams;
  /** How many items of ours were sent before it: what it is to answer. */
  readonly itemsSent: number;
}

/** A `response.create` that OpenAI has neither carried out nor refused yet. */
interface SentAsk {
  readonly id: string;
  readonly ask: Ask;
  /** Cancelled before it began. */
  isVoid: boolean;
  /** A response of the server's own has answered it meanwhile. */
  isAnswered: boolean;
}

interface ActiveResponse {
  readonly id: string;
  /** Nothing of it is reported. */
  readonly isVoid: boolean;
  isCancelled: boolean;
}

/** Of OpenAI's ids for our items; within its 32 characters. */
const ITEM_PREFIX = "callroom_";

/**
 * One response at a time. With vad the server begins a response by itself after each turn of the caller's, and refuses
 * ours while one is active; what is asked here is asked when its time has come, and again when it lost that race, unless
 * the winner has answered it.
 *
 * What makes it exact is the order of the wire: an item that was confirmed before a response began is known to it. In the
 * middle of the caller's speech no answer is asked for, and one that begins there all the same is void: the turn that is
 * being spoken brings its own.
 */
export class ResponseQueue {
  readonly #send: (event: ResponseCreateEvent | ResponseCancelEvent) => void;
  #waiting: Ask[] = [];
  #sent: SentAsk | undefined;
  #active: ActiveResponse | undefined;
  #doneId: string | undefined;
  /** The server's own response to the caller's last turn: to come, or to come and cancelled already. */
  #server: "none" | "due" | "void" = "none";
  #turnId: string | undefined;
  #hasVad = true;
  #isSpeech = false;
  #asks = 0;
  #itemsSent = 0;
  #itemsKnown = 0;

  /** @param send takes an event to OpenAI, at once and in order. */
  constructor(send: (event: ResponseCreateEvent | ResponseCancelEvent) => void) {
    this.#send = send;
  }

  /** `awaited`: a response is due and has not begun. */
  get phase(): "idle" | "awaited" | "active" {
    if (this.#active !== undefined) return "active";
    if (this.#sent !== undefined) return "awaited";
    return !this.#isSpeech && (this.#server === "due" || this.#waiting.length > 0) ? "awaited" : "idle";
  }

  /** Whether what belongs to this response may be reported. */
  isLive(responseId: string): boolean {
    return this.#active?.id === responseId && !this.#active.isVoid;
  }

  /** Frame path: whether the caller may hear this response. */
  isAudible(responseId: string): boolean {
    return this.#active?.id === responseId && !this.#active.isCancelled;
  }

  /** An item of ours is sent next: its id. */
  nextItemId(): string {
    this.#itemsSent += 1;
    return `${ITEM_PREFIX}${this.#itemsSent}`;
  }

  /** OpenAI has an item, or has refused it. */
  itemSettled(itemId: string): void {
    if (!itemId.startsWith(ITEM_PREFIX)) return;
    const item = Number(itemId.slice(ITEM_PREFIX.length));
    if (item > this.#itemsKnown && item <= this.#itemsSent) this.#itemsKnown = item;
  }

  /** Each is said, one after the other. */
  say(params: ResponseParams): void {
    this.#waiting.push({ kind: "say", params, itemsSent: this.#itemsSent });
  }

  /** Two answers that wait are one, asked for as the later one was. */
  answer(params: ResponseParams): void {
    this.#await({ kind: "answer", params, itemsSent: this.#itemsSent }, "newer");
  }

  /** Stops what is active or about to be, and forgets what waits. */
  cancel(): void {
    this.#waiting = [];
    if (this.#sent !== undefined) this.#sent.isVoid = true;
    if (this.#server === "due") this.#server = "void";
    if (this.#active !== undefined) this.#cancelActive(this.#active);
  }

  /** Whether turns end by vad from now on, as OpenAI has confirmed it. */
  setVad(hasVad: boolean): void {
    this.#hasVad = hasVad;
    // Speech that began under vad has no end without it.
    this.#isSpeech = false;
  }

  speechStarted(): void {
    this.#isSpeech = this.#hasVad;
  }

  /** The caller's turn is over; told once or twice of the same turn. */
  turnEnded(itemId: string): void {
    this.#isSpeech = false;
    if (this.#hasVad && itemId !== this.#turnId) this.#server = "due";
    this.#turnId = itemId;
  }

  /**
   * A response has begun: `askId` says that it is ours. Returns whether it is reported; one that comes too late is
   * cancelled by its id, and is not.
   */
  created(responseId: string, askId: string | null): boolean {
    const isVoid = askId === null ? this.#serverBegan() : this.#oursBegan(askId);
    this.#active = { id: responseId, isVoid, isCancelled: false };
    if (isVoid) this.#cancelActive(this.#active);
    return !isVoid;
  }

  /** Whether a response is known to have begun; the event that said so may have been unreadable. */
  knows(responseId: string): boolean {
    return this.#active?.id === responseId || this.#doneId === responseId;
  }

  /** Returns whether the end is reported. */
  done(responseId: string): boolean {
    const isReported = this.isLive(responseId);
    if (this.#active?.id === responseId) this.#active = undefined;
    this.#doneId = responseId;
    return isReported;
  }

  /**
   * OpenAI has begun no response because another one is active. `askId`: the `event_id` of ours; null: it was the
   * server's own, for a turn of the caller's, which nothing has answered then.
   */
  refused(askId: string | null): void {
    if (askId === null) {
      if (this.#server === "due") this.#await({ kind: "answer", params: {}, itemsSent: 0 }, "older");
      this.#server = "none";
    } else {
      if (this.#sent?.id !== askId) return;
      const { ask, isVoid, isAnswered } = this.#sent;
      this.#sent = undefined;
      if (!isVoid && !isAnswered) this.#await(ask, "older");
    }
    // Whichever it is, its end is waited for: asking at once would only be refused again.
    if (this.#sent === undefined) this.#active ??= { id: "", isVoid: true, isCancelled: true };
  }

  /** OpenAI refuses an ask for good. Returns whether somebody waits for it. */
  failed(askId: string): boolean {
    if (this.#sent?.id !== askId) return false;
    const { isVoid, isAnswered } = this.#sent;
    this.#sent = undefined;
    return !isVoid && !isAnswered;
  }

  /** Asks for what waits, if its time has come. */
  pump(): void {
    if (this.#sent !== undefined || this.#active !== undefined || this.#server !== "none") return;
    const at = this.#waiting.findIndex(({ kind }) => kind === "say" || !this.#isSpeech);
    const [ask] = at === -1 ? [] : this.#waiting.splice(at, 1);
    if (ask === undefined) return;
    this.#asks += 1;
    const id = `ask_${this.#asks}`;
    this.#sent = { id, ask, isVoid: false, isAnswered: false };
    this.#send({ type: "response.create", event_id: id, response: { ...ask.params, metadata: { ask: id } } });
  }

  /** Returns whether the response is void. */
  #serverBegan(): boolean {
    // In mid-speech it belongs to the turn before, and the server has interrupted it already.
    const isVoid = this.#server === "void" || this.#isSpeech;
    this.#server = "none";
    if (isVoid) return true;
    const isAnswered = (ask: Ask): boolean => ask.kind === "answer" && ask.itemsSent <= this.#itemsKnown;
    this.#waiting = this.#waiting.filter((ask) => !isAnswered(ask));
    if (this.#sent !== undefined) this.#sent.isAnswered ||= isAnswered(this.#sent.ask);
    return false;
  }

  #oursBegan(askId: string): boolean {
    if (this.#sent?.id !== askId) return true;
    const { ask, isVoid, isAnswered } = this.#sent;
    this.#sent = undefined;
    if (isVoid || isAnswered) return true;
    if (ask.kind === "say" || !this.#isSpeech) return false;
    this.#await(ask, "older");
    return true;
  }

  #cancelActive(active: ActiveResponse): void {
    if (active.isCancelled) return;
    active.isCancelled = true;
    this.#send({ type: "response.cancel", response_id: active.id });
  }

  #await(ask: Ask, age: "older" | "newer"): void {
    const at = ask.kind === "say" ? -1 : this.#waiting.findIndex(({ kind }) => kind === "answer");
    const other = this.#waiting[at];
    if (other !== undefined) {
      const { params } = age === "newer" ? ask : other;
      this.#waiting[at] = { ...other, params, itemsSent: Math.max(ask.itemsSent, other.itemsSent) };
    } else if (age === "newer") this.#waiting.push(ask);
    else this.#waiting.unshift(ask);
  }
}
