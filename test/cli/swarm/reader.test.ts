import { expect, it } from "vitest";
import { headsAndEpochs } from "#cli/swarm/reader.ts";
import { emptyHead } from "#ports/commit-rules.ts";

it("never takes an epoch for ended that began while the servers were asked", async () => {
  let revision = 1;
  const epoch = () => ({ generation: 1, revision });
  /** Every bucket is led anew, and logs so, between any two questions. */
  const asked = <T>(answer: T): T => {
    revision += 1;
    return answer;
  };
  const { heads, hasEnded } = await headsAndEpochs(
    {
      heads: async (buckets) =>
        asked(buckets.map((bucket) => ({ ...emptyHead(bucket), epoch: epoch() }))),
      leaders: async () => asked([{ bucket: 1, holder: "ann", epoch: epoch() }]),
    },
    (question) => question(),
  );
  expect(heads).toHaveLength(257);
  // The second epoch began after the heads were read, and leads when the leaders are.
  expect(heads.map((head) => hasEnded(head.epoch))).toEqual(heads.map(() => true));
  expect(hasEnded({ generation: 1, revision: 2 })).toBe(false);
  expect(new Set(heads.map((head) => head.epoch.revision))).toEqual(new Set([1]));
});
