/** Lets a planned fault strike the world. */

import type { FaultPlan } from "../plan/plan.ts";
import { SUPERVISOR, type SimWorld } from "./world.ts";

/** After a fault whose answer comes late, the store thinks again so much later, ms. */
const LATE_MS_MAX = 5_000;
/** An agent that crashed is back within this, ms. */
const AGENT_BACK_MS_MAX = 5_000;

export const strike = (world: SimWorld, fault: FaultPlan): void => {
  const { scheduler, network, disk, supervisor, machine, plan, recorder } = world;
  const chance = world.chance.stream(`strike ${JSON.stringify(fault)}`);
  recorder.note("world", JSON.stringify(fault));
  const agentOf = (index: number) => world.agents[index % world.agents.length];
  switch (fault.kind) {
    case "process-crash":
      if (supervisor.isRunning) supervisor.crash("a fault was asked for: crash");
      break;
    case "process-freeze":
      machine.freeze(fault.forMs);
      break;
    case "thread-exit":
      supervisor.killThread(fault.host, "exit", 0);
      break;
    case "thread-throw":
      supervisor.killThread(fault.host, "throw", fault.turns);
      break;
    case "agent-crash":
      agentOf(fault.agent)?.crash(chance.between(1, AGENT_BACK_MS_MAX));
      break;
    case "agent-freeze":
      agentOf(fault.agent)?.machine.freeze(fault.forMs);
      break;
    case "cut": {
      const name = agentOf(fault.agent)?.machine.name ?? "";
      const ways: [string, string][] = [];
      if (fault.direction !== "from") ways.push([SUPERVISOR, name]);
      if (fault.direction !== "to") ways.push([name, SUPERVISOR]);
      for (const [from, to] of ways) network.cut(from, to);
      scheduler.after(fault.forMs, () => {
        for (const [from, to] of ways) network.heal(from, to);
      });
      break;
    }
    case "weather":
      network.weather = fault.weather;
      scheduler.after(fault.forMs, () => {
        network.weather = plan.weather;
      });
      break;
    case "store-slow":
      disk.slow();
      scheduler.after(fault.forMs, () => disk.release());
      break;
    case "fsync-slow":
      world.storeMsMax = fault.ms;
      scheduler.after(fault.forMs, () => {
        world.storeMsMax = plan.storeMsMax;
      });
      break;
    case "store-fault":
      disk.fail(fault.bucket, fault.fault);
      scheduler.after(chance.below(LATE_MS_MAX), () => {
        disk.deliverLate();
        disk.giveUp();
      });
      break;
    case "clock-step": {
      const struck = fault.agent === "supervisor" ? machine : agentOf(fault.agent)?.machine;
      struck?.step(fault.byMs);
      scheduler.after(fault.forMs, () => struck?.step(-fault.byMs));
      break;
    }
    default:
      fault satisfies never;
  }
};

/** Everything that is wrong ends now. What was queued to go wrong never does. */
export const calm = (world: SimWorld): void => {
  const { network, disk, plan } = world;
  network.weather = { ...plan.weather, lostPpm: 0, doubledPpm: 0, cloggedPpm: 0 };
  network.healAll();
  world.storeMsMax = plan.storeMsMax;
  disk.forgetFaults();
  disk.release();
  disk.deliverLate();
  disk.giveUp();
  world.recorder.note("world", "faults end");
};
