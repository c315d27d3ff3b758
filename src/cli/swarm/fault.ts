/** `--fault`: failures that anybody may cause, to watch the recovery. Only in a folder made for them. */

import { SYSTEM_BUCKET } from "#envelope/cid.ts";
import type { ThreadFault } from "#runtime/threads/protocol.ts";
import { CliError } from "../errors.ts";

export interface FaultRequest {
  readonly thread?: ThreadFault;
  /** In a cluster: the bucket that this supervisor goes on to believe it leads. */
  readonly believe?: number;
}

/**
 * `thread:throw|exit|oom@N`: the first host thread fails so at the N-th turn of its buckets.
 * `leader:believe@B`: the supervisor gives bucket B up in the store, and goes on as if it led it.
 */
export const parseFault = (text: string): FaultRequest => {
  const thread = /^thread:(throw|exit|oom)@([1-9]\d{0,8})$/.exec(text);
  if (thread !== null)
    return { thread: { kind: thread[1] as ThreadFault["kind"], turn: Number(thread[2]) } };
  const believe = /^leader:believe@(\d{1,3})$/.exec(text);
  if (believe !== null && Number(believe[1]) <= SYSTEM_BUCKET)
    return { believe: Number(believe[1]) };
  throw new CliError("USAGE", {
    reason: `--fault takes thread:throw@N, thread:exit@N, thread:oom@N or leader:believe@BUCKET, not ${text}`,
    command: "run",
  });
};
