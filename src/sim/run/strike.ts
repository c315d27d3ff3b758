/** Lets a planned fault strike the world. */

import type { FaultPlan } from "../plan/plan.ts";
import type { SimWorld } from "./world.ts";

/** An agent that crashed is back within this, ms. */
const AGENT_BACK_MS_MAX = 5_000;

export const strike = (world: SimWorld, fault: FaultPlan): void => {
  const { scheduler, network, swarm, plan, recorder } = world;
  const chance = world.chance.stream(`strike ${JSON.stringify(fault)}`);
  recorder.note("world", JSON.stringify(fault));
  const processOf = (index: number) => swarm.processes[index % swarm.processes.length];
  const agentOf = (index: number) => world.agents[index % world.agents.length];
  switch (fault.kind) {
    case "process-crash":
      processOf(fault.supervisor)?.crash("a fault was asked for: crash");
      break;
    case "process-freeze":
      processOf(fault.supervisor)?.machine.freeze(fault.forMs);
      break;
    case "thread-exit":
      processOf(fault.supervisor)?.killThread(fault.host, "exit", 0);
      break;
    case "thread-throw":
      processOf(fault.supervisor)?.killThread(fault.host, "throw", fault.turns);
      break;
    case "agent-crash":
      agentOf(fault.agent)?.crash(chance.between(1, AGENT_BACK_MS_MAX));
      break;
    case "agent-freeze":
      agentOf(fault.agent)?.machine.freeze(fault.forMs);
      break;
    case "cut": {
      const name = agentOf(fault.agent)?.machine.name ?? "";
      cutFrom(world, name, swarm.gateways, fault);
      break;
    }
    case "partition": {
      const name = processOf(fault.supervisor)?.machine.name ?? "";
      const others = swarm.gateways.filter((gateway) => gateway !== name);
      cutFrom(world, name, others, fault);
      break;
    }
    case "weather":
      network.weather = fault.weather;
      scheduler.after(fault.forMs, () => {
        network.weather = plan.weather;
      });
      break;
    case "fsync-slow":
      world.storeMsMax = fault.ms;
      scheduler.after(fault.forMs, () => {
        world.storeMsMax = plan.storeMsMax;
      });
      break;
    case "clock-step": {
      const { agent, supervisor = 0 } = fault;
      const struck = (agent === "supervisor" ? processOf(supervisor) : agentOf(agent))?.machine;
      struck?.step(fault.byMs);
      scheduler.after(fault.forMs, () => struck?.step(-fault.byMs));
      break;
    }
    default:
      swarm.strike(fault);
  }
};

/** `to`: what is sent to `name` is lost; `from`: what it sends. */
const cutFrom = (
  { network, scheduler }: SimWorld,
  name: string,
  others: readonly string[],
  { direction, forMs }: Pick<Extract<FaultPlan, { kind: "cut" }>, "direction" | "forMs">,
): void => {
  const ways: [string, string][] = [];
  for (const other of others) {
    if (direction !== "from") ways.push([other, name]);
    if (direction !== "to") ways.push([name, other]);
  }
  for (const [from, to] of ways) network.cut(from, to);
  scheduler.after(forMs, () => {
    for (const [from, to] of ways) network.heal(from, to);
  });
};

/** Everything that is wrong ends now. What was queued to go wrong never does. */
export const calm = (world: SimWorld): void => {
  const { network, swarm, plan } = world;
  network.weather = { ...plan.weather, lostPpm: 0, doubledPpm: 0, cloggedPpm: 0 };
  network.healAll();
  world.storeMsMax = plan.storeMsMax;
  swarm.calm();
  world.recorder.note("world", "faults end");
};
