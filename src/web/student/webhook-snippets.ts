/**
 * How a server finds out that a request is from its student's agent: the check of Standard Webhooks, as `src/call/webhook.ts`
 * signs. A test runs both against a request that is really signed.
 */

export const NODE_SNIPPET = `import { createHmac, timingSafeEqual } from "node:crypto";

const secret = Buffer.from(process.env.WEBHOOK_SECRET.replace("whsec_", ""), "base64");

// body: the request's text as it came, before JSON.parse
export function isFromMyAgent(headers, body) {
  const { "webhook-id": id, "webhook-timestamp": seconds, "webhook-signature": given = "" } = headers;
  if (!(Math.abs(Date.now() / 1000 - seconds) < 300)) return false; // older than 5 minutes
  const right = createHmac("sha256", secret).update(\`\${id}.\${seconds}.\${body}\`).digest("base64");
  return given.split(" ").some((one) => {
    const [a, b] = [Buffer.from(one), Buffer.from("v1," + right)];
    return a.length === b.length && timingSafeEqual(a, b);
  });
}
`;

export const PYTHON_SNIPPET = `import base64, hashlib, hmac, os, time

secret = base64.b64decode(os.environ["WEBHOOK_SECRET"].removeprefix("whsec_"))

# headers: with names in lower case; body: the request's bytes as they came, before json.loads
def is_from_my_agent(headers, body):
    seconds = headers.get("webhook-timestamp", "")
    if not seconds.isdecimal() or abs(time.time() - int(seconds)) > 300:  # older than 5 minutes
        return False
    signed = f"{headers.get('webhook-id', '')}.{seconds}.".encode() + body
    right = "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    given = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(one.encode(), right.encode()) for one in given)
`;
