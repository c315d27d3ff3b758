/** Who takes part in the main job, and what is asked of them. */

import { fileURLToPath } from "node:url";
import type { AgentSpec } from "#cli/input/agents.ts";
import type { TaskLine } from "#cli/input/tasks.ts";
import type { Credits } from "#protocol/words.ts";
import { CHEATS, type Cheat } from "./cheats.ts";
import type { ChosenFile } from "./files.ts";

export const CAPABILITY = "minify-js";
const CREDIT: Credits = 1_000_000n;
const KIBIBYTE = 1024;

/** A file's bounty: one credit, and a tenth for each started KiB. */
const BOUNTY_BASE: Credits = CREDIT;
const BOUNTY_PER_KIB: Credits = CREDIT / 10n;
const VERIFY_BOUNTY: Credits = CREDIT / 10n;
/** Two verifiers must agree, so that no single one decides. */
const K_RESULT = 2;
const DEADLINE_MS = 60_000;

// Resolved by name, not by relative address: the published files end in .js.
const WORKERS = [
  { name: "esbuild", module: import.meta.resolve("#cli/demo/agents/esbuild.ts") },
  { name: "swc", module: import.meta.resolve("#cli/demo/agents/swc.ts") },
  { name: "terser", module: import.meta.resolve("#cli/demo/agents/terser.ts") },
  { name: "uglify", module: import.meta.resolve("#cli/demo/agents/uglify.ts") },
  { name: "oxc", module: import.meta.resolve("#cli/demo/agents/oxc.ts") },
  { name: "blend", module: import.meta.resolve("#cli/demo/agents/blend.ts") },
  { name: "cheat-empty", module: import.meta.resolve("#cli/demo/agents/cheat-empty.ts") },
  { name: "cheat-export", module: import.meta.resolve("#cli/demo/agents/cheat-export.ts") },
  { name: "cheat-operator", module: import.meta.resolve("#cli/demo/agents/cheat-operator.ts") },
  { name: "cheat-size", module: import.meta.resolve("#cli/demo/agents/cheat-size.ts") },
] as const;
const VERIFIERS = ["check-a", "check-b", "check-c"] as const;
const VERIFIER_MODULE = import.meta.resolve("#cli/demo/agents/verifier.ts");

const agent = (name: string, role: "worker" | "verifier", module: string): AgentSpec => ({
  name,
  role,
  capabilities: [CAPABILITY],
  price: undefined,
  etaMs: 1_000,
  stake: undefined,
  credits: undefined,
  org: name,
  asn: undefined,
  region: undefined,
  model: undefined,
  run: { kind: "module", path: fileURLToPath(module) },
});

/** The lie of a worker of that name; undefined: an honest one. */
export const cheatOfWorker = (name: string): Cheat | undefined =>
  CHEATS.find((cheat) => name === `cheat-${cheat}`);

/** Ten workers, of which four cheat, and three verifiers, each an org of its own. */
export const demoAgents = (): AgentSpec[] => [
  ...WORKERS.map(({ name, module }) => agent(name, "worker", module)),
  ...VERIFIERS.map((name) => agent(name, "verifier", VERIFIER_MODULE)),
];

export const bountyOf = (bytes: number): Credits =>
  BOUNTY_BASE + BOUNTY_PER_KIB * BigInt(Math.ceil(bytes / KIBIBYTE));

export const demoTasks = (files: readonly ChosenFile[]): TaskLine[] =>
  files.map(({ path, absolute, bytes }, index) => ({
    id: path,
    capability: CAPABILITY,
    input: { kind: "file", file: path, path: absolute },
    bounty: bountyOf(bytes),
    verifyBounty: VERIFY_BOUNTY,
    tier: "small",
    kPlan: undefined,
    kResult: K_RESULT,
    deadlineMs: DEADLINE_MS,
    line: index + 1,
  }));
