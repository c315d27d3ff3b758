import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { KEEP_SEEN_MS, keepSeen, seenIn } from "#cli/cluster/etcd-seen.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const NOTHING = { generation: 0, revision: 0 };
let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "canswarm-seen-"))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it("what was seen is kept now and then, and at the end", async () => {
  const clock = new ManualClock();
  let seen = NOTHING;
  const end = keepSeen(dir, clock, () => seen);
  expect(seenIn(dir)).toEqual(NOTHING);
  seen = { generation: 1, revision: 7 };
  await clock.pass(KEEP_SEEN_MS - 1);
  expect(seenIn(dir)).toEqual(NOTHING);
  await clock.pass(1);
  expect(seenIn(dir)).toEqual(seen);
  seen = { generation: 2, revision: 3 };
  end();
  expect(seenIn(dir)).toEqual(seen);
  seen = { generation: 2, revision: 9 };
  await clock.pass(2 * KEEP_SEEN_MS);
  expect(seenIn(dir)).toEqual({ generation: 2, revision: 3 });
});

it.each(["", "{", "null", '{"generation":"1","revision":2}'])(
  "%j in its place is nothing",
  (text) => {
    writeFileSync(join(dir, "etcd-seen.json"), text);
    expect(seenIn(dir)).toEqual(NOTHING);
  },
);
