import { sentencesIn } from "./sentences-in.ts";

/** Where the sentences of a command stand: files of `src/cli`, and the error that carries them; without one, all of a file. */
interface Place {
  readonly title: string;
  readonly files: RegExp;
  readonly thrown?: string;
}

/** Commands whose every trouble is a sentence of ours. */
const PLACES: readonly Place[] = [
  { title: "`npm run setup`", files: /^setup(?:\/[a-z-]+)?\.ts$/, thrown: "SetupTrouble" },
  { title: "wrangler, as `npm run setup` and `npm run keys` say it", files: /^setup\/wrangler-trouble\.ts$/ },
  { title: "`npm run doctor`", files: /^doctor-(?:lines|machine|place)\.ts$/ },
  { title: "`npm run keys`", files: /^key[a-z-]*\.ts$/, thrown: "KeyTrouble" },
  { title: "`npm run adopt`", files: /^adopt-trouble\.ts$/ },
  { title: "`npm run adopt`, before it begins", files: /^adopt[a-z-]*\.ts$/, thrown: "AdoptTrouble" },
];

/** What `npm run setup`, `doctor`, `keys` and `adopt` say when something is wrong, read from `sources`: path in `src/cli` → text. */
export function commandSentences(
  sources: ReadonlyMap<string, string>,
): readonly { readonly title: string; readonly sentences: readonly string[] }[] {
  return PLACES.map(({ title, files, thrown }) => {
    const own = [...sources].filter(([path]) => files.test(path)).toSorted(([one], [other]) => (one < other ? -1 : 1));
    const sentences = own.flatMap(([, text]) => sentencesIn(text, thrown));
    return { title, sentences: [...new Set(sentences)].filter((sentence) => sentence !== "…") };
  });
}
