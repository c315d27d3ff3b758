/** To whom a machine of a cluster tells a need that it holds, and what reaches them over the bus. */

import { expect, it } from "vitest";
import type { CouldBid } from "#actors/queries.ts";
import { foretellerOf, TOLD_MAX } from "#cli/cluster/foreteller.ts";
import { BusLink } from "#agent/bus/bus-link.ts";
import { cidOf } from "#envelope/cid.ts";
import type { Held } from "#gateway/swarm.ts";
import { agentSubject, type Bus } from "#ports/bus.ts";
import { FORETOLD, type Notice } from "#protocol/notices.ts";
import { NEED } from "../../support/answered-client.ts";
import { signerOf } from "../../support/gateway.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const requester = signerOf("r").did;
const dids = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, n) => signerOf(`w${n}`).did);
const held = (n = 1): Held => ({ need: cidOf(new Uint8Array([n])), requester, body: NEED });

const telling = (known: readonly CouldBid[]) => {
  const sent: { readonly subject: string; readonly bytes: Uint8Array }[] = [];
  const asked: unknown[] = [];
  const world = { isConnected: true, isCutOff: true };
  const foreteller = foretellerOf({
    bus: {
      publish: (subject, bytes) => void sent.push({ subject, bytes }),
      get isConnected() {
        return world.isConnected;
      },
    },
    isCutOff: () => world.isCutOff,
    couldBid: async (...about) => {
      asked.push(about);
      return known;
    },
  });
  return { foreteller, world, sent, asked, subjects: () => sent.map(({ subject }) => subject) };
};

it.each([
  [true, true, true],
  [true, false, false],
  [false, true, false],
])("cut off from etcd %s, reached by NATS %s: it foretells %s", (isCutOff, isConnected, does) => {
  const { foreteller, world } = telling([]);
  Object.assign(world, { isCutOff, isConnected });
  expect(foreteller.isCutOff()).toBe(does);
});

it("tells who could bid by the newest registry of its hosts, and an agent's link hears it", async () => {
  const [one = "", two = ""] = dids(2);
  const known = [
    { revision: 3, workers: [two] },
    { revision: 7, workers: [one] },
  ];
  const { foreteller, sent, asked, subjects } = telling(known);
  await foreteller.tell(held());
  expect(asked).toEqual([[NEED.capability, requester]]);
  expect(subjects()).toEqual([agentSubject(one)]);
  let hear: ((bytes: Uint8Array) => void) | undefined;
  const bus: Bus = {
    publish: () => {},
    subscribe: (_subject, heard) => {
      hear = heard;
      return () => {};
    },
    dropped: 0,
    close: async () => {},
  };
  const heard: Notice[] = [];
  new BusLink({ bus, clock: new ManualClock() }).attach(one, {
    receipt: () => {},
    notice: (notice) => heard.push(notice),
    resumed: () => {},
  });
  hear?.(sent[0]!.bytes);
  expect(heard).toEqual([{ kind: "foretell", ...held(), ...FORETOLD }]);
});

it("tells nobody where no host knows anybody", async () => {
  const { foreteller, sent } = telling([]);
  await foreteller.tell(held());
  expect(sent).toEqual([]);
});

it("tells some of many, others of another need, and nobody twice", async () => {
  const workers = dids(TOLD_MAX + 20);
  const toldOf = async (n: number): Promise<readonly string[]> => {
    const { foreteller, subjects } = telling([{ revision: 1, workers }]);
    await foreteller.tell(held(n));
    return subjects();
  };
  const [first, again, second] = [await toldOf(1), await toldOf(1), await toldOf(2)];
  expect(first).toEqual(again);
  expect(first).not.toEqual(second);
  for (const told of [first, second]) {
    expect(new Set(told).size).toBe(TOLD_MAX);
    expect(told).toHaveLength(TOLD_MAX);
  }
});
