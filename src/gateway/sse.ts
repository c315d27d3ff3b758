/** A response as a stream of server-sent events (WHATWG HTML, section 9.2). */

import type { ServerResponse } from "node:http";
import type { FastifyReply } from "fastify";
import { STREAM_BYTES_MAX, STREAM_STALL_MS_MAX } from "./limits.ts";

/** An empty comment this often keeps proxies from closing a quiet stream, ms. */
const KEEP_ALIVE_MS = 15_000;
/** How long a reader waits before it comes again, ms. */
const RETRY_MS = 500;

export interface EventStream {
  /** `id` is what a reader names in Last-Event-ID when it comes again. */
  send(event: string, data: string, id?: string): void;
  /** Resolves once the reader has taken what was sent, or has gone; one that takes nothing is cut off. */
  drained(): Promise<void>;
  close(): void;
  readonly onClose: (run: () => void) => void;
}

/** A reader that is too slow is cut off: what waits for it is bounded, and it may resume. */
export const eventStream = (reply: FastifyReply): EventStream => {
  reply.hijack();
  const { raw } = reply;
  const closers: (() => void)[] = [];
  raw.writeHead(200, {
    "content-type": "text/event-stream",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
  });
  raw.write(`retry: ${RETRY_MS}\n\n`);
  const keepAlive = setInterval(() => raw.write(":\n\n"), KEEP_ALIVE_MS);
  raw.on("close", () => {
    clearInterval(keepAlive);
    for (const close of closers.splice(0)) close();
  });
  raw.on("error", () => raw.destroy());
  return {
    send: (event, data, id) => {
      if (raw.destroyed || raw.writableEnded) return;
      raw.write(`${id === undefined ? "" : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`);
      if (raw.writableLength > STREAM_BYTES_MAX) raw.destroy();
    },
    drained: () => drained(raw),
    close: () => void (raw.writableEnded || raw.end()),
    onClose: (run) => void closers.push(run),
  };
};

const drained = (raw: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    if (!raw.writableNeedDrain || raw.destroyed) return resolve();
    const late = setTimeout(() => raw.destroy(), STREAM_STALL_MS_MAX);
    const taken = (): void => {
      clearTimeout(late);
      raw.off("drain", taken).off("close", taken);
      resolve();
    };
    raw.on("drain", taken).on("close", taken);
  });

/** What a reader has seen already: the id of its last event; nothing, where it says none that was sent. */
export const lastSeenOf = (header: string | undefined): number =>
  header !== undefined && /^\d{1,15}$/.test(header) ? Number(header) : -1;
