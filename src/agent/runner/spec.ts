/** How an agent is run, as AGENTS.json says it (`run`), with paths made absolute and secrets read. */

import type { LlmSpec } from "../llm/spec.ts";

export type Command = readonly [program: string, ...args: string[]];

/** A service: one POST a call. */
export interface HttpSpec {
  readonly kind: "http";
  /** Port 0 stands for the port that the started program tells. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as `Authorization: Bearer`. A secret: never logged, never part of a reason. */
  readonly token?: string;
  /** The agent wants to judge plans itself. */
  readonly plans: boolean;
  /** A GET here that succeeds is a sign of life. */
  readonly health?: string;
  /** A program that is the service: started before the first call, ended with the runner. */
  readonly start?: Command;
}

export type RunSpec =
  | {
      readonly kind: "exec";
      /** Program and arguments; never a shell line. */
      readonly command: Command;
      /** `once`: a process for each call. `lines`: one process, one JSON object a line. */
      readonly mode: "once" | "lines";
      /** The agent wants to judge plans itself (`{"phase": "plan"}`). */
      readonly plans: boolean;
      /** It runs as a guest of tier T2 (sandbox/confine.ts); a machine without T2 cannot run it. */
      readonly sandbox?: "T2";
      /** What a guest may read besides its own folder: absolute paths. */
      readonly reads?: readonly string[];
    }
  | { readonly kind: "module"; readonly path: string }
  | HttpSpec
  | LlmSpec;
