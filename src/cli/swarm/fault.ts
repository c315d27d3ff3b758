/** `--fault`: failures that anybody may cause, to watch the recovery. Only in a folder made for them. */

import type { ThreadFault } from "#runtime/threads/protocol.ts";
import { CliError } from "../errors.ts";

export interface FaultRequest {
  readonly thread?: ThreadFault;
}

/** `thread:throw|exit|oom@N`: the first host thread fails so at the N-th turn of its buckets. */
export const parseFault = (text: string): FaultRequest => {
  const thread = /^thread:(throw|exit|oom)@([1-9]\d{0,8})$/.exec(text);
  if (thread !== null)
    return { thread: { kind: thread[1] as ThreadFault["kind"], turn: Number(thread[2]) } };
  throw new CliError("USAGE", {
    reason: `--fault takes thread:throw@N, thread:exit@N or thread:oom@N, not ${text}`,
    command: "run",
  });
};
