import { describe, expect, it } from "vitest";
import * as z from "zod";
import { failuresOf } from "../../src/api/openapi.ts";
import { ROUTES } from "../../src/api/routes.ts";
import { joinRequest, keyRequest, legacySaveRequest, mePatch } from "../../src/api/schemas.ts";
import { JOIN_FIELDS, KEY_FIELDS, LEGACY_SAVE_FIELDS, ME_PATCH_FIELDS } from "../../src/protocol/rest.ts";
import { harness } from "./world.ts";

const Operation = z.object({
  summary: z.string().min(10),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  parameters: z.array(z.object({ name: z.string(), in: z.enum(["path", "query"]), required: z.boolean() })),
  requestBody: z.unknown().optional(),
  responses: z.record(z.string().regex(/^\d{3}$/), z.object({ description: z.string().min(1) })),
});
const Document = z.object({
  openapi: z.literal("3.1.0"),
  info: z.object({ title: z.string(), version: z.string() }),
  paths: z.record(z.string().startsWith("/"), z.record(z.string(), Operation)),
  components: z.object({
    schemas: z.object({ Failure: z.object({ required: z.array(z.string()) }) }),
    securitySchemes: z.record(z.string(), z.object({ type: z.enum(["http", "apiKey"]) })),
  }),
});

const { request } = harness({});
const documented = async () => Document.parse(await (await request("GET", "/openapi.json")).json());

describe("GET /openapi.json", () => {
  it("DOC-1 describes every route of the table and no other", async () => {
    const { paths } = await documented();
    const described = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const table = ROUTES.map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`);
    expect(described.sort()).toEqual(table.sort());
  });

  it("DOC-2 names every parameter, credential and status of a route", async () => {
    const { paths, components } = await documented();
    for (const route of ROUTES) {
      const operation = paths[route.path.replace(/:(\w+)/g, "{$1}")]?.[route.method.toLowerCase()];
      const inPath = operation?.parameters.filter((parameter) => parameter.in === "path").map(({ name }) => name);
      expect(inPath).toEqual([...route.path.matchAll(/:(\w+)/g)].map(([, name]) => name));
      expect(operation?.requestBody !== undefined).toBe(route.endpoint.body !== undefined);
      expect(operation?.security.length === 0).toBe(route.who === "anyone");
      for (const scheme of operation?.security.flatMap(Object.keys) ?? []) {
        expect(components.securitySchemes[scheme]).toBeDefined();
      }
      const told = Object.values(operation?.responses ?? {}).map(({ description }) => description);
      for (const reason of failuresOf(route)) expect(told.join()).toContain(`\`${reason}\``);
    }
    expect(components.schemas.Failure.required).toEqual(["success", "error", "code", "requestId"]);
  });

  it("DOC-3 the fields that pages are told of are those that the routes take", () => {
    expect(Object.keys(joinRequest.shape)).toEqual([...JOIN_FIELDS]);
    expect(Object.keys(mePatch.shape)).toEqual([...ME_PATCH_FIELDS]);
    expect(Object.keys(keyRequest.shape)).toEqual([...KEY_FIELDS]);
    expect(Object.keys(legacySaveRequest.shape)).toEqual([...LEGACY_SAVE_FIELDS]);
  });
});

describe("GET /docs", () => {
  it("DOC-4 is a page with every route, every field and every code", async () => {
    const reply = await request("GET", "/docs");
    expect([reply.status, reply.headers.get("content-type")]).toEqual([200, "text/html; charset=UTF-8"]);
    const page = await reply.text();
    for (const route of ROUTES) {
      expect(page).toContain(`<code>${route.method} ${route.path}</code>`);
      for (const reason of failuresOf(route)) expect(page).toContain(`<code>${reason}</code>`);
    }
    for (const field of [...JOIN_FIELDS, ...ME_PATCH_FIELDS, ...LEGACY_SAVE_FIELDS]) {
      expect(page).toContain(`<code>${field}</code>`);
    }
    expect(page).not.toMatch(/undefined|\[object/);
  });

  it("DOC-5 runs no script, loads nothing, and its policy names the hash of its one style", async () => {
    const reply = await request("GET", "/docs");
    const page = await reply.text();
    expect(page).not.toMatch(/<script|<link|<img|<iframe|\son\w+=|\sstyle=|https?:\/\//i);
    const styles = [...page.matchAll(/<style>([\s\S]*?)<\/style>/g)].map(([, style]) => style ?? "");
    expect(styles).toHaveLength(1);
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(styles[0]));
    const hash = Buffer.from(digest).toString("base64");
    expect(reply.headers.get("content-security-policy")).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
    expect(reply.headers.get("x-content-type-options")).toBe("nosniff");
  });

  it("DOC-6 every link on the page leads somewhere on it", async () => {
    const page = await (await request("GET", "/docs")).text();
    const ids = [...page.matchAll(/id="([^"]+)"/g)].map(([, id]) => id);
    const targets = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ROUTES.length);
    expect(targets).toEqual(ids);
  });
});
