/** Which Callroom a command asks; `url` undefined: that of `npm run dev` or, with `deployed`, the deployed one. */
export interface WhichCallroom {
  /** Scheme, host and port. */
  readonly url: string | undefined;
  readonly deployed: boolean;
}

/** Reads `--url` and `--deployed`; a string is a sentence about them. */
export function whichCallroom({
  url,
  deployed = false,
}: {
  readonly url?: string | undefined;
  readonly deployed?: boolean | undefined;
}): WhichCallroom | string {
  if (url === undefined) return { url, deployed };
  if (deployed) return "Say either --deployed or --url, not both.";
  const { protocol, origin } = URL.parse(url) ?? {};
  if (origin === undefined || (protocol !== "http:" && protocol !== "https:")) {
    return "--url is an address like https://callroom.example.workers.dev.";
  }
  return { url: origin, deployed };
}
