import { html, raw } from "hono/html";
import * as z from "zod";
import { factsOf, type Reason } from "../failure.ts";
import { type Endpoint, endpoint } from "./endpoint.ts";
import type { Who } from "./identity.ts";
import { EVERYWHERE, failuresOf } from "./openapi.ts";
import type { Route } from "./routes.ts";

/** The API's description for people: the route table as a page, without a script and with one style. */
export function docsPage(routes: () => readonly Route[]): Endpoint<"anyone"> {
  return endpoint("anyone", {
    summary: "This page.",
    reply: "text/html",
    fails: [],
    handle: async (c) => {
      c.header("content-security-policy", `default-src 'none'; style-src '${await hashOf(STYLE)}'; ${FRAMES}`);
      return c.html(page(routes()));
    },
  });
}

const FRAMES = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const WHO: Readonly<Record<Who, string>> = {
  anyone: "Anyone",
  student: "A student: Authorization: Bearer <session token>, or the cookie",
  instructor: "The instructor: the console's cookie, Authorization: Bearer <INSTRUCTOR_TOKEN>, or Cloudflare Access",
  service: "A server of the instructor's: Authorization: Bearer <SERVICE_TOKEN>",
  twilio: "Twilio, signed",
};

const page = (routes: readonly Route[]) => html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Callroom API</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<main>
<h1>Callroom API</h1>
<p>JSON in UTF-8, at most 64 KiB. Success is <code>{"success":true,…}</code>; failure is
<code>{"success":false,"error":"a sentence","code":"…","requestId":"…"}</code>, and for bad input names the
<code>field</code>. The same as <a href="/openapi.json">OpenAPI 3.1</a>.</p>
<section>
<h2>Every route</h2>
${failures(EVERYWHERE)}
</section>
<nav><ul>${routes.map((route) => html`<li><a href="#${anchor(route)}"><code>${title(route)}</code></a></li>\n`)}</ul></nav>
${routes.map(section)}
</main>
</body>
</html>
`;

const section = (route: Route) => html`<section id="${anchor(route)}">
<h2><code>${title(route)}</code></h2>
<p>${route.endpoint.summary}</p>
<p class="who">${WHO[route.who]}</p>
${fields("Query", route.endpoint.query, "input")}${fields("Body", route.endpoint.body, "input")}
${typeof route.endpoint.reply === "string" ? html`<p>Answers <code>${route.endpoint.reply}</code>.</p>` : fields("Answers", route.endpoint.reply, "output")}
${failures(failuresOf(route).filter((reason) => !EVERYWHERE.includes(reason)))}
</section>
`;

const failures = (reasons: readonly Reason[]) =>
  reasons.length === 0
    ? ""
    : html`<h3>Fails with</h3>
<table><tbody>
${reasons.map((reason) => html`<tr><td>${factsOf(reason).status}</td><td><code>${reason}</code></td><td>${factsOf(reason).sentence}</td></tr>\n`)}
</tbody></table>`;

function fields(heading: string, schema: z.ZodType | undefined, io: "input" | "output") {
  if (!schema) return "";
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io });
  if (Object.keys(properties).length === 0) return "";
  return html`<h3>${heading}</h3>
<table><tbody>
${Object.entries(properties).map(([name, property]) => html`<tr><td><code>${name}</code></td><td>${shape(property)}${required.includes(name) ? "" : ", optional"}</td><td>${note(property)}</td></tr>\n`)}
</tbody></table>
`;
}

type Property = boolean | z.core.JSONSchema.BaseSchema;

/** `{ hint: string, status: "connected" | … }`, as deep as it goes. */
function shape(schema: Property): string {
  if (typeof schema === "boolean") return "anything";
  if (schema.anyOf) return schema.anyOf.map(shape).join(" or ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" or ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.type === "array") return `list of ${shape(itemOf(schema))}`;
  if (schema.type !== "object" || !schema.properties) return [schema.type ?? "anything"].flat().join(" or ");
  const inner = Object.entries(schema.properties).map(([name, property]) => `${name}: ${shape(property)}`);
  return `{ ${inner.join(", ")} }`;
}

const itemOf = ({ items }: z.core.JSONSchema.BaseSchema): Property =>
  items === undefined || Array.isArray(items) ? true : items;

function note(schema: Property): string {
  if (typeof schema === "boolean") return "";
  const described = [schema, ...(schema.anyOf ?? [])].find((part) => typeof part === "object" && part.description);
  const limit = [schema, ...(schema.anyOf ?? [])].find((part) => typeof part === "object" && part.maxLength);
  return [
    typeof described === "object" ? `${described.description}.` : "",
    typeof limit === "object" ? `At most ${limit.maxLength} characters.` : "",
  ].join(" ");
}

const title = ({ method, path }: Route): string => `${method} ${path}`;
const anchor = ({ method, path }: Route): string => `${method}${path}`.toLowerCase().replace(/[^a-z]+/g, "-");

const STYLE = `
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{margin:0}
main{max-width:60rem;margin:0 auto;padding:2rem 1rem 6rem}
code{font:.9em ui-monospace,monospace}
nav ul{list-style:none;padding:0;columns:22rem}
section{border-top:1px solid #8886;margin-top:2.5rem;padding-top:.5rem}
h2{font-size:1.2rem;margin:.8rem 0 .2rem;overflow-wrap:anywhere}
h3{font-size:.85rem;text-transform:uppercase;letter-spacing:.06em;margin:1.2rem 0 .3rem}
p{margin:.3rem 0}
.who{opacity:.75}
table{border-collapse:collapse;width:100%}
td{border-top:1px solid #8883;padding:.3rem .8rem .3rem 0;vertical-align:top;overflow-wrap:anywhere}
td:first-child{white-space:nowrap}
`;

/** How a policy names one inline style: nothing else on the page is ever styled or run. */
async function hashOf(style: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(style));
  return `sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}`;
}
