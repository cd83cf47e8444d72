import type { Closing, ReportReply, StudentReceipt } from "../../src/protocol/closing.ts";
import type { WorkshopFacts } from "../../src/protocol/live-messages.ts";
import type { MetricsReply, PhoneNumbersReply } from "../../src/protocol/observed.ts";
import type { CallReply, CallsReply, MeReply, PromptVersion } from "../../src/protocol/rest.ts";
import type { Check, SpendReply, StudentSummary, WorkshopView } from "../../src/protocol/rest-workshop.ts";
import { REPORT } from "./closing-world.ts";
import { METRICS, NO_TWILIO } from "./observed-world.ts";
import { CALL, CALL_ID, CALL_REPLY, CHECKS, ME, WORKSHOP } from "./page-world.ts";
import { MODELS, SPEND } from "./spend-world.ts";

export const STUDENT_COOKIE = "__Host-callroom=wst_page";
export const INSTRUCTOR_COOKIE = "__Host-callroom-instructor=page";
const COOKIE_ATTRIBUTES = "; Max-Age=3600; Path=/; HttpOnly; Secure; SameSite=Strict";

/** One request of the page, as it came. */
export interface Asked {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** `?hours=24`; empty for none. */
  readonly search: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly cookie: string;
  readonly host: string;
}

export interface Answered {
  readonly status: number;
  readonly body: object | string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A failure as the API answers it; what only some failures carry is given beside the code and the sentence. */
export interface ScriptedFailure {
  readonly code: string;
  readonly error: string;
  readonly status?: number;
  readonly opensAt?: string;
  readonly field?: string;
  readonly openai?: { readonly status: string; readonly hint: string | null };
  readonly retryAfterSeconds?: number;
}

const ok = (body: object, cookie?: string): Answered => ({
  status: 200,
  body: { success: true, ...body },
  ...(cookie === undefined ? {} : { headers: { "set-cookie": cookie + COOKIE_ATTRIBUTES } }),
});

/** An API that remembers one student and one workshop, and otherwise says what a test tells it to. */
export class PageApi {
  me: MeReply = ME;
  prompts: readonly PromptVersion[] = [];
  calls: CallsReply = { success: true, calls: [{ ...CALL, turnCount: CALL_REPLY.turns.length }], next: null };
  call: CallReply = CALL_REPLY;
  workshops: readonly WorkshopView[] = [WORKSHOP];
  students: readonly StudentSummary[] = [];
  checks: readonly Check[] = CHECKS;
  spend: SpendReply = SPEND;
  /** Of a student of a workshop that was closed. */
  receipt: StudentReceipt | null = null;
  report: ReportReply = { ...REPORT, closing: null };
  metrics: MetricsReply = METRICS;
  phoneNumbers: PhoneNumbersReply = NO_TWILIO;
  facts: WorkshopFacts = { announcement: null, paused: false };
  /** Whoever asks is signed in, with or without a cookie. */
  isEverybodyIn = false;
  readonly asked: Asked[] = [];
  readonly #said = new Map<string, Answered | ((asked: Asked) => Answered)>();

  /** Answers a route with that from now on. The route is `GET /api/me`; what stands for an id is `:id`. */
  say(route: string, answer: Answered | ((asked: Asked) => Answered)): void {
    this.#said.set(route, answer);
  }

  refuse(route: string, { status = 401, ...failure }: ScriptedFailure): void {
    this.say(route, { status, body: { success: false, requestId: "0", ...failure } });
  }

  /** As it is by itself. */
  relent(route: string): void {
    this.#said.delete(route);
  }

  /** Requests of a route, `PATCH /api/me`, in the order in which they came. */
  askedOf(route: string): Asked[] {
    return this.asked.filter(({ method, path }) => `${method} ${path}` === route);
  }

  answer(asked: Asked): Answered {
    this.asked.push(asked);
    const route = `${asked.method} ${asked.path}`;
    const said = this.#said.get(route);
    if (said) return typeof said === "function" ? said(asked) : said;
    const isInstructor = this.isEverybodyIn || asked.cookie.includes(INSTRUCTOR_COOKIE);
    const isStudent = this.isEverybodyIn || asked.cookie.includes(STUDENT_COOKIE);
    return (
      this.#open(route) ??
      (isInstructor ? this.#instructors(route, asked) : undefined) ??
      (isStudent ? this.#students(route, asked) : undefined) ?? {
        status: 401,
        body: { success: false, code: "unauthorized", error: "You need to be signed in for this.", requestId: "0" },
      }
    );
  }

  #open(route: string): Answered | undefined {
    switch (route) {
      case "POST /api/join": {
        const { name, websocketUrl } = this.me;
        const phrase = { recoveryPhrase: "maple river candle stone", sessionToken: "wst_page" };
        return ok({ ...phrase, name, websocketUrl, workshop: { name: this.me.workshop?.name } }, STUDENT_COOKIE);
      }
      case "POST /api/recover":
        return ok({ name: this.me.name }, STUDENT_COOKIE);
      case "POST /api/workshop/login":
        return ok({}, INSTRUCTOR_COOKIE);
      default:
        return undefined;
    }
  }

  #students(route: string, { body, host }: Asked): Answered | undefined {
    switch (route) {
      case "GET /api/me":
        return ok(this.me);
      case "PATCH /api/me": {
        const { name, ownCapMicroUsd, ...config } = body;
        const named = typeof name === "string" ? { name } : {};
        const capped = typeof ownCapMicroUsd === "number" || ownCapMicroUsd === null ? { ownCapMicroUsd } : {};
        this.me = { ...this.me, ...named, ...capped, config: { ...this.me.config, ...config } };
        return ok(this.me);
      }
      case "DELETE /api/me":
      case "DELETE /api/me/key":
      case "POST /api/leave":
        return ok({});
      case "GET /api/me/prompts":
        return ok({ versions: this.prompts });
      case "POST /api/me/recovery-phrase":
        return ok({ recoveryPhrase: "maple river candle stone" });
      case "POST /api/me/webhook-secret":
        return ok({ webhookSecret: "whsec_c2VjcmV0LW9mLXRoZS10ZXN0cw==" });
      case "GET /api/me/receipt":
        return ok({ receipt: this.receipt });
      case "GET /api/me/calls":
        return ok(this.calls);
      case `GET /api/me/calls/${CALL_ID}`:
        return ok(this.call);
      case "POST /api/calls":
        return ok({ callId: CALL_ID, ticket: "first-ticket", url: `ws://${host}/call/${CALL_ID}` });
      default:
        return undefined;
    }
  }

  /** The workshop with that of it changed. */
  #changed({ lending, ...rest }: Asked["body"]): WorkshopView {
    const [before = WORKSHOP] = this.workshops;
    const after = { ...before, ...rest, lending: { ...before.lending, ...Object(lending) } };
    this.workshops = [after];
    return after;
  }

  /** What is to be done at once is done. */
  #closed({ keysAt, eraseAt }: Asked["body"]): WorkshopView {
    const now = new Date().toISOString();
    const before = this.workshops[0]?.closing ?? null;
    const dateOf = (date: unknown): string => (typeof date === "string" ? date : now);
    return this.#changed({
      state: "ended",
      closing: {
        closedAt: before?.closedAt ?? now,
        keysAt: dateOf(keysAt),
        keysDeletedAt: before?.keysDeletedAt ?? (keysAt === null ? now : null),
        eraseAt: dateOf(eraseAt),
        erasedAt: eraseAt === null ? now : null,
      } satisfies Closing,
    });
  }

  #instructors(route: string, { body }: Asked): Answered | undefined {
    const workshop = `/api/workshop/workshops/${this.workshops[0]?.id}`;
    switch (route) {
      case "GET /api/workshop/workshops":
        return ok({ workshops: this.workshops, fallbackKey: true, models: MODELS });
      case `PATCH ${workshop}`:
        return ok({ workshop: this.#changed(body) });
      case `POST ${workshop}/top-up`: {
        const poolMicroUsd = (this.workshops[0]?.lending.poolMicroUsd ?? 0) + Number(body.microUsd);
        return ok({ workshop: this.#changed({ lending: { poolMicroUsd } }) });
      }
      case `POST ${workshop}/close`:
        return ok({ workshop: this.#closed(body) });
      case `POST ${workshop}/reopen`:
        return ok({ workshop: this.#changed({ closing: null, state: "open" }) });
      case `GET ${workshop}/report`:
        return ok({ ...this.report, closing: this.workshops[0]?.closing ?? null });
      case `GET ${workshop}/metrics`:
        return ok(this.metrics);
      case "GET /api/workshop/phone-numbers":
        return ok(this.phoneNumbers);
      case `GET ${workshop}/spend`:
        return ok(this.spend);
      case "GET /api/workshop/check":
        return ok({ checks: this.checks });
      case `GET ${workshop}/students`:
        return ok({ students: this.students });
      case `GET ${workshop}/qr.svg`:
        return { status: 200, body: QR, headers: { "content-type": "image/svg+xml" } };
      case `POST ${workshop}/push`:
        return ok({ students: this.students.length, skipped: 0 });
      case `POST ${workshop}/pause`:
      case `POST ${workshop}/forget-keys`:
        return ok({ count: this.students.length });
      case "POST /api/workshop/logout":
      case `POST ${workshop}/resume`:
      case `POST ${workshop}/announcement`:
        return ok({});
      default:
        return route.startsWith(`POST ${workshop}/calls/`) || route.startsWith(`DELETE ${workshop}/`)
          ? ok({})
          : undefined;
    }
  }
}

/** Looks like a QR code, and is none. */
const QR = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 29 29" fill="#000"><path d="${Array.from(
  { length: 29 * 29 },
  (_, at) => ((at * 7_919) % 13 < 6 ? `M${at % 29} ${Math.floor(at / 29)}h1v1h-1z` : ""),
).join("")}"/></svg>`;
