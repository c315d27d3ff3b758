/**
 * `npm run chaos`: real processes of `canswarm run`, killed, frozen, out of disk, with clocks that jump,
 * run after run, and what they leave behind held against every promise.
 */

import { parseArgs } from "node:util";
import { runEpisode, type EpisodeResult } from "./episode.ts";
import { episodeOf, KINDS, type Kind } from "./plan.ts";
import { episodeLine, renderReport, reportOf } from "./report.ts";

const HELP = `npm run chaos -- [options]
  --minutes <n>    begin no new run after so long (default 10, at most 14)
  --episodes <n>   so many runs at most
  --seed <n>       what will be done to which run (default 1)
  --only <kinds>   of ${KINDS.join(", ")}
  --needs <n>      of each run (default 60, at most 100)
  --json           one JSON object as the last line
Exit code 1 where a promise was broken; the folder of that run is kept.
`;

const MINUTES_MAX = 14;
const NEEDS_MAX = 100;

const refuse = (reason: string): never => {
  process.stderr.write(`chaos: ${reason}\n\n${HELP}`);
  process.exit(2);
};

const whole = (text: string, name: string, max: number): number =>
  /^\d{1,9}$/.test(text) && Number(text) >= 1 && Number(text) <= max
    ? Number(text)
    : refuse(`--${name} takes a whole number from 1 to ${max}, not ${text}`);

const kindsOf = (text: string): readonly Kind[] =>
  text
    .split(",")
    .map((name) => KINDS.find((kind) => kind === name) ?? refuse(`there is no fault ${name}`));

const optionsOf = () => {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  try {
    return parseArgs({
      options: {
        minutes: { ...text, default: "10" },
        episodes: { ...text, default: "999999999" },
        seed: { ...text, default: "1" },
        only: { ...text, default: KINDS.join(",") },
        needs: { ...text, default: "60" },
        json: flag,
        help: flag,
      },
    }).values;
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
};

const options = optionsOf();
if (options.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const endMs = whole(options.minutes, "minutes", MINUTES_MAX) * 60_000;
const episodes = whole(options.episodes, "episodes", 999_999_999);
const seed = whole(options.seed, "seed", 999_999_999);
const needs = whole(options.needs, "needs", NEEDS_MAX);
const kinds = kindsOf(options.only);
const results: EpisodeResult[] = [];
while (performance.now() < endMs && results.length < episodes) {
  const result = await runEpisode(episodeOf(seed, results.length, kinds, needs));
  results.push(result);
  process.stderr.write(`${episodeLine(result)}\n`);
}
const report = reportOf(seed, results, performance.now() / 1_000);
process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : renderReport(report));
if (report.wrong.length > 0) process.exitCode = 1;
