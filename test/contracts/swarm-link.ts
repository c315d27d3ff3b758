/**
 * What every SwarmLink must do. The rig is the far side: it hears envelopes, speaks to agents, and can
 * cut the link and bring it back.
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cidOf } from "#envelope/cid.ts";
import type { SwarmLink } from "#ports/swarm-link.ts";
import type { Receipt } from "#protocol/notices.ts";

export interface SwarmLinkRig {
  readonly link: SwarmLink;
  /** Envelopes that arrived, in order. */
  readonly arrived: () => Promise<readonly Uint8Array[]>;
  /** The swarm answers an agent. */
  readonly answer: (to: string, receipt: Receipt) => void;
  /** Everything said so far has been heard. */
  readonly settle: () => Promise<void>;
  /** The supervisor behind the link goes away; then it is back. */
  readonly cut: () => Promise<void>;
  readonly restore: () => Promise<void>;
  readonly dispose: () => Promise<void>;
}

const bytes = (n: number): Uint8Array => new Uint8Array([n, n, n]);
const thread = cidOf(bytes(9));
const ack = (n: number): Receipt => ({
  kind: "ack",
  envelope: cidOf(bytes(n)),
  bucket: 1,
  seq: n,
  head: "",
});

export const swarmLinkContract = (name: string, makeRig: () => Promise<SwarmLinkRig>): void => {
  describe(`the swarm link contract, kept by ${name}`, () => {
    let rig: SwarmLinkRig;
    beforeEach(async () => {
      rig = await makeRig();
    });
    afterEach(() => rig.dispose());

    const attach = (agent: string) => {
      const heard: { receipts: Receipt[]; resumed: number } = { receipts: [], resumed: 0 };
      rig.link.attach(agent, {
        receipt: (receipt) => void heard.receipts.push(receipt),
        notice: () => {},
        resumed: () => void (heard.resumed += 1),
      });
      return heard;
    };

    it("carries envelopes of one thread unchanged and in order", async () => {
      for (let n = 1; n <= 100; n += 1) rig.link.send(thread, bytes(n));
      expect(await rig.arrived()).toEqual(Array.from({ length: 100 }, (_, n) => bytes(n + 1)));
    });

    it("tells each attached agent what is said to it, in order, and nobody else", async () => {
      const [a, b] = [attach("did:a"), attach("did:b")];
      await rig.settle();
      for (const n of [1, 2, 3]) rig.answer("did:a", ack(n));
      rig.answer("did:b", ack(4));
      rig.answer("did:nobody", ack(5));
      await rig.settle();
      expect([a.receipts, b.receipts]).toEqual([[ack(1), ack(2), ack(3)], [ack(4)]]);
    });

    it("tells a detached agent nothing more", async () => {
      const a = attach("did:a");
      await rig.settle();
      rig.link.detach("did:a");
      await rig.settle();
      rig.answer("did:a", ack(1));
      await rig.settle();
      expect(a.receipts).toEqual([]);
    });

    it("goes on after a cut: agents are told, and are heard without attaching again", async () => {
      const a = attach("did:a");
      await rig.settle();
      expect(a.resumed).toBe(0);
      await rig.cut();
      await rig.restore();
      await rig.settle();
      expect(a.resumed).toBe(1);
      rig.answer("did:a", ack(1));
      rig.link.send(thread, bytes(7));
      await rig.settle();
      expect(a.receipts).toEqual([ack(1)]);
      expect(await rig.arrived()).toEqual([bytes(7)]);
    });
  });
};
