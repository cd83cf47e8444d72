import type { Reason } from "../failure.ts";
import type { ApiKey } from "../vault/api-key.ts";
import { readError } from "./error-body.ts";
import { RESTRICTED, reasonOfStatus } from "./upstream-failure.ts";

/** Where a socket reports to. */
export interface SocketListener {
  /** A message; one that is no text comes as an empty one. */
  readonly onMessage: (text: string) => void;
  /** Once, however the connection ended; 1006 without a close frame. */
  readonly onClose: (code: number, reason: string) => void;
}

/** A socket that OpenAI has accepted. Nothing of it throws, also not after its close. */
export interface DialledSocket {
  send(text: string): void;
  close(code?: number): void;
  /** Bytes that wait to be sent; 0 where the platform does not tell. */
  readonly bufferedAmount: number;
  /** Begins to receive: what came before is not lost. To be called once. */
  listen(listener: SocketListener): void;
}

/** No socket. `status`: of the refused handshake, 0 when no answer came. */
export interface DialFailure {
  readonly reason: Reason;
  readonly mayReconnect: boolean;
  readonly status: number;
}

/** A client's WebSocket as `fetch` of workerd hands it out. */
interface PlatformSocket {
  accept(): void;
  send(text: string): void;
  close(code?: number): void;
  readonly bufferedAmount?: unknown;
  addEventListener(type: string, listener: (event: PlatformEvent) => void): void;
}

/** Of a message the first, of a close the others. */
interface PlatformEvent {
  readonly data?: unknown;
  readonly code?: unknown;
  readonly reason?: unknown;
}

/**
 * Opens a socket to OpenAI's Realtime API by a fetch that is upgraded, the one way in which workerd sends a header with it. The
 * key is put on as the last thing before the request leaves, and leaves for one origin only, that of `baseUrl`; redirects
 * are not followed. That it opens says nothing about the key: OpenAI accepts first and refuses by an event.
 *
 * @param baseUrl http or https, without a slash at its end.
 * @param signal gives up a handshake that is under way.
 * @returns a socket that waits to be listened to, or why there is none. Never rejects.
 */
export async function dialRealtime(
  apiKey: ApiKey,
  baseUrl: string,
  model: string,
  fetcher: typeof fetch,
  signal?: AbortSignal,
): Promise<DialledSocket | DialFailure> {
  try {
    const url = new URL(`${baseUrl}/realtime`);
    url.searchParams.set("model", model);
    const response = await apiKey.use((clear) =>
      fetcher(url.href, {
        headers: {
          Authorization: `Bearer ${clear}`,
          Upgrade: "websocket",
          Connection: "Upgrade",
          "Sec-WebSocket-Protocol": "realtime",
        },
        redirect: "manual",
        ...(signal === undefined ? {} : { signal }),
      }),
    );
    const socket = "webSocket" in response ? response.webSocket : undefined;
    if (isPlatformSocket(socket)) return dialled(socket);
    return await failureOf(response);
  } catch {
    return { reason: "upstream_unavailable", mayReconnect: true, status: 0 };
  }
}

/** Decides by status, then code and type; never by message, which may hold part of the key. */
async function failureOf(response: Response): Promise<DialFailure> {
  const { status } = response;
  const { code, type } = await readError(response);
  // A bad key is refused later, on the open socket: what is forbidden here is the region.
  const reason =
    status === 403 && !RESTRICTED.has(code ?? "")
      ? "region_unsupported"
      : reasonOfStatus(status, code ?? "", type ?? "");
  const mayReconnect = status >= 500 || status === 408 || reason === "upstream_rate_limited";
  return { reason, mayReconnect, status };
}

function dialled(socket: PlatformSocket): DialledSocket {
  let isAccepted = false;
  let isClosed = false;
  const tellsBuffered = "bufferedAmount" in socket;
  const quietly = (act: () => void): void => {
    try {
      act();
    } catch {
      // Closed meanwhile: its event says so, or has said it.
    }
  };
  const accept = (): void => {
    if (!isAccepted) socket.accept();
    isAccepted = true;
  };
  return {
    /** Frame path. */
    send(text) {
      try {
        socket.send(text);
      } catch {
        // As above.
      }
    },
    close: (code = 1_000) =>
      quietly(() => {
        // One that was never accepted would hold its connection.
        accept();
        socket.close(code);
      }),
    get bufferedAmount() {
      return tellsBuffered ? Number(socket.bufferedAmount) : 0;
    },
    listen({ onMessage, onClose }) {
      const end = (code: number, reason: string): void => {
        if (isClosed) return;
        isClosed = true;
        // The answer to the other side's close: without it, it would wait for seconds.
        quietly(() => socket.close(1_000));
        onClose(code, reason);
      };
      socket.addEventListener("message", ({ data }) => onMessage(typeof data === "string" ? data : ""));
      socket.addEventListener("close", ({ code, reason }) => {
        end(typeof code === "number" ? code : 1_006, typeof reason === "string" ? reason : "");
      });
      // workerd: a connection that breaks may bring a close, an error, or both.
      socket.addEventListener("error", () => end(1_006, ""));
      accept();
    },
  };
}

const isPlatformSocket = (value: unknown): value is PlatformSocket =>
  typeof value === "object" && value !== null && "accept" in value && typeof value.accept === "function";
