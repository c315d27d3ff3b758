import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { parametersOf } from "#domain/genesis/profiles.ts";
import { bucketOf } from "#envelope/cid.ts";
import type { BooksStatus, NeedStatus } from "#actors/queries.ts";
import { challengeNeed, ruleChallenge, withFolder } from "#cli/commands/contest.ts";
import type { AgentSpec } from "#cli/input/agents.ts";
import { loadSettings } from "#cli/settings.ts";
import { enrol, memberOf, requesterMember } from "#cli/swarm/accounts.ts";
import { EmbeddedSwarm } from "#cli/swarm/embedded.ts";
import { openFolder } from "#cli/swarm/folder.ts";
import { clientFor, registryReady } from "#cli/swarm/voice.ts";

const CREDIT = 1_000_000n;
const HOUR = 3_600_000;
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "canswarm-contest-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const agent = (name: string, role: AgentSpec["role"]): AgentSpec => ({
  name,
  role,
  capabilities: ["job"],
  price: CREDIT,
  etaMs: 1_000,
  stake: undefined,
  credits: undefined,
  org: name,
  asn: undefined,
  region: undefined,
  model: undefined,
  run: { kind: "module", path: join(dir, "agent.mjs") },
});

/** A need that stands in its challenge window of an hour, in a folder that nobody has open. */
const contestable = async (): Promise<{ data: string; need: string }> => {
  writeFileSync(
    join(dir, "agent.mjs"),
    "export const work = () => ({ output: 1 }); export const judge = () => ({ verdict: 'pass' });",
  );
  const data = join(dir, "data");
  const tiers = { small: { challengeWindowMs: HOUR } };
  const folder = openFolder(data, {
    name: "test",
    parameters: parametersOf("local", { tiers }),
    nowMs: 1,
  });
  const specs = [agent("w", "worker"), agent("v", "verifier"), agent("judge", "worker")];
  const swarm = await EmbeddedSwarm.open({
    folder,
    settings: await loadSettings(undefined),
    hired: specs.map(({ name, run }) => {
      const seed = folder.keys.seed(name);
      return {
        name,
        seed,
        price: name === "judge" ? 3n * CREDIT : CREDIT,
        etaMs: 1_000,
        run,
        folder: dir,
      };
    }),
    onNews: () => undefined,
    onHalt: () => undefined,
  });
  const link = swarm.link();
  const operator = await swarm.openOperator();
  const requester = { ...requesterMember(swarm), credits: 100n * CREDIT };
  await enrol(swarm, link, operator, [
    requester,
    ...(await Promise.all(specs.map((spec) => memberOf(swarm, operator, spec)))),
  ]);
  await registryReady(swarm);
  const client = clientFor(swarm, link, requester.signer, () => undefined);
  const { envelope: need } = await client.say("NEED", undefined, {
    key: "k",
    capability: "job",
    input: { value: 1 },
    bounty: 2n * CREDIT,
    verifyBounty: CREDIT / 2n,
    deadlineMs: 60_000,
  });
  for (;;) {
    const status = await swarm.query<NeedStatus>(bucketOf(need), "need", need);
    if (status?.stage === "contestable") break;
    await new Promise<void>((resolve) => void swarm.clock.after(10, resolve));
  }
  client.close();
  await swarm.close(true);
  return { data, need };
};

const booksOf = (data: string): Promise<BooksStatus | undefined> =>
  withFolder({ data }, (swarm) => swarm.system<BooksStatus>("books"));

it("suspends a result from its challenge to the operator's ruling, across restarts", async () => {
  const { data, need } = await contestable();
  const flags = { data, as: "judge", bond: "1", proof: "output_mismatch" as const, evidence: need };
  const challenge = await challengeNeed(need, flags);
  const held = await booksOf(data);
  expect(held?.bonds).toBe(CREDIT + CREDIT / 10n); // the challenge's and the worker's
  const wrong = ruleChallenge(need, need, { data, upheld: true, reason: "" });
  await expect(wrong).rejects.toMatchObject({ code: "REFUSED" });
  const status = await ruleChallenge(need, challenge, { data, upheld: true, reason: "seen" });
  expect(status.stage).not.toBe("contested");
  const after = await booksOf(data);
  expect(after?.total).toBe(after?.minted);
  expect(after?.burned).toBeGreaterThan(0n);
}, 60_000);

it("refuses what is no contestable need or too small a bond", async () => {
  const { data, need } = await contestable();
  const flags = { data, as: "judge", proof: "output_mismatch" as const, evidence: need };
  await expect(challengeNeed(need, { ...flags, bond: "0.1" })).rejects.toMatchObject({
    code: "REFUSED",
  });
  await expect(challengeNeed("nothing", { ...flags, bond: "1" })).rejects.toMatchObject({
    code: "NEED_UNKNOWN",
  });
}, 60_000);
