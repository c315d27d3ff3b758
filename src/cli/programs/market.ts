/** Who takes part in the programs market, and what is asked of them. */

import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { RunSpec } from "#agent/runner/spec.ts";
import type { Credits } from "#protocol/words.ts";
import type { AgentSpec } from "../input/agents.ts";
import type { TaskLine } from "../input/tasks.ts";
import type { ProgramTask } from "./tasks.ts";

const CAPABILITY = "write-javascript";
const CENT: Credits = 10_000n;
const BOUNTY: Credits = 200n * CENT;
const VERIFY_BOUNTY: Credits = 20n * CENT;
/** Two testers must agree, so that no single one decides. */
const K_RESULT = 2;
const DEADLINE_MS = 120_000;

/** The buggy one is the cheapest and says it is fast: it is asked first as long as it is believed. */
export const WORKERS = [
  { name: "right", price: 100n * CENT, etaMs: 500 },
  { name: "buggy", price: 20n * CENT, etaMs: 200 },
  { name: "slow", price: 110n * CENT, etaMs: 6_000 },
] as const;
const TESTERS = ["test-a", "test-b", "test-c"] as const;

// Resolved by name, not by relative address: the published files end in .js.
const SOLVER = fileURLToPath(import.meta.resolve("#cli/programs/agents/solver.ts"));
const TESTER = fileURLToPath(import.meta.resolve("#cli/programs/agents/tester.ts"));

const agent = (
  name: string,
  role: "worker" | "verifier",
  run: RunSpec,
  more: { readonly price?: Credits; readonly etaMs?: number } = {},
): AgentSpec => ({
  name,
  role,
  capabilities: [CAPABILITY],
  price: more.price,
  etaMs: more.etaMs ?? 1_000,
  stake: undefined,
  credits: undefined,
  org: name,
  asn: undefined,
  region: undefined,
  model: undefined,
  run,
});

/** Three workers and three testers, each an org of its own. */
export const programAgents = (file: string | undefined): AgentSpec[] => [
  ...WORKERS.map(({ name, price, etaMs }) => {
    const where = file === undefined ? [] : [resolve(file)];
    const command = [process.execPath, SOLVER, name, ...where] as const;
    return agent(
      name,
      "worker",
      { kind: "exec", command, mode: "lines", plans: false },
      { price, etaMs },
    );
  }),
  ...TESTERS.map((name) => agent(name, "verifier", { kind: "module", path: TESTER })),
];

/** A need holds the task and its tests, and no solution. */
export const programNeeds = (tasks: readonly ProgramTask[]): TaskLine[] =>
  tasks.map(({ id, prompt, declaration, entryPoint, tests }, index) => ({
    id,
    capability: CAPABILITY,
    input: { kind: "value", value: { id, prompt, declaration, entryPoint, tests } },
    bounty: BOUNTY,
    verifyBounty: VERIFY_BOUNTY,
    tier: "small",
    kPlan: undefined,
    kResult: K_RESULT,
    deadlineMs: DEADLINE_MS,
    line: index + 1,
  }));
