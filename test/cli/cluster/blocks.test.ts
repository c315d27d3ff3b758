import { beforeEach, describe, expect, it } from "vitest";
import { BlockRestock, documentOf, sharedBlocks, type Losable } from "#cli/cluster/blocks.ts";
import { CIDS_MAX, type ListedBlocks } from "#ports/blocks.ts";
import { SimBlocks } from "#sim/world/blocks.ts";

/** More than one page of CIDs. */
const COUNT = CIDS_MAX + 3;
const NOWHERE = "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq";

describe("blocks of a supervisor in a cluster", () => {
  let own: ListedBlocks;
  let servers: SimBlocks;
  let made: string;
  let looks: number;
  let shared: Losable;
  let cids: string[];

  /** The servers come back with nothing. */
  const loseAll = (): void => {
    [servers, made] = [new SimBlocks(), `${made}'`];
  };

  beforeEach(async () => {
    [servers, made, looks] = [new SimBlocks(), "once", 0];
    own = new SimBlocks().open();
    shared = {
      put: (...block) => servers.open().put(...block),
      get: (cid) => servers.open().get(cid),
      has: (cid) => {
        looks += 1;
        return servers.open().has(cid);
      },
      made: async () => made,
    };
    const both = sharedBlocks(own, shared);
    const put = Array.from({ length: COUNT }, (_, at) =>
      both.put(Uint8Array.of(at & 255, at >> 8), at % 2 === 0 ? "raw" : "dag-cbor"),
    );
    cids = await Promise.all(put);
  });

  it("are put back where the servers have lost them, each under its own CID", async () => {
    loseAll();
    const restock = new BlockRestock(own, shared);
    expect(await restock.run()).toBe(COUNT);
    const there = await Promise.all(cids.map((cid) => servers.open().has(cid)));
    expect(there.every(Boolean)).toBe(true);
  });

  it("are looked for once, and again only where the servers' stream is another", async () => {
    const restock = new BlockRestock(own, shared);
    const counts = await Promise.all([restock.run(), restock.run()]);
    expect([counts, looks]).toEqual([[0, 0], COUNT]);
    expect([await restock.run(), looks]).toEqual([0, COUNT]);
    loseAll();
    expect([await restock.run(), await restock.run(), looks]).toEqual([COUNT, 0, 2 * COUNT]);
  });

  it("are looked for again where a run was not done to its end", async () => {
    loseAll();
    let isFull = true;
    const restock = new BlockRestock(own, {
      ...shared,
      put: (...block) => (isFull ? Promise.reject(new Error("full")) : shared.put(...block)),
    });
    await expect(restock.run()).rejects.toThrow("full");
    isFull = false;
    expect(await restock.run()).toBe(COUNT);
  });

  it("say BLOCK_MISSING of a document that is nowhere, and give any other", async () => {
    const blocks = sharedBlocks(new SimBlocks().open(), shared);
    expect(await documentOf(blocks, cids[3]!)).toHaveLength(2);
    await expect(documentOf(blocks, NOWHERE)).rejects.toMatchObject({ code: "BLOCK_MISSING" });
  });
});
