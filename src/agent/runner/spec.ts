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
    }
  | { readonly kind: "module"; readonly path: string };
