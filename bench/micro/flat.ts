/**
 * Whether a life costs the same however many needs have ended and however many are live: one host and all
 * agents on one thread (as lifecycle.ts), and beside it, in a process of its own, the same with nothing
 * behind it. When so many have ended the two are measured in turns, for a machine is not as fast in one
 * minute as in the next; the median of the rounds counts.
 *
 *     node bench/micro/flat.ts [--ended 100000] [--live 10000] [--seconds 10] [--rounds 5] [--warmup 10]
 *                              [--open 256] [--json]
 *
 * `--warmup`: seconds before the first measure, in which everything is compiled. Of the young swarm as well;
 * between its turns it stands still.
 */

import { isNack } from "#agent/client.ts";
import { needOf } from "#cli/bench/load-thread.ts";
import { clientFor } from "#cli/swarm/voice.ts";
import { signerFromSeed } from "#envelope/keys.ts";
import { microFlags } from "../support/flags.ts";
import { Lives, LivesBeside } from "../support/lives.ts";
import { benchFolder, liveNeeds } from "../support/market.ts";
import { note, numberText, tellFigures } from "../support/report.ts";
import { spreadOf, type Spread } from "../support/statistics.ts";

const { ended, live, seconds, rounds, warmup, open, isJson } = microFlags({
  ended: 100_000,
  live: 10_000,
  seconds: 10,
  rounds: 5,
  warmup: 10,
  open: 256,
});
const SECOND_MS = 1_000;
const LIVE_DEADLINE_MS = 24 * 60 * 60_000;
/** Live needs that are posted at a time. */
const POSTED_TOGETHER = 512;
/** Of a round's time, how often it goes by between two looks at how many have ended. */
const FILL_ROUNDS = 6;
const MIB = 1_048_576;

const [folder, youngFolder] = [benchFolder(), benchFolder()];
process.once("exit", () => [folder, youngFolder].forEach((one) => one[Symbol.dispose]()));
const lives = await Lives.open(folder.dir, open);
const { swarm, setup } = lives;
const residentMib = (): number => process.memoryUsage().rss / MIB;

const postLive = async (): Promise<void> => {
  const requester = signerFromSeed(setup.requesterSeed);
  const client = clientFor(swarm, swarm.link(), requester, () => undefined);
  const patient = { ...setup, capabilities: lives.idle };
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let serial = next++; serial < live; serial = next++) {
      const need = { ...needOf(patient, serial, LIVE_DEADLINE_MS), key: `live${serial}` };
      const receipt = await client.say("NEED", undefined, need, [], { untilTaken: true });
      if (isNack(receipt)) throw new Error(`need ${serial} is refused: ${receipt.code}`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(POSTED_TOGETHER, live) }, lane));
  client.close();
};

const spreadText = ({ median, least, most }: Spread): string =>
  [median, least, most].map((micros) => micros.toFixed(0)).join(", ");

await lives.run(warmup * SECOND_MS);
const firstMib = residentMib();
await lives.leave();
await postLive();
note(`${numberText(live)} are live`);
while (lives.finalized < ended) {
  await lives.run(FILL_ROUNDS * seconds * SECOND_MS);
  note(`${numberText(lives.finalized)} have ended`);
}
const young = new LivesBeside(youngFolder.dir, open);
await young.run(warmup * SECOND_MS);
const [old, fresh]: [number[], number[]] = [[], []];
for (let round = 0; round < rounds; round += 1) {
  old.push(await lives.run(seconds * SECOND_MS));
  fresh.push(await young.run(seconds * SECOND_MS));
}
young.close();
const [grown, start] = [spreadOf(old), spreadOf(fresh)];
note(`µs a life, median, least, most: ${spreadText(grown)}; of a young swarm ${spreadText(start)}`);
const found = await liveNeeds(swarm);
if (found !== live) throw new Error(`${found} of ${live} needs are live`);
tellFigures(
  "flat",
  [
    {
      name: `CPU of a life, ${numberText(lives.finalized)} ended, ${numberText(live)} live`,
      value: grown.median,
      unit: "µs",
      floor: { name: "the same of a young swarm, in turns with it", value: start.median },
    },
    {
      name: "resident memory",
      value: residentMib(),
      unit: "MiB",
      floor: { name: "what it was at the beginning", value: firstMib },
    },
  ],
  { isJson },
);
process.exit(0);
