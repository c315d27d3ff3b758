/** `canswarm check`: what holds, what is broken and what is not shown are three different words. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SYSTEM_BUCKET } from "#envelope/cid.ts";
import { checkEvidence, type CheckResult } from "#cli/audit/check.ts";
import { openEvidence } from "#cli/audit/open.ts";
import { readAuditFile } from "#cli/audit/read-file.ts";
import { renderCheck } from "#cli/commands/check.ts";
import type { EndBody } from "#protocol/bodies.ts";
import type { Entry } from "#runtime/log/record.ts";
import { canswarm } from "../../integration/command.ts";
import { Forgery, NEEDS, runSmallMarket, sourceOf, type Ran } from "./small-market.ts";

let ran: Ran;
beforeAll(async () => void (ran = await runSmallMarket()), 60_000);
afterAll(() => ran.folder.remove());

const verdicts = ({ properties }: CheckResult): Record<string, string> =>
  Object.fromEntries(properties.map(({ property, verdict }) => [property, verdict]));

const HOLDS = ["P1", "P2", "P3", "P5", "P7", "E1", "E2", "E3", "E6"];

it("a folder whose run has ended holds all that a folder can show", async () => {
  const evidence = await openEvidence(ran.folder.data);
  const result = await checkEvidence(evidence, true);
  await evidence.close();
  const held = [...HOLDS, "P6", "E4", "E5"].map((name) => [name, "holds"]);
  const rest = ["P4", "P8"].map((name) => [name, "not covered"]);
  expect(verdicts(result)).toEqual(Object.fromEntries([...held, ...rest]));
  expect(result).toMatchObject({
    violations: 0,
    needs: NEEDS,
    stateHash: ran.summary.stateHash,
  });
  expect(result.properties.map(({ property }) => property).join(" ")).toBe(
    "P1 P2 P3 P4 P5 P6 P7 P8 E1 E2 E3 E4 E5 E6",
  );
});

it("a file has no snapshots of the registry, and nobody said that all has ended", async () => {
  const evidence = await readAuditFile(sourceOf(ran.lines.join("")), "audit.jsonl");
  const result = await checkEvidence(evidence, false);
  const held = HOLDS.map((name) => [name, "holds"]);
  const rest = ["P4", "P6", "P8", "E4", "E5"].map((name) => [name, "not covered"]);
  expect(verdicts(result)).toEqual(Object.fromEntries([...held, ...rest]));
  for (const { verdict, notes } of result.properties)
    if (verdict === "not covered") expect(notes).not.toEqual([]);
});

/** The file of a swarm whose operator put other entries into the buckets of needs. */
const forged = (change: (entry: Entry) => readonly Entry[]): string => {
  const forgery = new Forgery(ran.lines);
  for (const [bucket, log] of forgery.logs.entries()) {
    if (bucket === SYSTEM_BUCKET) continue;
    const changed = log.map((one) => ({ ...one, entries: one.entries.flatMap(change) }));
    forgery.logs[bucket] = changed.filter(({ entries }) => entries.length > 0);
  }
  return forgery.lines(ran.keys).join("");
};

const withoutDerived = (entry: Entry): readonly Entry[] =>
  entry.kind === "derived" ? [] : [entry];

describe("logs that their own operator changed and signed again", () => {
  const check = async (change: (entry: Entry) => readonly Entry[]): Promise<CheckResult> =>
    checkEvidence(await readAuditFile(sourceOf(forged(change)), "forged.jsonl"), true);

  it("are told by the property that each change breaks", async () => {
    const twice = await check((entry) =>
      entry.kind === "derived" && entry.verb === "DECIDE" ? [entry, entry] : [entry],
    );
    expect(verdicts(twice)).toMatchObject({ P1: "violated", P2: "violated", E1: "holds" });

    const overpaid = await check((entry) => {
      const payload = entry.kind === "message" ? (entry.payload as Posted) : undefined;
      if (entry.kind !== "message" || payload?.kind !== "posted") return [entry];
      const moves = payload.moves.map((move) => ({ ...move, amount: 10_000_000n }));
      return [{ ...entry, payload: { ...payload, moves } }];
    });
    expect(verdicts(overpaid)).toMatchObject({ P1: "holds", E1: "violated" });

    const open = await check((entry) =>
      entry.kind === "derived" && (entry.body as EndBody).outcome === "finalized" ? [] : [entry],
    );
    expect(verdicts(open)).toMatchObject({ E5: "violated" });
  });

  it("are counted in the row of the property and in the verdict", async () => {
    const open = await check(withoutDerived);
    const text = renderCheck("local.test", open, { width: 80, color: false });
    expect(text).toMatch(/P2 {2}1 VIOLATED/);
    expect(text).toMatch(/verdict +\d+ violations?\n$/);
  });
});

interface Posted {
  readonly kind: string;
  readonly moves: readonly Readonly<Record<string, unknown>>[];
}

describe("the command", () => {
  it("says yes by exit code 0, no by 1, and what it cannot read by a code", async () => {
    const good = await canswarm("check", ran.folder.data, "--ended", "--json").ended;
    expect([good.code, good.stderr]).toEqual([0, ""]);
    expect((JSON.parse(good.stdout) as CheckResult).violations).toBe(0);

    const path = ran.folder.write("forged.jsonl", forged(withoutDerived));
    const bad = await canswarm("check", path).ended;
    expect(bad.code).toBe(1);
    expect(bad.stdout).toMatch(/P2 {2}1 VIOLATED/);

    const none = await canswarm("check", `${path}.none`).ended;
    expect([none.code, none.stdout]).toEqual([2, ""]);
    expect(none.stderr).toContain("DATA_MISSING");
  });
});
