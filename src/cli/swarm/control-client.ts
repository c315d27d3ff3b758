/** One question to whoever runs a data folder, through its control socket. */

import { once } from "node:events";
import { existsSync } from "node:fs";
import { createConnection } from "node:net";
import { CliError, ToldByOther } from "../errors.ts";
import {
  CONTROL_LINE_MAX,
  socketOf,
  type ControlAnswer,
  type ControlRequest,
} from "./control-requests.ts";
import { holdsSwarm } from "./folder.ts";

/** A supervisor that has not answered by then hangs, ms. */
const ANSWER_MS_MAX = 30_000;

type Told = Extract<ControlAnswer, { ok: unknown }>["ok"];

/** Refuses with DATA_MISSING, NO_SUPERVISOR, and with whatever the supervisor refuses. */
export const askSupervisor = async (dir: string, request: ControlRequest): Promise<Told> => {
  if (!holdsSwarm(dir)) throw new CliError("DATA_MISSING", { path: dir });
  const answer = await exchange(dir, request);
  if ("ok" in answer) return answer.ok;
  throw new ToldByOther(answer.error);
};

const exchange = async (dir: string, request: ControlRequest): Promise<ControlAnswer> => {
  const path = socketOf(dir);
  const nobody = (cause?: unknown): CliError =>
    new CliError("NO_SUPERVISOR", { path: dir }, cause === undefined ? {} : { cause });
  if (path === undefined || !existsSync(path)) throw nobody();
  const socket = createConnection(path);
  socket.setEncoding("utf8");
  const timer = AbortSignal.timeout(ANSWER_MS_MAX);
  timer.addEventListener("abort", () => socket.destroy());
  let text = "";
  try {
    await once(socket, "connect");
    socket.write(`${JSON.stringify(request)}\n`);
    for await (const part of socket) {
      text += String(part);
      const end = text.indexOf("\n");
      if (end !== -1) return JSON.parse(text.slice(0, end)) as ControlAnswer;
      if (text.length > CONTROL_LINE_MAX) break;
    }
  } catch (error) {
    throw nobody(error);
  } finally {
    socket.destroy();
  }
  throw nobody();
};
