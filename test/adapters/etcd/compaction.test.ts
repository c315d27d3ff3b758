import { Etcd3 } from "etcd3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EtcdClient } from "#adapters/etcd/client.ts";
import { COMPACT_REVISIONS, compactableAt, Compaction } from "#adapters/etcd/compaction.ts";
import { startEtcd, until, type EtcdServer } from "../../support/etcd-server.ts";

const EVERY = 200;

describe("revisions", () => {
  let servers: readonly EtcdServer[];
  beforeAll(async () => {
    servers = await startEtcd(1);
  });
  afterAll(async () => {
    for (const server of servers) await server.dispose();
  });

  it.each([
    [1, 0],
    [COMPACT_REVISIONS, 0],
    [2 * COMPACT_REVISIONS - 1, 0],
    [2 * COMPACT_REVISIONS, COMPACT_REVISIONS],
    [7.5 * COMPACT_REVISIONS, 6 * COMPACT_REVISIONS],
  ])("at %i may be forgotten up to %i, for every supervisor alike", (now, upTo) => {
    expect(compactableAt(now)).toBe(upTo);
  });

  it("are forgotten by etcd once a commit has passed them", async () => {
    const endpoints = [servers[0]!.url];
    const raw = new Etcd3({ hosts: endpoints });
    const clients = [0, 1].map(() => new EtcdClient({ endpoints }));
    try {
      const key = Buffer.from("/a");
      for (let n = 0; n < 2 * EVERY; n += 1)
        await raw.kv.put({ key, value: Buffer.from(String(n)) });
      const { header } = await raw.kv.range({ key });
      const now = Number(header.revision);
      const isThere = (revision: number): Promise<boolean> =>
        raw.kv.range({ key, revision }).then(
          () => true,
          () => false,
        );
      const [before, after] = [EVERY - 1, EVERY + 1];
      // The first that is seen tells only where the store is: others may have come this far.
      for (const client of clients) {
        const compaction = new Compaction(client, EVERY);
        compaction.seen(now - EVERY);
        expect(await isThere(after)).toBe(true);
        compaction.seen(now);
      }
      await until(async () => !(await isThere(before)), "compacted");
      expect(await isThere(after)).toBe(true);
    } finally {
      for (const client of clients) client.close();
      raw.close();
    }
  });
});
