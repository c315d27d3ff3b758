/** Both input files of `canswarm run`, checked together before anything is created. */

import { readAgents, type AgentsFile } from "./agents.ts";
import { BadLines, type BadLine } from "./bad-line.ts";
import type { QuorumRules } from "./quorum.ts";
import { readTasks, type TaskLine } from "./tasks.ts";

export type Inputs =
  | {
      readonly kind: "ok";
      readonly tasks: readonly TaskLine[];
      readonly agents: AgentsFile["agents"];
      /** The folder in which the agents' programs run. */
      readonly folder: string;
    }
  | { readonly kind: "bad"; readonly shown: readonly BadLine[]; readonly total: number };

export const readInputs = async (
  files: { readonly tasks: string; readonly agents: string },
  rules: QuorumRules,
): Promise<Inputs> => {
  const bad = new BadLines();
  const { agents, folder } = await readAgents(files.agents, rules, bad);
  const tasks = await readTasks(files.tasks, bad.total === 0 ? agents : undefined, rules, bad);
  if (bad.total > 0) return { kind: "bad", shown: bad.shown, total: bad.total };
  return { kind: "ok", tasks, agents, folder };
};
