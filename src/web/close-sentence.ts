const SENTENCES: Readonly<Record<number, string>> = {
  1001: "The server is going away.",
  1006: "The connection to the server was lost.",
  1008: "The server does not accept this call.",
  1009: "A message was larger than the server takes.",
  1011: "Something went wrong on the server's side.",
  1012: "The server restarts. Call again in a moment.",
  1013: "The server has too much to do. Call again in a moment.",
  4001: "The agent's OpenAI key cannot be used. Connect one on the student's page.",
  4002: "The money for this call is used up.",
  4003: "The call has reached its longest time.",
  4004: "The call was ended by the workshop.",
};

/** Why a socket of a call closed, in a sentence for its caller; `undefined` for an ordinary end. */
export function closeSentence(code: number): string | undefined {
  return code === 1000 ? undefined : (SENTENCES[code] ?? `The server closed the connection (code ${code}).`);
}
