/**
 * Twilio, played by us: a phone that follows our TwiML, holds the socket of ConversationRelay or of Media
 * Streams, and refuses what Twilio refuses. What it does is taken from recorded calls where they tell, else from Twilio's documentation.
 */
export { connectRelay, type RelayClient, type RelayTurn } from "../../src/cli/relay-client.ts";
export { type MediaClear, type MediaOptions, MediaRefused, MediaStream, openMediaStream } from "./twilio-media.ts";
export { type CallOptions, placeCall, type TwilioPhone } from "./twilio-phone.ts";
export { type ReplayOptions, readRecording, recordingPath, replay } from "./twilio-replay.ts";
export { signTwilioRequest } from "./twilio-web.ts";
