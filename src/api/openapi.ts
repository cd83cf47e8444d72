import * as z from "zod";
import { FAILURES, factsOf, type Reason } from "../failure.ts";
import { type Endpoint, endpoint, isOptional } from "./endpoint.ts";
import type { Who } from "./identity.ts";
import { failureBody } from "./reply-schemas.ts";
import type { Route } from "./routes.ts";

/** The API's description, from the schemas that check it. Made when it is first asked for, and kept: it is a constant. */
export function openApi(routes: () => readonly Route[]): Endpoint<"anyone"> {
  let text: string | undefined;
  return endpoint("anyone", {
    summary: "This description, as OpenAPI 3.1.",
    reply: "application/json",
    fails: [],
    handle: (c) => {
      text ??= JSON.stringify(openApiDocument(routes()));
      return c.body(text, 200, { "content-type": "application/json; charset=utf-8" });
    },
  });
}

export function openApiDocument(routes: readonly Route[]) {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Callroom",
      version: "1",
      description: "A voice-AI workshop where every student's agent runs on the student's own OpenAI key.",
    },
    servers: [{ url: "/" }],
    paths,
    components: {
      schemas: { Failure: schemaOf(failureBody, "output") },
      securitySchemes: {
        session: { type: "http", scheme: "bearer", description: "A student's session token" },
        cookie: { type: "apiKey", in: "cookie", name: "__Host-callroom" },
        console: { type: "apiKey", in: "cookie", name: "__Host-callroom-instructor" },
        instructor: { type: "http", scheme: "bearer", description: "INSTRUCTOR_TOKEN of the deployment" },
        access: { type: "apiKey", in: "header", name: "Cf-Access-Jwt-Assertion" },
        service: { type: "http", scheme: "bearer", description: "SERVICE_TOKEN of the deployment" },
        twilio: { type: "apiKey", in: "header", name: "X-Twilio-Signature" },
      },
    },
  };
}

const SECURITY: Readonly<Record<Who, readonly object[]>> = {
  anyone: [],
  student: [{ session: [] }, { cookie: [] }],
  instructor: [{ console: [] }, { instructor: [] }, { access: [] }],
  service: [{ service: [] }],
  twilio: [{ twilio: [] }],
};

function operation(route: Route) {
  const { who, endpoint } = route;
  return {
    summary: endpoint.summary,
    security: SECURITY[who],
    parameters: [...pathParameters(route.path), ...queryParameters(endpoint.query)],
    ...(endpoint.body && {
      requestBody: { required: !isOptional(endpoint.body), content: json(schemaOf(endpoint.body, "input")) },
    }),
    responses: {
      200: {
        description: "Done",
        content:
          typeof endpoint.reply === "string" ? { [endpoint.reply]: {} } : json(schemaOf(endpoint.reply, "output")),
      },
      ...failureResponses(failuresOf(route)),
    },
  };
}

/** What any route may answer, whatever it is asked. */
export const EVERYWHERE: readonly Reason[] = ["misconfigured", "database_unavailable", "internal"];

/** The reasons for which a route fails: its own, and those of everything that stands before it. */
export function failuresOf({ method, who, endpoint }: Route): readonly Reason[] {
  const reasons = new Set<Reason>(endpoint.fails);
  if (who === "student") reasons.add("unauthorized").add("unknown_session");
  if (who === "instructor") reasons.add("unauthorized").add("bad_token").add("too_many_logins");
  if (who === "service") reasons.add("unauthorized");
  if (who === "twilio") reasons.add("bad_signature");
  if (method !== "GET") reasons.add("bad_origin");
  if (endpoint.body ?? endpoint.query ?? who === "twilio") reasons.add("bad_request");
  if (endpoint.body || who === "twilio") reasons.add("too_large").add("unsupported_media_type");
  return [...reasons, ...EVERYWHERE];
}

function failureResponses(reasons: readonly Reason[]): Record<number, object> {
  const responses: Record<number, object> = {};
  for (const status of new Set(reasons.map((reason) => factsOf(reason).status))) {
    const told = reasons.filter((reason) => FAILURES[reason].status === status);
    responses[status] = {
      description: told.map((reason) => `\`${reason}\`: ${factsOf(reason).sentence}`).join(" "),
      content: json({ $ref: "#/components/schemas/Failure" }),
    };
  }
  return responses;
}

const pathParameters = (path: string): object[] =>
  [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));

function queryParameters(query: z.ZodType | undefined): object[] {
  if (!(query instanceof z.ZodObject)) return [];
  const { properties = {}, required = [] } = z.toJSONSchema(query, { io: "input" });
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: "query",
    required: required.includes(name),
    schema,
  }));
}

function schemaOf(schema: z.ZodType, io: "input" | "output"): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io });
  return rest;
}

const json = (schema: object) => ({ "application/json": { schema } });
