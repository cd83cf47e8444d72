import { useEffect, useRef, useState } from "preact/hooks";
import { number, orNull, Unreadable } from "../../protocol/read-fields.ts";
import type { Refusal } from "../rest-client.ts";
import { logIn, trouble } from "./session.ts";
import { LOGIN_WORDS, waitWords } from "./words.ts";
import "./login.css";

/** After too many wrong tokens, when the server does not say how long to wait. */
const DEFAULT_WAIT_SECONDS = 30;

/** One field, for whom neither a cookie nor Cloudflare Access nor a token in the address lets in. */
export function Login() {
  const [token, setToken] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [waitSeconds, setWaitSeconds] = useState(0);
  const field = useRef<HTMLInputElement>(null);
  const refusal = trouble.value;

  useEffect(() => {
    if (refusal?.code === "too_many_logins") setWaitSeconds(waitOf(refusal));
    field.current?.focus();
  }, [refusal]);
  useEffect(() => {
    if (waitSeconds === 0) return;
    const timer = setTimeout(() => setWaitSeconds(waitSeconds - 1), 1_000);
    return () => clearTimeout(timer);
  }, [waitSeconds]);

  const enter = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    await logIn(token.trim());
    setBusy(false);
  };
  return (
    <form class="card login" onSubmit={(event) => void enter(event)}>
      <h1>{LOGIN_WORDS.title}</h1>
      <p class="quiet">{LOGIN_WORDS.lead}</p>
      <label for="instructor-token">{LOGIN_WORDS.token}</label>
      <input
        ref={field}
        id="instructor-token"
        type="password"
        required
        maxLength={512}
        autocomplete="current-password"
        spellcheck={false}
        value={token}
        onInput={(event) => setToken(event.currentTarget.value)}
        aria-describedby="login-alert"
      />
      <button type="submit" class="primary" disabled={isBusy || waitSeconds > 0}>
        {isBusy ? LOGIN_WORDS.entering : LOGIN_WORDS.enter}
      </button>
      <p id="login-alert" class="alert" role="alert">
        {refusal && refusal.code !== "too_many_logins" && sentenceOf(refusal)}
      </p>
      <p class="alert" role="timer">
        {waitSeconds > 0 && waitWords(waitSeconds)}
      </p>
    </form>
  );
}

/** The token was right, and the next request is a stranger's all the same: the cookie was not kept. */
const sentenceOf = ({ code, sentence }: Refusal): string => (code === "unauthorized" ? LOGIN_WORDS.noCookie : sentence);

function waitOf({ reply }: Refusal): number {
  try {
    return orNull(number, reply.retryAfterSeconds) ?? DEFAULT_WAIT_SECONDS;
  } catch (thrown) {
    if (thrown instanceof Unreadable) return DEFAULT_WAIT_SECONDS;
    throw thrown;
  }
}
