/** Which browser this is, as far as the help for its settings depends on it. */
export type BrowserKind = "ios" | "safari" | "firefox" | "chromium" | "other";

export interface BrowserFacts {
  readonly userAgent: string;
  /** An iPad says it is a Mac, but no Mac has a screen to touch. */
  readonly maxTouchPoints: number;
}

export function browserKind({ userAgent, maxTouchPoints }: BrowserFacts): BrowserKind {
  // Every browser of iOS is Safari inside, and asks iOS for the microphone.
  if (/iPhone|iPad|iPod/.test(userAgent) || (/Macintosh/.test(userAgent) && maxTouchPoints > 1)) return "ios";
  if (/Firefox\//.test(userAgent)) return "firefox";
  if (/Chrom(e|ium)\/|Edg\//.test(userAgent)) return "chromium";
  return /Safari\//.test(userAgent) ? "safari" : "other";
}

/** A page inside another app (a chat, a social network): most give no microphone, and none lets its user allow it. */
export const isEmbedded = ({ userAgent }: BrowserFacts): boolean =>
  /FBAN|FBAV|Instagram|LinkedInApp|Snapchat|MicroMessenger|BytedanceWebview|musical_ly|\bLine\/|Twitter|; wv\)/.test(
    userAgent,
  );
