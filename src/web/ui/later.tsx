import { signal } from "@preact/signals";
import type { FunctionComponent } from "preact";
import { CALL_WORDS, NO_SERVER_WORDS } from "../words.ts";

export interface Later<Props extends object> {
  /** Shows the part as soon as it is there. */
  readonly Part: FunctionComponent<Props>;
  /** Fetches it before anybody wants it. */
  readonly load: () => Promise<void>;
}

/**
 * A part of the page that comes in a file of its own, so that the page can be used before it is there. One that does not come
 * (the network is away, or a newer page has replaced this one) can be asked for again.
 */
export function later<Props extends object>(fetchPart: () => Promise<FunctionComponent<Props>>): Later<Props> {
  const part = signal<FunctionComponent<Props> | null>(null);
  const isMissing = signal(false);
  let isComing = false;
  const load = async (): Promise<void> => {
    if (part.value !== null || isComing) return;
    isComing = true;
    isMissing.value = false;
    try {
      part.value = await fetchPart();
    } catch {
      isMissing.value = true;
    } finally {
      isComing = false;
    }
  };
  const Part: FunctionComponent<Props> = (props) => {
    const Loaded = part.value;
    if (Loaded !== null) return <Loaded {...props} />;
    if (!isMissing.value) {
      void load();
      return null;
    }
    return (
      <div class="alert" role="alert">
        <p>{NO_SERVER_WORDS}</p>
        <button type="button" onClick={() => void load()}>
          {CALL_WORDS.tryAgain}
        </button>
      </div>
    );
  };
  return { Part, load };
}
