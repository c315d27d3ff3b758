/** A server on a free port of this machine that answers as a test says, and keeps what it was asked. */

import {
  createServer,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse,
} from "node:http";
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}
export type Answering = (response: ServerResponse, asked: Asked, nth: number) => void;

export interface LocalServer {
  readonly url: string;
  readonly asked: readonly Asked[];
  close(): Promise<void>;
}

const opened: LocalServer[] = [];

const listening = async (server: Server): Promise<number> => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
};

/** The N-th request is answered by the N-th function, all further ones by the last. */
export const serve = async (...answers: readonly [Answering, ...Answering[]]) => {
  const asked: Asked[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const one: Asked = {
        method: request.method ?? "",
        path: request.url ?? "",
        headers: request.headers,
        body: Buffer.concat(parts).toString(),
      };
      const nth = asked.push(one);
      (answers[nth - 1] ?? answers.at(-1)!)(response, one, nth);
    });
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  });
  const port = await listening(server);
  const local: LocalServer = {
    url: `http://127.0.0.1:${port}`,
    asked,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      if (!server.listening) return;
      server.close();
      await once(server, "close");
    },
  };
  opened.push(local);
  return local;
};

export const closeServers = async (): Promise<void> => {
  await Promise.all(opened.splice(0).map((server) => server.close()));
};

/* ------------------------------------------------------------------ ways to answer */

export const json =
  (value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Answering =>
  (response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(value));
  };
export const text =
  (body: string, status = 200): Answering =>
  (response) => {
    response.writeHead(status);
    response.end(body);
  };
/** Of another protocol. */
export const noHttp: Answering = (response) => void response.socket?.end("SSH-2.0-server\r\n");
/** The connection ends before any byte of an answer. */
export const reset: Answering = (response) => {
  response.socket?.resetAndDestroy();
};
export const never: Answering = () => undefined;
/** A head and part of a body, then the connection is cut. */
export const cutAfter =
  (part: string): Answering =>
  (response) => {
    response.writeHead(200, { "content-length": String(part.length + 100) });
    response.write(part, () => response.socket?.resetAndDestroy());
  };
/** Bytes without end. */
export const flood: Answering = (response) => {
  response.writeHead(200);
  const more = (): void => {
    while (response.writable && response.write("x".repeat(64 * 1024)));
    if (response.writable) response.once("drain", more);
  };
  response.on("error", () => undefined);
  more();
};
