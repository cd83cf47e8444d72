import { it } from "vitest";
import { once } from "node:events";
import { Room } from "/work/main/test/journeys/room.ts";
import { createRequire } from "node:module";
const { WebSocket } = createRequire("/work/main/package.json")("ws");
it("mute", async () => {
  const room = await Room.open();
  await room.save("ws_mute", { openaiApiKey: "sk-proj-aaaaaaaaaaaaaaaaaaaaa", ivrGreeting: "Hi" });
  const t0 = performance.now();
  const s = new WebSocket(room.url.replace("http","ws") + "/ws/ws_mute");
  s.on("message", (d: Buffer) => console.log(Math.round(performance.now() - t0), String(d)));
  await once(s, "open"); console.log("open", Math.round(performance.now() - t0));
  let st = 1; const iv = setInterval(() => { if (s.readyState !== st) { st = s.readyState; console.log("state", st, Math.round(performance.now() - t0)); } }, 20);
  const [c] = await once(s, "close"); console.log("close", c, Math.round(performance.now() - t0));
  console.log(room.log.slice(-6));
  clearInterval(iv); await room.close();
}, 100_000);
