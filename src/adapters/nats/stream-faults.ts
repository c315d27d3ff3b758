/** What JetStream refuses or fails at, in the words of the ports. */
import { NatsError } from "nats";
import { Fault } from "#ports/faults.ts";
import { textOf } from "./connect.ts";

/** https://github.com/nats-io/nats-server/blob/v2.9.10/server/errors.json */
const INSUFFICIENT_RESOURCES = 10_023;
const MEMORY_RESOURCES_EXCEEDED = 10_028;
const NO_MESSAGE_FOUND = 10_037;
const STORAGE_RESOURCES_EXCEEDED = 10_047;
const STREAM_NOT_FOUND = 10_059;
const NAME_TAKEN = 10_058;
/** Where the limit of the stream itself is reached, the number is that of any failed store. */
const STORE_FAILED = 10_077;
const OUT_OF_ROOM = [INSUFFICIENT_RESOURCES, MEMORY_RESOURCES_EXCEEDED, STORAGE_RESOURCES_EXCEEDED];
const OUT_OF_ROOM_TEXT = /maximum (bytes|messages) exceeded|no space left/;
/** The limit of the stream, not that of the servers. */
const OWN_LIMIT_TEXT = /maximum (bytes|messages) exceeded/;
/** Nobody answers on a subject of the stream. */
const NO_RESPONDERS = "503";

/** What of a stream is told with its errors. */
export interface StreamNamed {
  readonly name: string;
  /** Bytes it was asked to have room for on each server; undefined: no limit of its own. */
  readonly bytesMax: number | undefined;
}

const apiError = (error: unknown) => (error instanceof NatsError ? error.api_error : undefined);

/** The stream is there; the message is not. */
export const isMissing = (error: unknown): boolean =>
  apiError(error)?.err_code === NO_MESSAGE_FOUND;

/** Nobody has made the stream, or the servers have lost it. */
export const isNoStream = (error: unknown): boolean =>
  apiError(error)?.err_code === STREAM_NOT_FOUND;

/** One of that name is there, of another shape. */
export const isNameTaken = (error: unknown): boolean => apiError(error)?.err_code === NAME_TAKEN;

/** The stream is not there, or has no leader at the moment. */
export const isStreamGone = (error: unknown): boolean =>
  isNoStream(error) || (error instanceof NatsError && error.code === NO_RESPONDERS);

export const isFull = (error: unknown): boolean => {
  const api = apiError(error);
  if (api === undefined) return false;
  const { err_code: code = 0, description } = api;
  return (
    OUT_OF_ROOM.includes(code) || (code === STORE_FAILED && OUT_OF_ROOM_TEXT.test(description))
  );
};

/** Too few servers for three copies; they may be on their way. */
const NO_SUITABLE_PEERS = 10_005;
/** Copies are asked of a server that is in no cluster. It says 500 to it. */
const NO_CLUSTER = 10_074;

/** Refused by rule: asking again would be answered the same. Servers that are not ready say 500 or 503. */
export const isForGood = (error: unknown): boolean => {
  const api = apiError(error);
  if (api === undefined || api.err_code === NO_SUITABLE_PEERS) return false;
  // They have no room to set aside as much as a stream may take.
  if (api.err_code === NO_CLUSTER || api.err_code === STORAGE_RESOURCES_EXCEEDED) return true;
  return api.code >= 400 && api.code < 500 && api.code !== 408;
};

/** Every error of the driver as a Fault; one that is a Fault already stays as it is. */
export const faultOf = (cause: unknown, stream: StreamNamed): Fault => {
  if (cause instanceof Fault) return cause;
  const { name } = stream;
  const text = apiError(cause)?.description ?? textOf(cause);
  if (isFull(cause)) return new Fault("STREAM_FULL", fullSentence(text, stream), { cause });
  if (isForGood(cause) && !isStreamGone(cause))
    return new Fault("BUS_UNFIT", `the stream ${name}: ${text}`, { cause });
  return new Fault("BUS_UNREACHABLE", `the stream ${name} does not answer: ${text}`, { cause });
};

/** Whose limit it is decides what is to be raised. */
const fullSentence = (text: string, { name, bytesMax }: StreamNamed): string => {
  const limit = bytesMax === undefined ? "" : ` of ${bytesMax} bytes (cluster.nats.streamBytesMax)`;
  if (OWN_LIMIT_TEXT.test(text)) return `the stream ${name} has reached its limit${limit}`;
  const whatFor = bytesMax === undefined ? "" : `, which may take ${bytesMax} bytes on each`;
  return `the NATS servers have no room for the stream ${name}${whatFor}: ${text}`;
};
