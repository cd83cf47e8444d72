import type {
  ConversationItem,
  RealtimeResponse,
  RealtimeServerEvent,
  RealtimeSessionCreateRequest,
} from "openai/resources/realtime/realtime";

/**
 * What the stand-in writes, as the official client declares it: an event with a wrong name or field does not compile. The
 * declarations leave out that the API sends null where there is nothing.
 */
type Nullable<Type> = Type extends readonly (infer One)[]
  ? readonly Nullable<One>[]
  : Type extends object
    ? { readonly [Name in keyof Type]: Nullable<Type[Name]> | null }
    : Type;

export type ServerEventType = RealtimeServerEvent["type"];

/** The fields of an event, and the padding that is sent but not declared. */
export type FieldsOf<Type extends ServerEventType> = Nullable<
  Omit<Extract<RealtimeServerEvent, { type: Type }>, "type" | "event_id">
> & { readonly obfuscation?: string };

export type ItemJson = Nullable<ConversationItem>;
export type ResponseJson = Nullable<RealtimeResponse>;
export type SessionJson = Nullable<RealtimeSessionCreateRequest>;
