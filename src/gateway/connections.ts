/**
 * Connections, before and beside their requests: what is no HTTP is told so in our words, and there is
 * room for whoever has something to ask.
 *
 * G3  At the limit a newcomer takes the place of a connection that waits for its client: first of one that
 *     never asked anything whole, then of one between two requests, the oldest first. Whoever waits for an
 *     answer of ours, or hears a stream, is never closed for it.
 */

import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { GatewayError } from "./errors.ts";
import { CONNECTIONS_MAX, HEAD_BYTES_MAX, LINGER_MS } from "./limits.ts";

interface Asking {
  request: IncomingMessage | undefined;
  response: ServerResponse | undefined;
  /** It has had an answer. */
  isServed: boolean;
}

/** Its request came whole, and its answer is not whole yet. */
const isWaiting = ({ request, response }: Asking): boolean =>
  request?.complete === true && response?.writableFinished === false && !response.destroyed;

export class Connections {
  /** The oldest first. */
  readonly #open = new Map<Socket, Asking>();
  readonly #requestMsMax: number;

  constructor(server: Server, requestMsMax: number) {
    this.#requestMsMax = requestMsMax;
    server.on("connection", (socket: Socket) => this.#came(socket));
    // Whatever else is expected is no reason to refuse.
    server.on("checkExpectation", (request, response) => server.emit("request", request, response));
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      const asking = this.#open.get(request.socket);
      if (asking === undefined) return;
      asking.isServed ||= asking.response !== undefined;
      [asking.request, asking.response] = [request, response];
    });
  }

  /** What Node's parser makes of a stranger's bytes, or of their absence. */
  refuse(error: Error & { readonly code?: string }, socket: Socket): void {
    const { request, response } = this.#open.get(socket) ?? {};
    // Its request has, or is getting, an answer: another one would be read as that of the next.
    const isAnswered =
      response?.headersSent === true && !(response.writableFinished && request?.complete === true);
    if (error.code === "ECONNRESET" || isAnswered || !socket.writable) {
      socket.destroy();
      return;
    }
    answer(socket, this.#told(error));
  }

  #came(socket: Socket): void {
    if (this.#open.size >= CONNECTIONS_MAX) {
      const idle = this.#idle();
      if (idle === undefined) {
        answer(socket, new GatewayError("BUSY", { reason: `${CONNECTIONS_MAX} connections` }));
        return;
      }
      this.#open.delete(idle);
      idle.destroy(); // G3
    }
    this.#open.set(socket, { request: undefined, response: undefined, isServed: false });
    socket.once("close", () => void this.#open.delete(socket));
  }

  #idle(): Socket | undefined {
    let between: Socket | undefined;
    for (const [socket, asking] of this.#open) {
      if (isWaiting(asking)) continue;
      const hasAsked = asking.isServed || asking.response?.writableFinished === true;
      if (!hasAsked) return socket;
      between ??= socket;
    }
    return between;
  }

  #told({ code = "", message }: Error & { readonly code?: string }): GatewayError {
    if (code === "HPE_HEADER_OVERFLOW")
      return new GatewayError("HEAD_TOO_LARGE", { limit: HEAD_BYTES_MAX });
    if (code === "ERR_HTTP_REQUEST_TIMEOUT")
      return new GatewayError("REQUEST_LATE", { limit: this.#requestMsMax });
    return new GatewayError("REQUEST_INVALID", { reason: message.replace(/^Parse Error: /, "") });
  }
}

/** Written by hand: there is no request to answer to. What is still coming is read for LINGER_MS, so that
 * the answer is not lost to a reset. */
const answer = (socket: Socket, { status, shown, headers }: GatewayError): void => {
  const body = JSON.stringify(shown);
  const lines = {
    "content-type": "application/json; charset=utf-8",
    "content-length": String(Buffer.byteLength(body)),
    connection: "close",
    ...headers,
  };
  const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.on("error", () => undefined);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head.join("")}\r\n${body}`);
  const late = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once("close", () => clearTimeout(late));
};
