/**
 * Callroom's own Worker, with everything counted that Cloudflare bills: `GET /counted` tells, since the start. The objects
 * are the real classes; only what the runtime hands them is watched. All run in one isolate here, so one table is enough.
 */

import { CallObject as Call } from "../../../src/call/call-object.ts";
import callroom from "../../../src/worker.ts";
import { LoginObject as Login } from "../../../src/workshop/login-object.ts";
import { WorkshopObject as Workshop } from "../../../src/workshop/workshop-object.ts";

const counted = {
  workerRequests: 0,
  callRequests: 0,
  workshopRequests: 0,
  loginRequests: 0,
  alarms: 0,
  /** Messages that came in: at sockets that may sleep, and at plain ones, those to OpenAI among them. */
  sleepingMessages: 0,
  plainMessages: 0,
  rowsRead: 0,
  rowsWritten: 0,
  alarmsSet: 0,
  fetches: 0,
  logLines: 0,
};
type Counted = typeof counted;

/** Counts each call of a method that instances inherit from `prototype`. */
function watch(prototype: object, method: string, note: (result: unknown) => void): void {
  const original: unknown = Reflect.get(prototype, method);
  if (typeof original !== "function") throw new Error(`There is no ${method} to be counted.`);
  Reflect.set(prototype, method, function watched(this: unknown, ...given: unknown[]): unknown {
    const result: unknown = Reflect.apply(original, this, given);
    note(result);
    return result;
  });
}

const add =
  (name: keyof Counted): (() => void) =>
  () => {
    counted[name] += 1;
  };

/** What a cursor has read and written is known when it was read to its end. */
const cursors: { readonly rowsRead: number; readonly rowsWritten: number }[] = [];

function settleCursors(): void {
  for (const cursor of cursors.splice(0)) {
    counted.rowsRead += cursor.rowsRead;
    counted.rowsWritten += cursor.rowsWritten;
  }
}

function noteCursor(cursor: unknown): void {
  if (typeof cursor !== "object" || cursor === null || !("rowsRead" in cursor) || !("rowsWritten" in cursor)) return;
  const { rowsRead, rowsWritten } = cursor;
  if (typeof rowsRead !== "number" || typeof rowsWritten !== "number") return;
  cursors.push(Object(cursor));
}

let isStorageWatched = false;
function watchStorage({ storage }: DurableObjectState): void {
  if (isStorageWatched) return;
  isStorageWatched = true;
  watch(Object.getPrototypeOf(storage.sql), "exec", noteCursor);
  // An alarm is one row, whatever it replaces.
  watch(Object.getPrototypeOf(storage), "setAlarm", add("alarmsSet"));
}

/** What Workers and other objects may call: each is billed as a request. Sockets and alarms are counted by themselves. */
function watchRequests(prototype: object, name: keyof Counted): void {
  for (const method of Object.getOwnPropertyNames(prototype)) {
    if (method === "constructor" || method.startsWith("webSocket")) continue;
    if (Object.getOwnPropertyDescriptor(prototype, method)?.get) continue;
    watch(prototype, method, add(method === "alarm" ? "alarms" : name));
  }
  if (Reflect.has(prototype, "webSocketMessage")) watch(prototype, "webSocketMessage", add("sleepingMessages"));
}

watchRequests(Call.prototype, "callRequests");
watchRequests(Workshop.prototype, "workshopRequests");
watchRequests(Login.prototype, "loginRequests");
watch(console, "log", add("logLines"));

const addEventListener: unknown = Reflect.get(WebSocket.prototype, "addEventListener");
Reflect.set(WebSocket.prototype, "addEventListener", function watched(this: WebSocket, ...given: unknown[]): unknown {
  const [type] = given;
  if (typeof addEventListener !== "function") throw new Error("Sockets cannot be watched.");
  if (type === "message") Reflect.apply(addEventListener, this, ["message", add("plainMessages")]);
  return Reflect.apply(addEventListener, this, given);
});

const realFetch = globalThis.fetch;
globalThis.fetch = (...given) => {
  counted.fetches += 1;
  return realFetch(...given);
};

export class CallObject extends Call {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    watchStorage(ctx);
    super(ctx, env);
  }
}

export class WorkshopObject extends Workshop {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    watchStorage(ctx);
    super(ctx, env);
  }
}

export class LoginObject extends Login {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    watchStorage(ctx);
    super(ctx, env);
  }
}

export default {
  fetch(request, env, ctx): Response | Promise<Response> {
    if (new URL(request.url).pathname === "/counted") {
      settleCursors();
      return Response.json(counted);
    }
    counted.workerRequests += 1;
    return callroom.fetch(request, env, ctx);
  },
} satisfies ExportedHandler<Cloudflare.Env>;
