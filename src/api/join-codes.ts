import { type JoinCode, parseJoinCode } from "../protocol/ids.ts";

/** Words that are read off a projector and typed on a phone: short, one spelling. */
const TREES = [
  "ACACIA",
  "ALDER",
  "APPLE",
  "ASPEN",
  "BALSA",
  "BANYAN",
  "BEECH",
  "BIRCH",
  "CEDAR",
  "CHERRY",
  "CITRUS",
  "EBONY",
  "ELM",
  "FIG",
  "FIR",
  "GINKGO",
  "HAZEL",
  "HICKORY",
  "HOLLY",
  "LARCH",
  "LEMON",
  "LINDEN",
  "MANGO",
  "MAPLE",
  "OAK",
  "OLIVE",
  "PEACH",
  "PINE",
  "POPLAR",
  "ROWAN",
  "WALNUT",
  "WILLOW",
] as const;

/** Without 0 and O, 1, I and L, 2 and Z, 5 and S, 8 and B, U and V: what looks alike is not there. */
const SYMBOLS = "34679ACDEFGHJKMNPQRTWXY";
/** With a tree in front, nine million codes: not found by guessing, at the rate at which joins are taken. */
const CHARACTERS = 4;
/** The largest multiple of their number that a byte holds: beyond it the first symbols would come more often. */
const EVEN = 256 - (256 % SYMBOLS.length);

/**
 * A join code such as `MAPLE-7FKD`.
 *
 * @param randomBytes cryptographic randomness.
 */
export function makeJoinCode(randomBytes: (count: number) => Uint8Array): JoinCode {
  let ending = "";
  while (ending.length < CHARACTERS) {
    const [byte = 0] = randomBytes(1);
    if (byte < EVEN) ending += SYMBOLS.charAt(byte % SYMBOLS.length);
  }
  const tree = TREES[(randomBytes(1)[0] ?? 0) % TREES.length] ?? TREES[0];
  const code = parseJoinCode(`${tree}-${ending}`);
  if (!code) throw new RangeError("A join code of ours is one.");
  return code;
}
