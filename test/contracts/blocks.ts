/** What every Blocks must do. `damage` flips a bit of a stored block, if the rig can. */
import { describe, expect, it, afterEach, beforeEach } from "vitest";
import { BLOCK_BYTES_MAX, CIDS_MAX, type Blocks, type ListedBlocks } from "#ports/blocks.ts";

export interface BlocksRig<B extends Blocks = Blocks> {
  readonly open: () => Promise<B>;
  readonly crash: () => Promise<void>;
  readonly damage: (cid: string) => Promise<void>;
  readonly dispose: () => Promise<void>;
}

/** CIDs of "hello" that other tools print: `ipfs block put`. */
const HELLO_RAW = "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq";
const SIZES = [0, 1, 64 * 1024, 64 * 1024 + 1, 1_000_000];

const bytesOf = (size: number): Uint8Array =>
  Uint8Array.from({ length: size }, (_, at) => (at * 31 + size) % 251);

export const blocksContract = (name: string, makeRig: () => Promise<BlocksRig>): void => {
  describe(`the blocks contract, kept by ${name}`, () => {
    let rig: BlocksRig;
    let blocks: Blocks;
    beforeEach(async () => {
      rig = await makeRig();
      blocks = await rig.open();
    });
    afterEach(() => rig.dispose());

    it("names a block as every other tool does", async () => {
      expect(await blocks.put(new TextEncoder().encode("hello"), "raw")).toBe(HELLO_RAW);
      expect(await blocks.put(Uint8Array.of(0xa0), "dag-cbor")).toMatch(/^bafyrei/);
    });

    it.each(SIZES)("gives back %i bytes, after a crash too", async (size) => {
      const bytes = bytesOf(size);
      const cid = await blocks.put(bytes, "raw");
      expect(Buffer.compare((await blocks.get(cid))!, bytes)).toBe(0);
      await rig.crash();
      blocks = await rig.open();
      expect(await blocks.has(cid)).toBe(true);
      expect(Buffer.compare((await blocks.get(cid))!, bytes)).toBe(0);
    });

    it("keeps one block for the same bytes, put at the same time or again", async () => {
      const put = () => blocks.put(bytesOf(100_000), "raw");
      const cids = await Promise.all([put(), put(), put()]);
      expect(new Set([...cids, await put()]).size).toBe(1);
      expect(await blocks.get(cids[0]!)).toHaveLength(100_000);
    });

    it("has no block that nobody put", async () => {
      expect(await blocks.get(HELLO_RAW)).toBeUndefined();
      expect(await blocks.has(HELLO_RAW)).toBe(false);
      expect(await blocks.get("../canswarm.db")).toBeUndefined();
      expect(await blocks.has("../canswarm.db")).toBe(false);
    });

    it("refuses a block that is too large at the door", async () => {
      const whole = new Uint8Array(BLOCK_BYTES_MAX);
      expect(await blocks.has(await blocks.put(whole, "raw"))).toBe(true);
      await expect(blocks.put(new Uint8Array(BLOCK_BYTES_MAX + 1), "raw")).rejects.toMatchObject({
        code: "BLOCK_TOO_LARGE",
      });
    });

    it.each([100, 100_000])("never gives out %i bytes that are not the CID's", async (size) => {
      const cid = await blocks.put(bytesOf(size), "raw");
      await rig.damage(cid);
      await expect(blocks.get(cid)).rejects.toMatchObject({ code: "BLOCK_CORRUPT" });
    });
  });
};

/** What Blocks must do beside it that can say which they are. */
export const listedBlocksContract = (
  name: string,
  makeRig: () => Promise<BlocksRig<ListedBlocks>>,
): void => {
  blocksContract(name, makeRig);
  describe(`the listing of blocks, kept by ${name}`, () => {
    it("names each once in the order of their texts, large ones too, so many at a time", async () => {
      const rig = await makeRig();
      const blocks = await rig.open();
      expect(await blocks.cids()).toEqual([]);
      const small = Array.from({ length: CIDS_MAX }, (_, at) =>
        blocks.put(Uint8Array.of(at & 255, at >> 8), "raw"),
      );
      const large = [100_000, 200_000].map((size) => blocks.put(bytesOf(size), "raw"));
      const put = await Promise.all([...small, ...large]);
      const first = await blocks.cids();
      const rest = await blocks.cids(first.at(-1));
      expect([first.length, rest.length]).toEqual([CIDS_MAX, large.length]);
      expect([...first, ...rest]).toEqual(put.toSorted());
      expect(await blocks.cids(rest.at(-1))).toEqual([]);
      await rig.dispose();
    });
  });
};
