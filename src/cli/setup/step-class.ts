import { renderUnicodeCompact } from "uqr";
import * as z from "zod";
import { WORKSHOP_STATES } from "../../protocol/rest.ts";
import { DEPLOYMENT_FILE } from "../deployment.ts";
import { askInstructor, type InstructorAccess } from "../instructor-rest.ts";
import { SetupTrouble } from "./setup-trouble.ts";
import { claimLines } from "./step-database.ts";
import { databaseOf, given, type SetupWorld, type Step } from "./world.ts";

const Workshops = z.object({
  workshops: z.array(
    z.object({
      joinCode: z.string().regex(/^[A-Z0-9-]{1,32}$/i),
      joinUrl: z.url({ protocol: /^https?$/ }),
      state: z.enum(WORKSHOP_STATES),
    }),
  ),
});
type Workshop = z.infer<typeof Workshops>["workshops"][number];

/** Opens a class when there is none, and says all that an instructor needs to begin. */
export const openClass: Step = async (world) => {
  if (world.options.isDry) return { line: "would open a class, and show its page, console and join code" };
  const url = given(world, "CALLROOM_URL") ?? world.kept.get("CALLROOM_URL");
  const instructorToken = world.kept.get("INSTRUCTOR_TOKEN");
  if (url === undefined || instructorToken === undefined) {
    throw new SetupTrouble("Nothing is deployed from here yet: npm run setup without --only does all of it.");
  }
  const access = { url, instructorToken };
  let workshops = await ask(world, access);
  if (workshops.length === 0) {
    await world.database.ensureWorkshop(databaseOf(world), newJoinCode(world));
    workshops = await ask(world, access);
  }
  const open = workshops.find(({ state }) => state === "open");
  return { line: open === undefined ? "none is open" : "open", more: blockOf(world, access, open) };
};

async function ask(world: SetupWorld, access: InstructorAccess): Promise<readonly Workshop[]> {
  const asked = await askInstructor(world.fetcher, access, "/api/workshop/workshops", Workshops);
  if (asked.outcome === "answered") return asked.answer.workshops;
  throw new SetupTrouble(
    asked.outcome === "refused" && (asked.code === "unauthorized" || asked.code === "forbidden")
      ? `The Worker does not take the INSTRUCTOR_TOKEN of ${DEPLOYMENT_FILE}: npm run setup -- --only secrets puts it.`
      : "The Worker did not tell its workshops: npm run doctor -- --deployed says why.",
  );
}

const TREES = ["MAPLE", "CEDAR", "BIRCH", "ASPEN", "HAZEL", "ROWAN", "LARCH", "ALDER"] as const;
const CODE_BYTES = 3;

/** A word that can be said aloud, and enough behind it that nobody guesses. */
function newJoinCode({ randomBytes }: SetupWorld): string {
  const [tree = 0, ...rest] = randomBytes(1 + CODE_BYTES);
  return `${TREES[tree % TREES.length]}-${Buffer.from(rest).toString("hex").toUpperCase()}`;
}

function blockOf(world: SetupWorld, { url, instructorToken }: InstructorAccess, open: Workshop | undefined): string[] {
  const isShown = world.options.showToken;
  const consoleUrl = `${url}/console${isShown ? `#${instructorToken}` : ""}`;
  const entry = open === undefined ? [] : qrCode(open.joinUrl, world);
  return [
    ...entry,
    ...(open === undefined ? [] : [`students    ${open.joinUrl}`, `join code   ${open.joinCode}`]),
    `console     ${consoleUrl}`,
    ...(isShown
      ? []
      : [`its token   INSTRUCTOR_TOKEN in ${DEPLOYMENT_FILE}; npm run setup -- --only class --show-token shows it`]),
    "",
    `Keep a copy of ${DEPLOYMENT_FILE} where you keep passwords: without its ENCRYPTION_KEY no stored key can be opened.`,
    ...claimLines(world),
    "",
    open === undefined ? "Open a workshop at the console." : "Next: open the console, and call an agent yourself.",
    "npm run doctor -- --deployed looks at everything once more.",
  ];
}

/** White on black by name on a terminal: with its own colours, a light one would show a negative that few cameras read. */
function qrCode(text: string, { out, environment }: SetupWorld): string[] {
  const isColoured = out.isTTY === true && given({ environment }, "NO_COLOR") === undefined;
  const lines = renderUnicodeCompact(text, { border: 2 }).split("\n");
  return ["", ...lines.map((line) => (isColoured ? `\x1b[38;5;231;48;5;16m${line}\x1b[0m` : line)), ""];
}
