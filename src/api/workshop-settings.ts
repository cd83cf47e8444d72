import { renderSVG } from "uqr";
import { Failure } from "../failure.ts";
import { workshopIdFrom } from "../protocol/ids.ts";
import type { WorkshopReply, WorkshopView } from "../protocol/rest-workshop.ts";
import {
  changeWorkshop,
  createWorkshop,
  deleteWorkshop,
  findWorkshop,
  type ListedWorkshop,
  listWorkshops,
} from "../store/workshops.ts";
import { stateOf } from "../workshop/dates.ts";
import { closingView } from "./closing-view.ts";
import type { ApiContext } from "./deps.ts";
import { endpoint } from "./endpoint.ts";
import { makeJoinCode } from "./join-codes.ts";
import { publicOrigin } from "./public-address.ts";
import { isoTimeOrNull, succeeded } from "./replies.ts";
import { doneReply } from "./reply-schemas.ts";
import { workshopReply, workshopsReply } from "./reply-schemas-workshop.ts";
import { newWorkshop, workshopPatch } from "./schemas-workshop.ts";
import { checkModels, lendableModels, lendingTold } from "./workshop-lending.ts";
import { soon, workshopIdOf, workshopOf } from "./workshop-of.ts";

/** Codes that are made up before it is given up: one that is taken is rare, five in a row are not chance. */
const TRIES = 5;

export const listAllWorkshops = endpoint("instructor", {
  summary: "Every workshop, newest first.",
  reply: workshopsReply,
  fails: [],
  handle: async (c) => {
    const found = await listWorkshops(c.env.database);
    return succeeded(c, {
      success: true,
      workshops: found.map((workshop) => workshopView(c, workshop)),
      fallbackKey: c.env.settings.instructorApiKey !== undefined,
      models: lendableModels(c),
    });
  },
});

export const makeWorkshop = endpoint("instructor", {
  summary: "Makes a workshop; without a join code one is made up.",
  body: newWorkshop,
  reply: workshopReply,
  fails: ["join_code_taken"],
  handle: async (c, { body: { joinCode, opensAt, closesAt, ...rest } }) => {
    if (typeof opensAt === "number" && typeof closesAt === "number" && closesAt <= opensAt) throw badDates();
    await checkModels(c, rest.lending?.models, async () => undefined);
    const { database, randomBytes } = c.env;
    const id = workshopIdFrom(randomBytes(10));
    const made = { ...rest, id, opensAtMs: opensAt, closesAtMs: closesAt };
    for (let tries = joinCode === undefined ? TRIES : 1; tries > 0; tries -= 1) {
      const code = joinCode ?? makeJoinCode(randomBytes);
      if ((await createWorkshop(database, { ...made, joinCode: code })) === "created") {
        return workshopAnswer(c, await findWorkshop(database, id));
      }
    }
    throw new Failure("join_code_taken");
  },
});

/**
 * What is lent is told before the reply, so that a failure can be asked for again: until then calls are counted by what was
 * told before. Open pages ask again, unless only what the instructor alone sees has changed.
 */
export const patchWorkshop = endpoint("instructor", {
  summary: "Changes a workshop. An absent field is left as it is, null clears it.",
  body: workshopPatch,
  reply: workshopReply,
  fails: ["not_found", "join_code_taken"],
  handle: async (c, { body }) => {
    const { opensAt, closesAt, ...rest } = body;
    const id = workshopIdOf(c);
    const { database } = c.env;
    await checkModels(c, body.lending?.models, async () => (await findWorkshop(database, id))?.lending);
    const workshop = await changeWorkshop(database, id, { ...rest, opensAtMs: opensAt, closesAtMs: closesAt });
    if (workshop === "bad-dates") throw badDates();
    if (!workshop) throw new Failure("not_found");
    const isLending = body.lending !== undefined || body.fallbackAllowed !== undefined;
    const answer = workshopAnswer(c, isLending ? await lendingTold(c, workshop) : workshop);
    const seen = [body.name, opensAt, closesAt, body.callMaxMs, body.fallbackAllowed, body.lending];
    if (seen.some((field) => field !== undefined)) soon(c, c.env.workshops.meChanged(id, null, "instructor"));
    return answer;
  },
});

/** The rows go first: after that no call can begin. Its object looks even when there were none, for a second try. */
export const removeWorkshop = endpoint("instructor", {
  summary: "Deletes a workshop with its students, their keys, calls, transcripts and ledger. Live calls end.",
  reply: doneReply,
  fails: ["not_found"],
  handle: async (c) => {
    const id = workshopIdOf(c);
    const wasThere = await deleteWorkshop(c.env.database, id);
    await c.env.workshops.closingChanged(id);
    if (!wasThere) throw new Failure("not_found");
    return succeeded(c, { success: true });
  },
});

/** Black on white whatever the page's colours are, with the quiet edge that cameras need. */
export const joinQr = endpoint("instructor", {
  summary: "The page with the join code in it, as a QR code.",
  reply: "image/svg+xml",
  fails: ["not_found"],
  handle: async (c) => {
    const { joinCode } = await workshopOf(c);
    const svg = renderSVG(joinUrl(c, joinCode), { ecc: "M", border: 4 });
    return c.body(svg, 200, { "content-type": "image/svg+xml; charset=utf-8" });
  },
});

export function workshopAnswer(c: ApiContext, workshop: ListedWorkshop | undefined): Response {
  if (!workshop) throw new Failure("not_found");
  return succeeded<WorkshopReply>(c, { success: true, workshop: workshopView(c, workshop) });
}

const workshopView = (c: ApiContext, workshop: ListedWorkshop): WorkshopView => ({
  id: workshop.id,
  name: workshop.name,
  joinCode: workshop.joinCode,
  joinUrl: joinUrl(c, workshop.joinCode),
  state: stateOf(workshop, c.env.now()),
  opensAt: isoTimeOrNull(workshop.opensAtMs),
  closesAt: isoTimeOrNull(workshop.closesAtMs),
  seats: workshop.seats,
  studentCount: workshop.studentCount,
  callMaxMs: workshop.callMaxMs,
  fallbackAllowed: workshop.fallbackAllowed,
  lending: workshop.lending,
  closing: closingView(workshop.closing),
});

const joinUrl = (c: ApiContext, joinCode: string): string => `${publicOrigin(c)}/#${joinCode}`;

const badDates = () => new Failure("bad_request", "closesAt: must be after opensAt");
