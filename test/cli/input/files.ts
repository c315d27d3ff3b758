/** Input files in a folder of their own, and the rules they are checked by. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readInputs, type Inputs } from "#cli/input/inputs.ts";
import { localParameters } from "#domain/genesis/profiles.ts";
import type { InputRules } from "#cli/input/inputs.ts";

const MICRO = 1_000_000n;

const tier = (bountyMax: bigint, kResultMin: number, kPlanMin: number) => ({
  bountyMax: bountyMax * MICRO,
  kResultMin,
  kPlanMin,
  challengeWindowMs: 0,
  auctionWindowMs: 0,
  performanceBondPpm: 0,
  challengeBondPpm: 0,
  sealedVotes: false,
});

export const rules: InputRules = {
  minted: 10n ** 9n * MICRO,
  parameters: {
    ...localParameters,
    tiers: { small: tier(50n, 1, 1), medium: tier(1000n, 3, 1), high: tier(10n ** 6n, 5, 3) },
    verifyStakeMin: 100n * MICRO,
    diversityOrgPpm: 1_000_000,
  },
};

export const worker = (name: string, more: object = {}): object => ({
  name,
  role: "worker",
  capabilities: ["echo"],
  price: "1",
  run: { exec: ["node", "work.mjs"] },
  ...more,
});
export const verifier = (name: string, more: object = {}): object => ({
  ...worker(name),
  role: "verifier",
  ...more,
});
export const task = (id: string, more: object = {}): object => ({
  id,
  capability: "echo",
  input: { n: 1 },
  bounty: "2.5",
  verifyBounty: "0.5",
  ...more,
});

export const TEAM = { agents: [worker("w1"), verifier("v1"), verifier("v2")] };

export interface Folder {
  readonly path: string;
  write(name: string, content: string | Uint8Array): string;
  /** Read TASKS and AGENTS given as texts or values. */
  read(tasks: string | Uint8Array | readonly object[], agents?: unknown): Promise<Inputs>;
  remove(): void;
}

export const makeFolder = (): Folder => {
  const path = mkdtempSync(join(tmpdir(), "canswarm-input-"));
  const write: Folder["write"] = (name, content) => {
    writeFileSync(join(path, name), content);
    return join(path, name);
  };
  return {
    path,
    write,
    read: (tasks, agents = TEAM) => {
      const isText = typeof tasks === "string" || tasks instanceof Uint8Array;
      const lines = isText ? tasks : tasks.map((one) => JSON.stringify(one)).join("\n");
      const text = typeof agents === "string" ? agents : JSON.stringify(agents);
      return readInputs({ tasks: write("t.jsonl", lines), agents: write("a.json", text) }, rules);
    },
    remove: () => rmSync(path, { recursive: true }),
  };
};

/** `a.json:1 CODE …` of each bad line, with the folder taken off. */
export const codes = (inputs: Inputs): string[] =>
  inputs.kind === "ok"
    ? []
    : inputs.shown.map(({ file, line, code }) => `${file.replace(/^.*\//, "")}:${line} ${code}`);
