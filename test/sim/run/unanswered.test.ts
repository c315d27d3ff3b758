import { expect, it, vi } from "vitest";
import { runSeed } from "#cli/sim/job.ts";
import { ClusterSwarm } from "#sim/run/cluster.ts";

it("a question to a host that is only starting is asked again", { timeout: 60_000 }, async () => {
  const query = vi.spyOn(ClusterSwarm.prototype, "query");
  query.mockImplementationOnce(() => Promise.reject(new Error("the host is not open")));
  const { violations } = await runSeed({ seed: 4, selection: {}, keepTrace: false });
  expect(query.mock.calls.length).toBeGreaterThan(1);
  expect(violations).toEqual([]);
  query.mockRestore();
});
