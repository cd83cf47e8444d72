import type { Settings } from "../env.ts";
import { type Reason, reasonOf } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import { log } from "../log.ts";
import { openVoice, type VoiceCounts } from "../model/realtime.ts";
import { type DialFailure, type DialledSocket, dialRealtime } from "../model/realtime-dial.ts";
import type { StartTimer } from "../model/responses.ts";
import type { SoundFormat } from "../model/voice-leg.ts";
import type { WayIn } from "../protocol/call-record.ts";
import { callIdFrom } from "../protocol/ids.ts";
import type { ApiKey } from "../vault/api-key.ts";
import { loadMasterKeys } from "../vault/master-keys.ts";
import { mintTicket } from "../vault/ticket.ts";
import { randomBytes } from "./call-secrets.ts";
import type { CallStart } from "./call-start.ts";
import { type Assets, loadSpoken } from "./spoken-sentences.ts";
import type { VoicePorts } from "./voice-line.ts";

/** The form of sound that each way of calling brings; text brings none. */
export const soundOf = (wayIn: WayIn): SoundFormat | null => {
  switch (wayIn) {
    case "browser":
      return "pcm16-24k";
    case "media-streams":
      return "mulaw-8k";
    case "conversation-relay":
      return null;
  }
};

/** What a call with sound reaches OpenAI and its recorded sentences by. The key is unsealed, and the money asked for, for each session anew. */
export function voiceWorld(
  start: () => CallStart,
  settings: Settings,
  openKey: () => Promise<ApiKey>,
  fund: () => Promise<Reason | undefined>,
  assets: Assets,
): Pick<VoicePorts, "openVoice" | "loadSpoken"> {
  const startTimer: StartTimer = (run, afterMs) => {
    const timer = setTimeout(run, afterMs);
    return () => clearTimeout(timer);
  };
  return {
    openVoice(request, afterMs, listener) {
      const { callId, model, transcriptionModel, language } = start();
      const dial = async (signal?: AbortSignal): Promise<DialledSocket | DialFailure> => {
        if (afterMs > 0) await new Promise<void>((resolve) => void startTimer(resolve, afterMs));
        const [apiKey, refusal] = await Promise.all([openKey().catch(reasonOf), fund()]);
        if (typeof apiKey === "string") return { reason: apiKey, mayReconnect: false, status: 0 };
        if (refusal) return { reason: refusal, mayReconnect: false, status: 0 };
        return dialRealtime(apiKey, settings.openaiBaseUrl, model, fetch, signal);
      };
      const hearing = {
        transcriptionModel: transcriptionModel ?? settings.transcribeModel,
        language: language ?? undefined,
      };
      const onClosed = (counts: VoiceCounts): void => {
        const isQuiet = Object.values(counts).every((count) => count === 0);
        if (!isQuiet) log({ event: "voice-oddities", callId, ...counts });
      };
      return openVoice({ dial, request, ...hearing, startTimer, nowMs: Date.now, onClosed }, listener);
    },
    loadSpoken: (reason, format) => loadSpoken(assets, reason, format),
  };
}

/** Opens one further socket of a browser's call, for as long as the call may last. */
export async function mintResumeTicket(start: CallStart, settings: Settings): Promise<string> {
  const keys = await loadMasterKeys(settings.masterKeyHexes.newest, settings.masterKeyHexes.previous);
  return mintTicket(keys, {
    id: callIdFrom(randomBytes(16)),
    callId: start.callId,
    phoneCallId: null,
    expiresAtMs: start.startedAtMs + start.callMaxMs + LIMITS.resumeWindowMs,
  });
}
