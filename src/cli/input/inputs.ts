/** Both input files of `canswarm run`, checked together before anything is created. */

import type { Genesis } from "#domain/genesis/genesis.ts";
import { inputInvalid } from "../errors.ts";
import { readAgents, type AgentsFile } from "./agents.ts";
import { BadLines, type BadLine } from "./bad-line.ts";
import { Funds, grantOf } from "./funds.ts";
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

/** Of the genesis that the folder has or will get. */
export type InputRules = Pick<Genesis, "parameters" | "minted">;

/** AGENTS.json alone, for a supervisor whose needs come later. Refuses with INPUT_INVALID. */
export const agentsIn = async (file: string, rules: InputRules): Promise<AgentsFile> => {
  const bad = new BadLines();
  const found = await readFunded(file, rules, bad, new Funds(rules.minted));
  if (bad.total > 0) throw inputInvalid(bad);
  return found;
};

const readFunded = (
  file: string,
  { parameters }: InputRules,
  bad: BadLines,
  funds: Funds,
): Promise<AgentsFile> =>
  readAgents(file, parameters, bad, (agent) => {
    const { credits, stake } = grantOf(agent, parameters);
    return funds.take(credits + stake, "with its stake the agent");
  });

export const readInputs = async (
  files: { readonly tasks: string; readonly agents: string },
  rules: InputRules,
): Promise<Inputs> => {
  const bad = new BadLines();
  const { parameters, minted } = rules;
  const funds = new Funds(minted);
  const { agents, folder } = await readFunded(files.agents, rules, bad, funds);
  const known = bad.total === 0 ? agents : undefined;
  const tasks = await readTasks(files.tasks, known, parameters, bad, funds);
  if (bad.total > 0) return { kind: "bad", shown: bad.shown, total: bad.total };
  return { kind: "ok", tasks, agents, folder };
};
