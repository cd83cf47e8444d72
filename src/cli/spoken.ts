import { resolve } from "node:path";
import { fliteSpeaker } from "../../test/standins/speech.ts";
import { spokenCommand } from "./spoken-command.ts";

/* `npm run build:spoken`: the command of spoken-command.ts. */

process.exitCode = await spokenCommand({
  publicFolder: resolve(import.meta.dirname, "../web/public"),
  speaker: fliteSpeaker,
  print: (line) => console.log(line),
});
