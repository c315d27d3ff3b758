/** A need that was told as pending is asked on: it is taken in the end, or gives its room back. */

import { expect, it } from "vitest";
import { ASK_ENDS_MS, RECEIPT_MS_MAX } from "#gateway/limits.ts";
import { silentSwarm } from "../support/silent-swarm.ts";

const silent = () => {
  let status = (): unknown => undefined;
  const swarm = silentSwarm({ query: async <T>() => status() as T | undefined });
  const pending = async (): Promise<void> => {
    const posted = swarm.post();
    await swarm.clock.pass(RECEIPT_MS_MAX);
    expect(await posted).toMatchObject({ kind: "pending" });
  };
  const says = (what: () => unknown): void => void (status = what);
  return { ...swarm, pending, says };
};

it("is asked on after a crowd, and counts as accepted once it is taken", async () => {
  const { needs, pending, clock, refuse, take, sent } = silent();
  await pending();
  await refuse("MAILBOX_FULL");
  expect(needs.openCount).toBe(1);
  await refuse("MAILBOX_FULL");
  await clock.pass(1_000);
  expect(sent.length).toBeGreaterThan(0);
  await take();
  expect(needs.counts).toMatchObject({ accepted: 1, refused: 0 });
  expect(needs.openCount).toBe(1);
  await needs.close();
});

it("gives its room back when it is refused for good", async () => {
  const { needs, pending, refuse } = silent();
  await pending();
  await refuse("INSUFFICIENT_FUNDS");
  expect(needs.counts).toMatchObject({ accepted: 0, refused: 1 });
  expect(needs.openCount).toBe(0);
  await needs.close();
});

it("is asked for its end again where nobody could say, however long that was so", async () => {
  const { needs, pending, clock, take, says } = silent();
  says(() => {
    throw new Error("nobody answers");
  });
  await pending();
  await take();
  await clock.pass(5 * ASK_ENDS_MS);
  expect([needs.openCount, needs.counts.ended]).toEqual([1, 0]);
  says(() => ({ ended: { outcome: "finalized", attempts: 1 } }));
  await clock.pass(2 * ASK_ENDS_MS);
  expect([needs.openCount, needs.counts.ended]).toEqual([0, 1]);
  await needs.close();
});
