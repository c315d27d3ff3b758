/**
 * One POST and what came of it. Redirects are not followed: an answer from an address that the operator
 * did not write down is no answer, and a secret must not travel there.
 */

import type { CallEnd } from "./call-end.ts";
import type { RunnerLimits } from "./limits.ts";
import { failedTry, retryAfterMs, type FailedTry, type Try } from "./retry.ts";
import { failed, type CallResult } from "./runner.ts";
import { mebibytes, sampleOf, withoutSecret } from "./wording.ts";

export interface PostRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly end: CallEnd;
  readonly limits: RunnerLimits;
  /** Taken out of what a refusal says. */
  readonly token?: string | undefined;
  /** Statuses after which the same request may be sent again. */
  readonly isPassing: (status: number) => boolean;
}

/** The service or what stands before it could not take the call; it has not been worked on. */
export const isBusy = (status: number): boolean =>
  status === 429 || status === 502 || status === 503 || status === 504;

/** Nobody was there to hear the request. */
const UNREACHED = new Set([
  "ECONNREFUSED",
  "EAI_AGAIN",
  "ENETUNREACH",
  "EHOSTUNREACH",
  "ETIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT",
]);
/** The connection ended before the head of an answer was complete. */
const CUT = new Set(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"]);

interface Cause {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
}
const causeOf = (error: unknown): Cause => ((error as { cause?: unknown }).cause ?? error) as Cause;

const notSent = (error: unknown): FailedTry => {
  const { name, code = "", message = "" } = causeOf(error);
  const why = code === "" ? message : code;
  if (CUT.has(code))
    return failedTry(failed("EXIT", `the connection ended without an answer (${why})`), 0);
  if (name === "HTTPParserError")
    return failedTry(failed("RUBBISH", `what it answered is no HTTP (${why})`));
  if (code === "UND_ERR_HEADERS_OVERFLOW")
    return failedTry(failed("TOO_LARGE", "the head of its answer is too large"));
  const unreached = failed("SPAWN", `it could not be reached (${why})`);
  return UNREACHED.has(code) ? failedTry(unreached, 0) : failedTry(unreached);
};

/** The beginning of a refusal's body; a body that does not come is not waited for. */
const reasonOf = async (response: Response, { limits, token }: PostRequest): Promise<string> => {
  const reader = response.body?.getReader();
  if (reader === undefined) return "";
  const late = setTimeout(() => void reader.cancel().catch(() => undefined), limits.refusalMs);
  const chunks: Uint8Array[] = [];
  try {
    for (let bytes = 0; bytes < limits.refusalBytesMax;) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value);
      bytes += value.length;
    }
  } catch {
    // The status is the refusal; its words may be cut.
  } finally {
    clearTimeout(late);
    await reader.cancel().catch(() => undefined);
  }
  const text = withoutSecret(Buffer.concat(chunks).toString("utf8"), token);
  return text.trim() === "" ? "" : `: ${sampleOf(text)}`;
};

const refused = async (response: Response, request: PostRequest): Promise<FailedTry> => {
  const { status } = response;
  const reason = await reasonOf(response, request);
  if (status >= 300 && status < 400)
    return failedTry(
      failed("RUBBISH", `it redirects with status ${status}, which is not followed`),
    );
  const failure = failed("ERROR", `it answered with status ${status}${reason}`);
  if (!request.isPassing(status)) return failedTry(failure);
  return failedTry(failure, retryAfterMs(response.headers.get("retry-after"), Date.now()));
};

/** Resolves with an answer that has begun with a status of success, or a failed try. */
export const post = async (request: PostRequest): Promise<Try<Response>> => {
  const { url, headers, body, end } = request;
  let response: Response;
  try {
    response = await fetch(url, {
      method: "POST",
      headers,
      body,
      redirect: "manual",
      signal: end.signal,
    });
  } catch (error) {
    return end.failure === undefined ? notSent(error) : failedTry(end.failure);
  }
  if (response.ok) return { kind: "ok", value: response };
  const tried = await refused(response, request);
  return end.failure === undefined ? tried : failedTry(end.failure);
};

export interface ReadOptions {
  readonly end: CallEnd;
  readonly bytesMax: number;
  readonly onChunk: (chunk: Uint8Array) => "more" | "enough";
  /** Gets what ends the reading early, as if the answer had ended there. */
  readonly onOpen?: (close: () => void) => void;
}

/** Read an answer's body as it comes; ok when it was read to its end, or enough of it. */
export const readBody = async (
  response: Response,
  { end, bytesMax, onChunk, onOpen }: ReadOptions,
): Promise<CallResult<undefined>> => {
  const reader = response.body?.getReader();
  const close = (): void => void reader?.cancel().catch(() => undefined);
  onOpen?.(close);
  let bytes = 0;
  try {
    for (;;) {
      const part = await reader?.read();
      if (part === undefined || part.done) break;
      bytes += part.value.length;
      if (bytes > bytesMax)
        return failed("TOO_LARGE", `it answered more than ${mebibytes(bytesMax)}`);
      if (onChunk(part.value) === "enough") break;
    }
  } catch (error) {
    if (end.failure !== undefined) return end.failure;
    const { code, message } = causeOf(error);
    return failed("EXIT", `its answer was cut off (${code ?? message})`);
  } finally {
    close(); // and the connection with it, where something is left to come
  }
  return end.failure ?? { kind: "ok", value: undefined };
};
