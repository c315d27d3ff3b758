import { afterEach, beforeEach, expect, it } from "vitest";
import { systemClock } from "#adapters/system/clock.ts";
import { defineSupervisor } from "#runtime/supervision/spec.ts";
import { HostSet } from "#runtime/threads/host-set.ts";
import type { Port, RemoteControl, StartedHost } from "#runtime/threads/protocol.ts";

/** As a thread that waits for servers: what it is asked lies there. */
const silent = new Proxy({} as RemoteControl<Port>, {
  get: () => () => new Promise(() => {}),
});

let hosts: HostSet<Port>;
beforeEach(() => {
  hosts = new HostSet<Port>({
    hosts: 1,
    placement: [0],
    runner: {
      channel: () => {
        throw new Error("it is connected to nothing before it is open");
      },
      start: (): StartedHost<Port> => ({
        control: silent,
        inHand: () => "",
        onEvent: () => {},
        onExit: () => {},
        terminate: async () => {},
      }),
    },
    tree: defineSupervisor({
      name: "one",
      strategy: "one-for-one",
      children: [{ name: "host" }],
    }),
    facts: { master: new Uint8Array(32), fields: {} },
    lead: () => Promise.resolve(),
    clock: systemClock(),
    onNews: () => {},
    onHalt: () => {},
  });
});
afterEach(() => hosts.stop());

it("keeps nobody waiting who hands buckets over, counts, or stops, while it is not open", async () => {
  await hosts.unlessGone(0, (control) => control.letGo([0], 1_000, "lost"));
  expect(await hosts.stats()).toEqual([]);
  await hosts.settle();
  expect(hosts.allReady).toBe(false);
});
