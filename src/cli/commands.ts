/**
 * Every command, in the order that help shows them. Each is loaded when it is asked for: `status` has no
 * use for the simulated world, nor the benchmark for the gateway.
 */

import type { Command } from "commander";

type Add = (program: Command) => void;

interface Entry {
  /** The words that may stand first. */
  readonly names: readonly string[];
  readonly load: () => Promise<Add>;
}

const COMMANDS: readonly Entry[] = [
  { names: ["demo"], load: async () => (await import("./commands/demo.ts")).addDemo },
  { names: ["run"], load: async () => (await import("./commands/run-command.ts")).addRun },
  { names: ["up"], load: async () => (await import("./commands/up.ts")).addUp },
  { names: ["agent"], load: async () => (await import("./commands/agent.ts")).addAgent },
  { names: ["welcome"], load: async () => (await import("./commands/welcome.ts")).addWelcome },
  { names: ["status"], load: async () => (await import("./commands/status.ts")).addStatus },
  { names: ["need"], load: async () => (await import("./commands/need.ts")).addNeed },
  { names: ["why"], load: async () => (await import("./commands/why.ts")).addWhy },
  {
    names: ["challenge", "rule"],
    load: async () => (await import("./commands/contest.ts")).addContest,
  },
  { names: ["pause", "resume"], load: async () => (await import("./commands/pause.ts")).addPause },
  { names: ["limits"], load: async () => (await import("./commands/limits.ts")).addLimits },
  { names: ["audit"], load: async () => (await import("./commands/audit.ts")).addAudit },
  { names: ["replay"], load: async () => (await import("./commands/replay.ts")).addReplay },
  { names: ["check"], load: async () => (await import("./commands/check.ts")).addCheck },
  {
    names: ["committee"],
    load: async () => (await import("./commands/committee.ts")).addCommittee,
  },
  { names: ["machines"], load: async () => (await import("./commands/machines.ts")).addMachines },
  { names: ["programs"], load: async () => (await import("./commands/programs.ts")).addPrograms },
  { names: ["doctor"], load: async () => (await import("./commands/doctor.ts")).addDoctor },
  { names: ["sim"], load: async () => (await import("./commands/sim.ts")).addSim },
  { names: ["bench"], load: async () => (await import("./commands/bench.ts")).addBench },
  { names: ["cluster"], load: async () => (await import("./commands/cluster.ts")).addCluster },
];

/** Adds the command that is named, or, where none is (help, a mistake in typing), all of them. */
export const addCommands = async (program: Command, named: string | undefined): Promise<void> => {
  const one = COMMANDS.filter(({ names }) => named !== undefined && names.includes(named));
  const adds = await Promise.all((one.length > 0 ? one : COMMANDS).map(({ load }) => load()));
  for (const add of adds) add(program);
};
