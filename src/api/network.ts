import type { ApiContext } from "./deps.ts";

/**
 * Whom tries are counted for: an IPv4 address, or of an IPv6 one the half that a household shares. The header is
 * Cloudflare's own and cannot be sent from outside.
 */
export const networkOf = (c: ApiContext): string => network(c.req.header("cf-connecting-ip") ?? "unknown");

/** A `::` is written out first: what stands behind it belongs to the half that its owner changes at will. */
export function network(address: string): string {
  if (!address.includes(":")) return address.slice(0, 45);
  const [head = "", tail] = address.split("::");
  const front = head === "" ? [] : head.split(":");
  const back = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - front.length - back.length);
  return [...front, ...Array.from({ length: zeros }, () => "0"), ...back].slice(0, 4).join(":").slice(0, 45);
}
