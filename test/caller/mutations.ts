/** Repeatable numbers from 0 up to 1 (mulberry32). */
export function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const SPLICES = [
  ...['"', "\\", "{", "[", "]}", "null", "1e999", "-1", '"\\ud800"', '"\\u0000"', '{"__proto__":1}', "=", "true", '""'],
  ...["0", ":", ",", "A", "g", "/", "+", " "],
];

/** A text with one to three places cut out, doubled, swapped or written over. */
export function mutated(text: string, random: () => number): string {
  let changed = text;
  for (let changes = 1 + Math.floor(random() * 3); changes > 0; changes--) {
    const at = Math.floor(random() * changed.length);
    const to = at + Math.floor(random() * 12);
    const splice = SPLICES[Math.floor(random() * SPLICES.length)] ?? "";
    switch (Math.floor(random() * 4)) {
      case 0:
        changed = changed.slice(0, at) + changed.slice(to);
        break;
      case 1:
        changed = changed.slice(0, to) + changed.slice(at);
        break;
      case 2:
        changed = changed.slice(0, at) + splice + changed.slice(at);
        break;
      default:
        changed = changed.slice(0, at) + splice + changed.slice(to);
    }
  }
  return changed;
}
