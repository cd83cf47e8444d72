import { existsSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { SCREENS } from "../../src/cli/screens.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47]);

describe("the pictures of the screens", () => {
  it("SHOT-1 are there for every screen, light and dark, less than 200 KB each, and the README shows some of them", () => {
    for (const { name, width, height } of SCREENS) {
      for (const scheme of ["light", "dark"]) {
        const file = join(ROOT, "docs/screens", `${name}-${scheme}.png`);
        const png = readFileSync(file);
        expect(png.subarray(0, 4)).toEqual(PNG);
        expect([file, png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([file, width, height]);
        expect(statSync(file).size).toBeLessThan(200 * 1_024);
      }
    }
    const shown = [...readFileSync(join(ROOT, "README.md"), "utf8").matchAll(/"(docs\/screens\/[^"]+)"/g)];
    expect(shown.length).toBeGreaterThanOrEqual(4);
    expect(shown.filter(([, path = ""]) => !existsSync(join(ROOT, path)))).toEqual([]);
  });
});
