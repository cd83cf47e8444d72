import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/*
 * The part of Cloudflare's API that the real wrangler asks for one Worker: `CLOUDFLARE_API_BASE_URL` leads it here. Shows that what
 * we expect of wrangler is what it does, and not only what our stand-in of it does. Routes it has no opinion on answer `{}`.
 */

export interface CloudflareApi {
  readonly baseUrl: string;
  plan: "free" | "paid";
  hasRights: boolean;
  subdomain: string | undefined;
  /** `undefined`: there is no Worker. */
  secretNames: string[] | undefined;
  close(): Promise<void>;
}

const VERSION_ID = "11111111-1111-4111-8111-111111111111";
const NO_WORKER = [404, 10007, "This Worker does not exist on your account."] as const;

type Answer = { readonly result: unknown } | readonly [status: number, code: number, message: string];

/** One account with one name for a Worker in it. */
export async function startCloudflareApi(
  account: { readonly id: string; readonly name: string },
  worker: string,
): Promise<CloudflareApi> {
  const server = createServer((request, response) => {
    void answer(request).then((said) => {
      const isGood = "result" in said;
      response.writeHead(isGood ? 200 : said[0], { "content-type": "application/json" });
      const errors = isGood ? [] : [{ code: said[1], message: said[2] }];
      response.end(JSON.stringify({ success: isGood, errors, messages: [], result: isGood ? said.result : null }));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const api: CloudflareApi = {
    baseUrl: `http://127.0.0.1:${port}`,
    plan: "paid",
    hasRights: true,
    subdomain: "ada",
    secretNames: undefined,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return api;

  async function answer(request: IncomingMessage): Promise<Answer> {
    const { pathname } = new URL(request.url ?? "/", api.baseUrl);
    const body = await text(request);
    const asked = `${request.method} ${pathname.replace(`/accounts/${account.id}/workers/`, "")}`;
    if (asked === "GET /user/tokens/verify") return { result: { id: "token", status: "active" } };
    if (asked === "GET /user") return { result: { email: "ada@example.com" } };
    if (asked === "GET /accounts") return { result: [account] };
    if (asked === "GET /memberships") return { result: [{ id: "membership", account }] };
    if (!api.hasRights) return [403, 10000, "Authentication error"];
    return ofWorker(asked, body);
  }

  function ofWorker(asked: string, body: string): Answer {
    const { secretNames } = api;
    const isUpload = asked === `PUT scripts/${worker}` || asked === `POST scripts/${worker}/versions`;
    if (isUpload && api.plan === "free" && body.includes("cpu_ms")) {
      return [400, 100328, "CPU limits are not supported for the Free plan."];
    }
    switch (asked) {
      case `PUT scripts/${worker}`:
        api.secretNames ??= [];
        return { result: { id: worker, etag: "e", deployment_id: VERSION_ID.replaceAll("-", ""), startup_time_ms: 5 } };
      case `PATCH scripts/${worker}/secrets-bulk`: {
        if (secretNames === undefined) return NO_WORKER;
        const { secrets }: { secrets: Record<string, unknown> } = JSON.parse(body);
        api.secretNames = [...new Set([...secretNames, ...Object.keys(secrets)])].filter(
          (name) => secrets[name] !== null,
        );
        return { result: {} };
      }
      case `GET scripts/${worker}/secrets`:
        return secretNames === undefined
          ? NO_WORKER
          : { result: secretNames.map((name) => ({ name, type: "secret_text" })) };
      case `GET services/${worker}`: {
        const script = { tag: "tag", tags: [], last_deployed_from: "wrangler" };
        return secretNames === undefined
          ? NO_WORKER
          : { result: { id: worker, default_environment: { environment: "production", script } } };
      }
      case `GET scripts/${worker}/deployments`: {
        const deployment = { id: "deployment", versions: [{ version_id: VERSION_ID, percentage: 100 }] };
        return secretNames === undefined ? NO_WORKER : { result: { deployments: [deployment] } };
      }
      case `GET scripts/${worker}/versions/${VERSION_ID}`: {
        const classes = ["CallObject", "WorkshopObject"];
        const bindings = classes.map((class_name) => ({ type: "durable_object_namespace", name: "ANY", class_name }));
        return {
          result: { id: VERSION_ID, resources: { bindings: [...bindings, { type: "assets", name: "ASSETS" }] } },
        };
      }
      case `POST scripts/${worker}/assets-upload-session`:
        return { result: { jwt: "jwt", buckets: [] } };
      case "GET subdomain":
        return api.subdomain === undefined
          ? [404, 10007, "There is no subdomain."]
          : { result: { subdomain: api.subdomain } };
      case `GET workers/${worker}`:
        return { result: { id: worker, name: worker, subdomain: { enabled: true, previews_enabled: false } } };
      default:
        return { result: {} };
    }
  }
}
