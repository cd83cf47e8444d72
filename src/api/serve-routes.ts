import { Hono } from "hono";
import type { ApiEnv } from "./deps.ts";
import { dressReply, refuseForeign } from "./guards.ts";
import { failed, failedBy } from "./replies.ts";
import type { Route } from "./routes.ts";

/** Turns the table into an app: guards first, then each route, and for its path every other method. */
export function serveRoutes(routes: readonly Route[]): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>();
  app.onError((thrown, c) => failedBy(c, thrown));
  app.notFound((c) => failed(c, "not_found"));
  app.use(dressReply, refuseForeign);
  for (const { method, path, endpoint } of routes) {
    app.on(method, path, (c) => {
      c.set("route", `${method} ${path}`);
      return endpoint.serve(c);
    });
  }
  for (const [path, methods] of methodsByPath(routes)) {
    app.all(path, (c) => {
      const reply = failed(c, "method_not_allowed");
      reply.headers.set("allow", methods.join(", "));
      return reply;
    });
  }
  return app;
}

function methodsByPath(routes: readonly Route[]): Map<string, string[]> {
  const methods = new Map<string, string[]>();
  for (const { method, path } of routes) {
    const known = methods.get(path) ?? [];
    // Whoever answers GET answers HEAD.
    methods.set(path, [...known, ...(method === "GET" ? ["GET", "HEAD"] : [method])]);
  }
  return methods;
}
