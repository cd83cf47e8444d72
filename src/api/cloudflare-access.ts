import { Jwt } from "hono/utils/jwt";
import * as z from "zod";
import type { AccessSettings } from "../env.ts";

/** Whoever Cloudflare Access lets through to us brings this. */
export const ACCESS_HEADER = "cf-access-jwt-assertion";

/** Longer assertions are not looked at; theirs have about 1,000 characters. */
const MAX_CHARACTERS = 8_192;
const CERTIFICATES_MS = 3_000;
/** How long Cloudflare's own cache keeps the certificates. A new one is published long before it signs. */
const CACHE_SECONDS = 300;

const jwks = z.object({
  keys: z.array(z.object({ kid: z.string(), kty: z.literal("RSA"), n: z.string(), e: z.string() })),
});
const claims = z.object({ exp: z.number(), nbf: z.number().optional() });

/**
 * Whether an assertion was signed (RS256) by the team's Cloudflare Access for this application and is valid now. Never
 * throws: certificates that cannot be had vouch for nobody.
 */
export async function isAccessAssertion(
  assertion: string,
  { teamDomain, audience }: AccessSettings,
  needs: { readonly nowMs: number; readonly fetch: typeof fetch },
): Promise<boolean> {
  if (assertion.length > MAX_CHARACTERS) return false;
  try {
    const issuer = `https://${teamDomain}`;
    const { keys } = jwks.parse(await certificatesOf(issuer, needs.fetch));
    const payload = await Jwt.verifyWithJwks(assertion, {
      keys: keys.map((key) => ({ ...key, alg: "RS256" })),
      allowedAlgorithms: ["RS256"],
      // Its times are looked at below: the library would ask a clock of its own, and let an assertion without an end in.
      verification: { iss: issuer, aud: audience, exp: false, nbf: false, iat: false },
    });
    const { exp, nbf = 0 } = claims.parse(payload);
    return nbf * 1_000 <= needs.nowMs && needs.nowMs < exp * 1_000;
  } catch {
    return false;
  }
}

async function certificatesOf(issuer: string, fetcher: typeof fetch): Promise<unknown> {
  // Cloudflare's own field of a request: other runtimes know nothing of it, and pass it over.
  const cached = { cf: { cacheEverything: true, cacheTtl: CACHE_SECONDS } };
  const signal = AbortSignal.timeout(CERTIFICATES_MS);
  const response = await fetcher(`${issuer}/cdn-cgi/access/certs`, { redirect: "manual", signal, ...cached });
  return response.status === 200 ? await response.json() : undefined;
}
