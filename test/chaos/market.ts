/** The market of an episode: squares, by programs that take their time and one that lies. */

import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  lines,
  market,
  module,
  tasks,
  verifier,
  worker,
  type MarketFolder,
} from "../integration/square-market.ts";

/** A worker that thinks for so long, ms: a run is to last long enough to be struck. */
const WORK_MS = 120;

const SLOW = `
import readline from "node:readline";
const say = (answer) => console.log(JSON.stringify(answer));
readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, ping, input } = JSON.parse(line);
  if (ping !== undefined) return say({ pong: ping, id });
  setTimeout(() => say({ id, output: { square: input.n ** 2 } }), ${WORK_MS});
});
`;

/** Leases that end soon: a frozen worker is to be given up within the run. */
const PARAMETERS = "{ heartbeatMs: 1_000, leaseDefaultMs: 5_000 }";

export interface ChaosMarket extends MarketFolder {
  /** Arguments of `run`. */
  readonly runArgs: readonly string[];
}

export const chaosMarket = (needs: number): ChaosMarket => {
  const slow = { exec: [process.execPath, "slow.mjs"], mode: "lines" };
  const folder = market(tasks(needs), [
    worker("liar", "1", lines("liar")),
    worker("slow", "1.5", slow),
    worker("slow2", "1.6", slow),
    worker("quick", "2", module),
    verifier("v1", module),
    verifier("v2", lines()),
    verifier("v3", module),
    verifier("v4", lines()),
    verifier("v5", module),
  ]);
  folder.write("slow.mjs", SLOW);
  const disk = join(folder.folder, "disk");
  mkdirSync(disk);
  chmodSync(disk, 0o700);
  const data = join(disk, "data");
  const at = folder.args.indexOf("--data");
  const args = folder.args.with(at + 1, data);
  return { ...folder, data, args, runArgs: [...args, ...folder.config(PARAMETERS)] };
};
