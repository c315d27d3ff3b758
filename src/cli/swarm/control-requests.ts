/**
 * What may be asked of a running supervisor through its control socket, one JSON object a line, and what
 * it answers. Amounts are decimal texts, as everywhere in JSON.
 */

import { join, relative } from "node:path";
import * as z from "zod";

const SOCKET_FILE = "control.sock";
/** Bytes of a socket's path that every system takes: 104 of some, less the end mark. */
export const SOCKET_PATH_BYTES_MAX = 103;
/** Units of one line either way. */
export const CONTROL_LINE_MAX = 4 * 1024 * 1024;
/** Units of one request. */
export const CONTROL_REQUEST_MAX = 16 * 1024;

const amount = z.string();
const limits = z.strictObject({
  need: amount.optional(),
  day: amount.optional(),
  minute: amount.optional(),
  perMinute: z.int().min(0).optional(),
});

/** An agent by name or did. */
const agent = z.string().min(1);

export const controlRequest = z.discriminatedUnion("do", [
  z.strictObject({ do: z.literal("pause"), who: agent, paused: z.boolean() }),
  z.strictObject({ do: z.literal("limits") }),
  z.strictObject({
    do: z.literal("limit"),
    of: z.union([
      z.strictObject({ agent }),
      z.strictObject({ owner: z.string().min(1) }),
      z.strictObject({ each: z.literal(true) }),
    ]),
    limits,
  }),
]);

export type ControlRequest = z.infer<typeof controlRequest>;

export interface PauseTold {
  readonly who: string;
  readonly paused: boolean;
  /** Of the registry, from which on it is in force. */
  readonly revision: number;
  /** From the request until every host thread had it, milliseconds. */
  readonly afterMs: number;
}

export interface LimitTold {
  /** `each`, `owner NAME`, or an agent's name. */
  readonly of: string;
  readonly limits: z.infer<typeof limits>;
  /** What is counted now; absent of `each`, which counts nothing itself. */
  readonly counted?: { readonly day: string; readonly minute: string; readonly perMinute: number };
}

export type ControlAnswer =
  | { readonly ok: PauseTold | readonly LimitTold[] }
  | {
      readonly error: {
        readonly code: string;
        readonly message: string;
        readonly remedy: string;
        readonly exitCode: number;
      };
    };

/**
 * Where the supervisor of a folder listens; the shorter way of naming it, since sockets have short names.
 * Undefined: no way is short enough.
 */
export const socketOf = (dir: string): string | undefined => {
  const path = join(dir, SOCKET_FILE);
  const ways = [path, relative(process.cwd(), path)].filter(
    (way) => Buffer.byteLength(way) <= SOCKET_PATH_BYTES_MAX,
  );
  return ways.sort((a, b) => a.length - b.length)[0];
};
