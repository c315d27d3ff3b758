/** Every command, in the order that help shows them. */

import type { Command } from "commander";
import { addAgent } from "./commands/agent.ts";
import { addAudit } from "./commands/audit.ts";
import { addBench } from "./commands/bench.ts";
import { addCheck } from "./commands/check.ts";
import { addCluster } from "./commands/cluster.ts";
import { addCommittee } from "./commands/committee.ts";
import { addContest } from "./commands/contest.ts";
import { addDemo } from "./commands/demo.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addLimits } from "./commands/limits.ts";
import { addMachines } from "./commands/machines.ts";
import { addNeed } from "./commands/need.ts";
import { addPause } from "./commands/pause.ts";
import { addPrograms } from "./commands/programs.ts";
import { addReplay } from "./commands/replay.ts";
import { addRun } from "./commands/run-command.ts";
import { addSim } from "./commands/sim.ts";
import { addStatus } from "./commands/status.ts";
import { addUp } from "./commands/up.ts";
import { addWelcome } from "./commands/welcome.ts";
import { addWhy } from "./commands/why.ts";

export const COMMANDS: readonly ((program: Command) => void)[] = [
  addDemo,
  addRun,
  addUp,
  addAgent,
  addWelcome,
  addStatus,
  addNeed,
  addWhy,
  addContest,
  addPause,
  addLimits,
  addAudit,
  addReplay,
  addCheck,
  addCommittee,
  addMachines,
  addPrograms,
  addDoctor,
  addSim,
  addBench,
  addCluster,
];
