import { expect, it } from "vitest";
import {
  Equivocations,
  EQUIVOCATIONS_MAX,
  type Equivocation,
} from "#runtime/bucket/equivocations.ts";
import { Rig, sender } from "../toy/rig.ts";

const pair = (from: string, nonce = 1): Equivocation => ({
  from,
  thread: "t",
  nonce,
  first: "f",
  position: 0,
  second: new Uint8Array(),
});

it("keeps one pair of each sender, the first, and no more than its limit", () => {
  const kept = new Equivocations();
  kept.keep(pair("a"));
  kept.keep(pair("a", 2));
  expect([...kept]).toEqual([pair("a")]);
  for (let n = 1; n <= EQUIVOCATIONS_MAX; n += 1) kept.keep(pair(`s${n}`));
  expect([...kept]).toHaveLength(EQUIVOCATIONS_MAX);
  expect([...kept][0]).toEqual(pair("a"));
  expect(kept.wants("another")).toBe(false);
  expect([...Equivocations.decode(kept.encode())]).toEqual([...kept]);
});

it("goes on over a snapshot and a new leader with what it has kept", async () => {
  const rig = await Rig.open([1]);
  await rig.say(1, "ADD", { by: 1 }, { nonce: 5 });
  expect(await rig.say(1, "ADD", { by: 2 }, { nonce: 5 })).toMatchObject({ code: "EQUIVOCATION" });
  await rig.host.snapshotAll(1);
  const next = await Rig.open([1], { disk: rig.disk });
  expect([...next.state(1).equivocations]).toMatchObject([{ from: sender.did, nonce: 5 }]);
  const again = await next.say(1, "ADD", { by: 3 }, { nonce: 5 });
  expect(again).toMatchObject({ code: "EQUIVOCATION" });
  expect(await next.story(1)).toEqual(["EPOCH", "envelope", "COUNTED", "EQUIVOCATION", "EPOCH"]);
});

it("accuses nobody whom the log does not show: a replay of a false pair diverges", async () => {
  const rig = await Rig.open([1]);
  await rig.say(1, "ADD", { by: 1 }, { nonce: 5 });
  await rig.say(1, "ADD", { by: 2 }, { nonce: 5 });
  const [kept] = [...rig.state(1).equivocations];
  const other = await Rig.open([2]);
  await other.say(2, "ADD", { by: 1 }, { nonce: 5 });
  other.host.give(2, "EQUIVOCATION", { ...kept, thread: "bucket:2" });
  await other.settle();
  expect([...other.state(2).equivocations]).toEqual([]);
  expect(await other.story(2)).not.toContain("EQUIVOCATION");
});
