import { Failure } from "../failure.ts";
import { parseSessionToken } from "../protocol/ids.ts";
import type { RecoverReply, RecoveryPhraseReply } from "../protocol/rest.ts";
import { findByRecoveryDigest, renewRecoveryDigest, storeRecoveryDigest } from "../store/recovery.ts";
import { findStudent } from "../store/students.ts";
import {
  newRecoveryPhrase,
  type ReadPhrase,
  readRecoveryPhrase,
  recoveryDigest,
  recoveryDigests,
} from "../vault/recovery-phrase.ts";
import type { ApiContext } from "./deps.ts";
import { endpoint } from "./endpoint.ts";
import { signIn } from "./identity.ts";
import { networkOf } from "./network.ts";
import { noteThrown, succeeded } from "./replies.ts";
import { recoverReply, recoveryPhraseReply } from "./reply-schemas.ts";
import { recoverRequest } from "./schemas.ts";
import { sealingKeys } from "./sealing-keys.ts";
import { meChanged } from "./tell-workshop.ts";

/** That new words are somebody's already happens once in billions; twice, and something else is wrong. */
const TRIES = 3;

/**
 * Also a student whose workshop has ended comes back: to read, and to take along. The predecessor's students have no words,
 * they have a session token: it does as well.
 */
export const recover = endpoint("anyone", {
  summary: "Signs a student in on this browser, by the four words they were given, or by their session token.",
  body: recoverRequest,
  reply: recoverReply,
  fails: ["unknown_phrase", "too_many_requests"],
  handle: async (c, { body }) => {
    await checkGuesses(c);
    const { database, waitUntil } = c.env;
    const token = parseSessionToken(body.recoveryPhrase.trim());
    const student = token && (await findStudent(database, token));
    if (student) {
      signIn(c, student.sessionToken);
      return succeeded<RecoverReply>(c, { success: true, name: student.name });
    }
    const read = readRecoveryPhrase(body.recoveryPhrase);
    if ("problem" in read) throw new Failure("unknown_phrase", `recoveryPhrase: ${problemOf(read)}`);
    const digests = await recoveryDigests(await sealingKeys(c), read.phrase);
    const found = await findByRecoveryDigest(database, digests);
    if (!found) throw new Failure("unknown_phrase");
    const [newest] = digests;
    if (newest !== undefined && found.digest !== newest) {
      // Only now can it be moved to the newest master key; else the words would end with the old one.
      const renewal = { from: found.digest, to: newest };
      waitUntil(renewRecoveryDigest(database, found.sessionToken, renewal).catch(noteThrown));
    }
    signIn(c, found.sessionToken);
    return succeeded<RecoverReply>(c, { success: true, name: found.name });
  },
});

export const makeRecoveryPhrase = endpoint("student", {
  summary: "Makes new words that bring the student back on any device; the words before stop working.",
  reply: recoveryPhraseReply,
  fails: [],
  handle: async (c, { asker: student }) => {
    const { phrase, outcome } = await withNewPhrase(c, (digest) =>
      storeRecoveryDigest(c.env.database, student.sessionToken, digest),
    );
    if (outcome === "unknown") throw new Failure("unknown_session");
    meChanged(c, student);
    return succeeded<RecoveryPhraseReply>(c, { success: true, recoveryPhrase: phrase });
  },
});

/** Makes words and writes their digest, until they are words that nobody has. */
export async function withNewPhrase<Outcome>(
  c: ApiContext,
  write: (digest: string) => Promise<Outcome | "taken">,
): Promise<{ readonly phrase: string; readonly outcome: Exclude<Outcome, "taken"> }> {
  const keys = await sealingKeys(c);
  for (let tries = 0; tries < TRIES; tries++) {
    const phrase = newRecoveryPhrase(c.env.randomBytes);
    const outcome = await write(await recoveryDigest(keys, phrase));
    if (isWritten(outcome)) return { phrase, outcome };
  }
  throw new Failure("internal");
}

const isWritten = <Outcome>(outcome: Outcome | "taken"): outcome is Exclude<Outcome, "taken"> => outcome !== "taken";

/**
 * Counts one guess at a join code or a phrase for the network it comes from.
 *
 * @throws Failure `too_many_requests`.
 */
export async function checkGuesses(c: ApiContext): Promise<void> {
  if (!(await c.env.calls.joinAllowed(networkOf(c)))) throw new Failure("too_many_requests");
}

function problemOf(read: Exclude<ReadPhrase, { phrase: string }>): string {
  switch (read.problem) {
    case "not-four-words":
      return "must be four words";
    case "unknown-word":
      return `word ${read.position} is not one of the list`;
  }
}
