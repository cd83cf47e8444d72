import type * as z from "zod";
import type { Reason } from "../failure.ts";
import { readJson, readJsonIfAny } from "./body.ts";
import type { ApiContext } from "./deps.ts";
import { type Askers, identify, type Who } from "./identity.ts";
import { parsed } from "./parsed.ts";

/** What a route's handler is given: who asks, and what they ask, both checked. */
export interface Asked<W extends Who, Body, Query> {
  readonly asker: Askers[W];
  readonly body: Body;
  readonly query: Query;
}

interface EndpointParts<W extends Who, Body, Query> {
  /** One sentence for the API's page. */
  readonly summary: string;
  /** One that takes `undefined` lets the request come without a body. */
  readonly body?: z.ZodType<Body>;
  readonly query?: z.ZodType<Query>;
  /** Schema of the JSON that success answers with; otherwise its media type. */
  readonly reply: z.ZodType | string;
  /** Reasons of its own; those that every route has are known. */
  readonly fails: readonly Reason[];
  readonly handle: (c: ApiContext, asked: Asked<W, Body, Query>) => Response | Promise<Response>;
}

/** One thing that REST does, as the route table and the API's page see it. */
export interface Endpoint<W extends Who> {
  readonly summary: string;
  readonly body: z.ZodType | undefined;
  readonly query: z.ZodType | undefined;
  readonly reply: z.ZodType | string;
  readonly fails: readonly Reason[];
  /** Who asks comes before what they ask: a stranger's body is not read. */
  readonly serve: (c: ApiContext) => Promise<Response>;
  readonly who: W;
}

export function endpoint<W extends Who, Body = undefined, Query = undefined>(
  who: W,
  parts: EndpointParts<W, Body, Query>,
): Endpoint<W> {
  const { summary, body, query, reply, fails, handle } = parts;
  const read = body && isOptional(body) ? readJsonIfAny : readJson;
  return {
    who,
    summary,
    body,
    query,
    reply,
    fails,
    serve: async (c) => {
      const asker = await identify(c, who);
      const asked: Asked<W, Body, Query> = {
        asker,
        // Without a schema the type parameter is `undefined`, and so is this.
        query: query ? parsed(query, c.req.query()) : (undefined as Query),
        body: body ? parsed(body, await read(c.req.raw)) : (undefined as Body),
      };
      return handle(c, asked);
    },
  };
}

/** Whether a request may come without this body. */
export const isOptional = (body: z.ZodType): boolean => body.safeParse(undefined).success;
