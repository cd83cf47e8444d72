/**
 * A Worker in workerd and nothing else: bundled by wrangler, served by the runtime itself. `wrangler dev` puts a second
 * workerd before it, through which every frame passes; that costs more than the bare Durable Object that we compare
 * with, so both Workers of the bench run here.
 */
import { execFile, spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import * as z from "zod";
import { type Running, running } from "./processes.ts";

/** Of a Worker's configuration, in wrangler's words. */
const Bundle = z.object({
  compatibility_date: z.string(),
  compatibility_flags: z.array(z.string()),
  durable_objects: z.object({ bindings: z.array(z.object({ name: z.string(), class_name: z.string() })) }),
  assets: z.object({ binding: z.string() }).nullable(),
  vars: z.record(z.string(), z.unknown()),
});
type Bundle = z.infer<typeof Bundle>;

const BUNDLER = join(import.meta.dirname, "bundle-worker.ts");
/** What `require("workerd")` gives is the path of the binary. */
const WORKERD = z.string().parse(createRequire(import.meta.url)("workerd").default);

/**
 * Serves the Worker of a `wrangler.toml` on a free port of this machine.
 *
 * @param variables beside those of the configuration, which they replace.
 * @param folder empty; holds the bundle and what the objects store.
 * @throws Error when the Worker does not build or workerd does not start.
 */
export async function startWorkerd(
  configPath: string,
  variables: Readonly<Record<string, string>>,
  folder: string,
): Promise<Running> {
  const { stdout } = await promisify(execFile)(process.execPath, [BUNDLER, configPath, folder]);
  const bundle = Bundle.parse(JSON.parse(stdout));
  const capnp = join(folder, "workerd.capnp");
  await writeFile(capnp, capnpConfig(bundle, variables, folder));
  const child = spawn(WORKERD, ["serve", "--control-fd=3", capnp], { stdio: ["ignore", "ignore", "inherit", "pipe"] });
  const control = child.stdio[3];
  if (!(control instanceof Readable)) throw new Error("workerd has no control pipe");
  return running(child, control, "workerd");
}

function capnpConfig(bundle: Bundle, variables: Readonly<Record<string, string>>, folder: string): string {
  const texts = Object.entries({ ...bundle.vars, ...variables }).map(
    ([name, value]) => `(name = ${quoted(name)}, text = ${quoted(String(value))})`,
  );
  const { bindings } = bundle.durable_objects;
  const objects = bindings.map(
    ({ name, class_name }) => `(name = ${quoted(name)}, durableObjectNamespace = (className = ${quoted(class_name)}))`,
  );
  // Nobody asks for a page here.
  const assets = bundle.assets === null ? [] : [`(name = ${quoted(bundle.assets.binding)}, service = "nothing")`];
  const namespaces = bindings.map(
    ({ class_name }) => `(className = ${quoted(class_name)}, uniqueKey = ${quoted(class_name)}, enableSql = true)`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "worker", worker = .worker),
    (name = "nothing", worker = .nothing),
    (name = "internet", network = (allow = ["public", "private"])),
    (name = "objects", disk = (path = ${quoted(folder)}, writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "worker")],
);

const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = ${quoted(bundle.compatibility_date)},
  compatibilityFlags = [${bundle.compatibility_flags.map(quoted).join(", ")}],
  bindings = [${[...texts, ...objects, ...assets].join(", ")}],
  durableObjectNamespaces = [${namespaces.join(", ")}],
  durableObjectStorage = (localDisk = "objects"),
);

const nothing :Workerd.Worker = (
  serviceWorkerScript = "addEventListener('fetch', (event) => event.respondWith(new Response(null, { status: 404 })))",
  compatibilityDate = ${quoted(bundle.compatibility_date)},
);
`;
}

/** Cap'n Proto's text takes JSON's escapes. */
const quoted = (text: string): string => JSON.stringify(text);
