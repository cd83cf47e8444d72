import { Failure } from "../failure.ts";
import { storeWebhookSecret } from "../store/sealed-keys.ts";
import { seal } from "../vault/seal.ts";
import { endpoint } from "./endpoint.ts";
import { succeeded } from "./replies.ts";
import { webhookSecretReply } from "./reply-schemas.ts";
import { sealingKeys } from "./sealing-keys.ts";
import { meChanged } from "./tell-workshop.ts";

/** Standard Webhooks asks for 24 to 64 random bytes. */
const SECRET_BYTES = 32;

export const makeWebhookSecret = endpoint("student", {
  summary: "Makes a new secret that signs the requests to the student's webhooks; the old one stops at once.",
  reply: webhookSecretReply,
  fails: [],
  handle: async (c, { asker }) => {
    const { sessionToken, workshop } = asker;
    const { database, randomBytes, calls } = c.env;
    const webhookSecret = `whsec_${btoa(String.fromCharCode(...randomBytes(SECRET_BYTES)))}`;
    const binding = { purpose: "webhook-secret", sessionToken } as const;
    const sealed = await seal(await sealingKeys(c), binding, webhookSecret, randomBytes);
    const isStored = await storeWebhookSecret(database, sessionToken, { sealed, onlyIfAbsent: false });
    if (!isStored) throw new Failure("unknown_session");
    await calls.tell(workshop?.id ?? null, sessionToken, "key-changed");
    meChanged(c, asker);
    return succeeded(c, { success: true, webhookSecret });
  },
});
