import { describe, expect, it } from "vitest";
import { WRITE_KEYS_MAX } from "#ports/consensus.ts";
import type { BucketWrite, Store } from "#ports/store.ts";
import { noOutputs } from "#runtime/bucket/outputs.ts";
import { Pipeline } from "#runtime/commit/pipeline.ts";
import { record } from "../../contracts/store.ts";

const EPOCH = { generation: 1, revision: 1 };

/** Turns with so many decide keys each, built while a commit was under way; what goes to the store. */
const writesOf = async (turns: readonly { makes: number; deletes?: number }[]) => {
  const writes: BucketWrite[] = [];
  const released: number[] = [];
  const store = {
    commit: async (given: readonly BucketWrite[]) => {
      writes.push(...given);
      return given.map(({ bucket }) => ({ bucket, kind: "committed" as const }));
    },
  } as Partial<Store> as Store;
  const pipeline = new Pipeline(store, () => () => {}, {
    release: (_bucket, _outputs, built) => void released.push(built!.records),
    lost: () => {},
    stalled: () => {},
    halt: () => {},
  });
  let parent: Uint8Array = new Uint8Array(32);
  for (const [at, { makes, deletes = 0 }] of turns.entries()) {
    const { hash, bytes } = record(parent, `turn ${at}`);
    const outputs = noOutputs();
    for (let n = 0; n < makes; n += 1) outputs.decides.push(`${at}.${n}/1`);
    for (let n = 0; n < deletes; n += 1) outputs.undecides.push(`old ${at}.${n}/1`);
    const counts = { records: at + 1, size: at + 1 };
    pipeline.add(
      1,
      EPOCH,
      { bucket: 1, bytes, hash, parent, ...counts, atMs: 0, epoch: EPOCH, outputs },
      outputs,
    );
    parent = hash;
  }
  pipeline.flush();
  await pipeline.idle();
  return { writes, released };
};

const keysOf = ({ decides, decided }: BucketWrite): number => decides.length + decided.length;

describe("a write", () => {
  it("ends before it has more decide keys than every store takes in one step (C1)", async () => {
    const turns = [25, 25, 25, 10, 25, 1].map((makes) => ({ makes }));
    const { writes, released } = await writesOf(turns);
    expect(writes.map(keysOf)).toEqual([50, 60, 1]);
    expect(writes.map(({ head }) => head.records)).toEqual([2, 5, 6]);
    expect(writes[1]!.parent).toEqual(writes[0]!.head.hash);
    expect(released).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("counts the keys that are deleted as well", async () => {
    const { writes } = await writesOf([
      { makes: 30 },
      { makes: 0, deletes: 31 },
      { makes: 0, deletes: 29 },
    ]);
    expect(writes.map(keysOf)).toEqual([30, WRITE_KEYS_MAX]);
  });

  it("of one record has all of its keys", async () => {
    const { writes } = await writesOf([{ makes: 300 }, { makes: 1 }]);
    expect(writes.map(keysOf)).toEqual([300, 1]);
  });
});
