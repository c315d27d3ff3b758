/** canswarm itself in the same table: `canswarm bench`, whose task is a whole life of a need. */

import { fileURLToPath } from "node:url";
import { outputOf } from "../support/processes.ts";
import type { Rates } from "./closed-loop.ts";
import type { Peer } from "./peer.ts";

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const OPEN = 512;
/** Beside the lifecycles: start, enrolment, warm-up, floors. */
const BESIDE_MS_MAX = 120_000;

const measure = async (seconds: number): Promise<Rates> => {
  const args = [main, "bench", "--json", "--seconds", String(seconds), "--open", String(OPEN)];
  const timeoutMs = seconds * 1_000 + BESIDE_MS_MAX;
  const lines = (await outputOf(process.execPath, args, { timeoutMs })).trim().split("\n");
  const { tasksPerSecond, latencyMs } = JSON.parse(lines.at(-1) ?? "") as {
    readonly tasksPerSecond: number;
    readonly latencyMs: { readonly p50: number; readonly p99: number };
  };
  return { tasksPerSecond, p50Ms: latencyMs.p50, p99Ms: latencyMs.p99, open: OPEN };
};

export const CANSWARM: Peer = {
  kind: "own",
  name: "canswarm",
  what: "canswarm embedded: auction, plan vote, lease, work, 2 verdicts, payment from escrow",
  guarantees: {
    durable: "fsynced before each receipt and notice",
    signed: "every envelope",
    verified: "plan by 1, result by 2 drawn verifiers",
    exactlyOnce: "one decision and one payment an attempt; a lost attempt is worked on again",
  },
  measure,
};
