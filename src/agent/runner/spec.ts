/** How an agent is run, as AGENTS.json says it (`run`), with paths made absolute. */

export type RunSpec =
  | {
      readonly kind: "exec";
      /** Program and arguments; never a shell line. */
      readonly command: readonly [program: string, ...args: string[]];
      /** `once`: a process for each call. `lines`: one process, one JSON object a line. */
      readonly mode: "once" | "lines";
      /** The agent wants to judge plans itself (`{"phase": "plan"}`). */
      readonly plans: boolean;
      /** It runs as a guest of tier T2 (sandbox/confine.ts); a machine without T2 cannot run it. */
      readonly sandbox?: "T2";
      /** What a guest may read besides its own folder: absolute paths. */
      readonly reads?: readonly string[];
    }
  | { readonly kind: "module"; readonly path: string };
