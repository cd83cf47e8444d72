import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";

/**
 * What was focused went away with what it opened or closed: the focus goes on here, and not back to the page's beginning.
 * A focus that is somewhere stays there.
 */
export function useLostFocus<Kind extends HTMLElement>(): RefObject<Kind | null> {
  const element = useRef<Kind>(null);
  useEffect(() => {
    const { activeElement } = document;
    if (activeElement === null || activeElement === document.body) element.current?.focus();
  }, []);
  return element;
}
