import { defineConfig } from "vite";

/** What is asked of the bundler about a module. */
interface Chunking {
  getModuleInfo(id: string): { readonly importers: readonly string[] } | null;
}

/** What only parts say that come later; all other words are the page's own. `words.ts` names them all, and needs none. */
const LATER_WORDS = /\/web\/words-(?:closed|history|key|receipt|tools)\.ts$/;

/**
 * `page`: needed as soon as the page is opened. One file of these compresses better than one for every set of importers.
 * `null`: of a part that comes later, by `import()`.
 */
function chunkOf(id: string, chunking: Chunking): string | null {
  if (LATER_WORDS.test(id)) return null;
  const reached = new Set([id]);
  // A Set that grows while it is walked is walked to its end. An `import()` makes no importer of this kind.
  for (const module of reached)
    for (const importer of chunking.getModuleInfo(module)?.importers ?? []) reached.add(importer);
  return [...reached].some((module) => module.endsWith(".html")) ? "page" : null;
}

/** For one page at a time: which one is the input of `src/cli/build-web.ts`. */
export default defineConfig({
  root: import.meta.dirname,
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    // All that know light-dark() and private fields by themselves: two years of browsers.
    target: ["chrome123", "edge123", "firefox120", "safari17.5"],
    modulePreload: { polyfill: false },
    sourcemap: false,
    reportCompressedSize: false,
    rolldownOptions: {
      // Words come with the part of a page that says them, not with the first file that asks for any: nothing is taken
      // along for being named.
      treeshake: { moduleSideEffects: [{ test: /\/words[\w-]*\.ts$/, sideEffects: false }] },
      output: {
        codeSplitting: { includeDependenciesRecursively: false, groups: [{ name: chunkOf, debugName: "page" }] },
      },
    },
  },
});
