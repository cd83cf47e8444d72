/** One student may have several windows of this browser open, and is in a call in one of them. */

const CHANNEL = "callroom.calls";
const HANG_UP = "hang-up";
const HUNG_UP = "hung-up";
/** Another window of the same browser answers in an instant, or is not there. */
const ANSWER_MS = 1_000;

/** Hangs up when another window asks for it. Returns what stops that. */
export function yieldCalls(hangUp: () => boolean): () => void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (data === HANG_UP && hangUp()) channel.postMessage(HUNG_UP);
  };
  return () => channel.close();
}

/** Asks the other windows to hang up. False: none of them is in a call, which is then on another device. */
export async function takeOver(): Promise<boolean> {
  const channel = new BroadcastChannel(CHANNEL);
  const answer = new Promise<boolean>((resolve) => {
    setTimeout(() => resolve(false), ANSWER_MS);
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (data === HUNG_UP) resolve(true);
    };
  });
  channel.postMessage(HANG_UP);
  const isDone = await answer;
  channel.close();
  return isDone;
}
