import { describe, expect, it } from "vitest";
import { Prng } from "#sim/kernel/prng.ts";
import { Scheduler } from "#sim/kernel/scheduler.ts";
import { SimBus } from "#sim/world/bus.ts";
import { Machine } from "#sim/world/machine.ts";
import { SimNetwork } from "#sim/world/network.ts";
import { busContract } from "../../contracts/bus.ts";

const FOREVER_MS = 1_000_000;

const world = () => {
  const chance = Prng.of(1);
  const scheduler = new Scheduler(chance, () => Promise.resolve());
  const network = new SimNetwork(chance);
  const seen: string[] = [];
  const bus = new SimBus(network, (from, subject) => seen.push(`${from} ${subject}`));
  let machines = 0;
  const machine = () =>
    new Machine(scheduler, `machine ${(machines += 1)}`, { driftPpm: 0, skewMs: 0 });
  const settle = () => scheduler.run(scheduler.nowMs + FOREVER_MS);
  return { bus, network, seen, machine, settle };
};

busContract("the simulated bus", async () => {
  const { bus, machine, settle } = world();
  return { connect: async () => bus.connect(machine()), settle, dispose: async () => {} };
});

describe("the simulated bus can be told to fail", () => {
  it("loses or doubles messages as the weather is, and tells the watcher of each", async () => {
    const { bus, network, seen, machine, settle } = world();
    const [one, two] = [bus.connect(machine()), bus.connect(machine())];
    const heard: number[] = [];
    two.subscribe("all", (bytes) => heard.push(bytes[0]!));
    network.weather = { ...network.weather, lostPpm: 1_000_000 };
    one.publish("all", Uint8Array.of(1));
    network.weather = { ...network.weather, lostPpm: 0, doubledPpm: 1_000_000 };
    one.publish("all", Uint8Array.of(2));
    await settle();
    expect(heard).toEqual([2, 2]);
    expect(seen).toEqual(["machine 1 all", "machine 1 all"]);
  });

  it("a machine that starts again has none of its old subscriptions", async () => {
    const { bus, machine, settle } = world();
    const own = machine();
    const heard: string[] = [];
    bus.connect(own).subscribe("all", () => heard.push("old life"));
    own.crash();
    bus.connect(own).subscribe("all", () => heard.push("new life"));
    bus.connect(machine()).publish("all", Uint8Array.of(1));
    await settle();
    expect(heard).toEqual(["new life"]);
  });
});
