/** What this browser keeps for the page; `null`: nothing, in a private window, say. */
export function browserStorage(): Storage | null {
  try {
    return localStorage;
  } catch {
    return null;
  }
}
