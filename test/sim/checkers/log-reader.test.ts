import { expect, it } from "vitest";
import { encodeRecord, GENESIS_PARENT } from "#runtime/log/record.ts";
import { logsOf } from "#sim/checkers/log-reader.ts";

it("reads a log of more entries than a call has arguments", () => {
  const entries = Array.from({ length: 2_000 }, () => ({
    kind: "given" as const,
    verb: "TICK",
    body: {},
  }));
  const chain = Array.from({ length: 100 }, (_, index) =>
    encodeRecord({
      bucket: 1,
      index,
      first: index * entries.length,
      parent: GENESIS_PARENT,
      generation: 1,
      revision: 1,
      atMs: index,
      entries,
    }),
  );
  const logs = logsOf({ logs: new Map([[1, chain]]) });
  expect(logs.unreadable).toEqual([]);
  expect(logs.entries).toHaveLength(200_000);
  expect(logs.entries.at(-1)).toMatchObject({ position: 199_999, atMs: 99 });
});
