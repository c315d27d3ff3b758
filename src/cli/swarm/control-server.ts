/**
 * The control socket of a running supervisor: the operator's commands reach it through DIR/control.sock.
 *
 * C1  Whoever can open the socket is the operator: it lies in the data folder, for its owner alone (0600).
 * C2  A socket that an earlier process left behind is nobody's: whoever listens has the folder's lock.
 * C3  A request that is no request is answered so; nothing that is sent here stops the supervisor.
 */

import { rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { toldError, CliError } from "../errors.ts";
import type { Operator } from "./operator.ts";
import {
  CONTROL_REQUEST_MAX,
  controlRequest,
  socketOf,
  type ControlAnswer,
  type ControlRequest,
} from "./control-requests.ts";
import { limitsTold, pausedBy, setLimitBy } from "./governing.ts";
import type { RunningSwarm } from "./running-swarm.ts";

/** Commands that are open at one time; people type them. */
const CONNECTIONS_MAX = 16;
/** A connection that says nothing for so long is closed, ms. */
const IDLE_MS = 10_000;
const OWNER_ONLY = 0o177;

export interface Governed {
  readonly swarm: RunningSwarm;
  readonly operator: Operator;
}

export interface Control {
  /** Undefined: the folder's path is too long for a socket. */
  readonly path: string | undefined;
  close(): Promise<void>;
}

export const openControl = async (governed: Governed): Promise<Control> => {
  const path = socketOf(governed.swarm.folder.dir);
  if (path === undefined) return { path, close: () => Promise.resolve() };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    converse(socket, governed);
  });
  server.maxConnections = CONNECTIONS_MAX;
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    // The socket is made in this very call, so it is never there for others.
    const before = process.umask(OWNER_ONLY);
    server.listen(path, resolve);
    process.umask(before);
  });
  // What people ask never keeps the process from ending.
  server.unref();
  return {
    path,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
};

const converse = (socket: Socket, governed: Governed): void => {
  let text = "";
  let turn = Promise.resolve();
  socket.unref();
  socket.setEncoding("utf8");
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  socket.on("error", () => socket.destroy());
  socket.on("data", (part: string) => {
    text += part;
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    if (text.length > CONTROL_REQUEST_MAX) {
      socket.destroy();
      return;
    }
    for (const line of lines)
      turn = turn.then(async () => {
        const answer = await answerTo(line, governed);
        if (!socket.destroyed) socket.write(`${JSON.stringify(answer)}\n`);
      });
  });
};

const answerTo = async (line: string, governed: Governed): Promise<ControlAnswer> => {
  try {
    return { ok: await done(parse(line), governed) };
  } catch (error) {
    const { code, message, remedy, exitCode } = toldError(error);
    return { error: { code, message, remedy, exitCode } };
  }
};

const parse = (line: string): ControlRequest => {
  const refuse = (reason: string): CliError => new CliError("USAGE", { reason, command: "" });
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    throw refuse("the request is no JSON");
  }
  const parsed = controlRequest.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw refuse(`${issue?.path.join(".") ?? ""} ${issue?.message ?? "it is no request"}`.trim());
};

const done = async (
  request: ControlRequest,
  { swarm, operator }: Governed,
): Promise<Extract<ControlAnswer, { ok: unknown }>["ok"]> => {
  switch (request.do) {
    case "pause":
      return pausedBy(swarm, operator, request.who, request.paused);
    case "limits":
      return limitsTold(swarm);
    case "limit":
      await setLimitBy(swarm, operator, request.of, request.limits);
      return limitsTold(swarm);
    default:
      return request satisfies never;
  }
};
