import { type Answer, ask } from "../rest-client.ts";
import { type ArchivedCall, type CallPage, readArchivedCall, readCallPage } from "./call-record-view.ts";

/** The routes of a student's calls. */

/** Newest first. `before`: the `next` of the page before; null: the newest. */
export const listCalls = (before: string | null): Promise<Answer<CallPage>> =>
  ask("GET", before === null ? "/api/me/calls" : `/api/me/calls?before=${encodeURIComponent(before)}`, readCallPage);

export const getCall = (callId: string): Promise<Answer<ArchivedCall>> =>
  ask("GET", `/api/me/calls/${encodeURIComponent(callId)}`, readArchivedCall);
