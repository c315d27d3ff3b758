/**
 * Whether a life costs the same however many needs have ended and however many are live: one host and all
 * agents on this one thread (as lifecycle.ts), at the beginning and again when so many are there.
 *
 *     node bench/micro/flat.ts [--ended 100000] [--live 10000] [--seconds 10] [--warmup 10] [--open 256]
 *
 * `--warmup`: seconds before the first measure, in which everything is compiled.
 *
 * A machine is not as fast in one minute as in another, so each life is told in exchanges: an envelope of
 * its size encoded, signed, sent, decoded and verified by itself, for a second before it and after it.
 */

import { isNack } from "#agent/client.ts";
import { exchange } from "#cli/bench/floor-thread.ts";
import { enrolLoad } from "#cli/bench/lifecycle.ts";
import { Load, needOf } from "#cli/bench/load-thread.ts";
import { clientFor } from "#cli/swarm/voice.ts";
import { sha256 } from "#envelope/cid.ts";
import { signerFromSeed } from "#envelope/keys.ts";
import { bestSuite } from "#envelope/signature/suite.ts";
import { microFlags } from "../support/flags.ts";
import { benchFolder, liveNeeds, patientFolder } from "../support/market.ts";
import { openOneThread } from "../support/one-thread.ts";
import { note, numberText, tellFigures } from "../support/report.ts";

const { ended, live, seconds, warmup, open, isJson } = microFlags({
  ended: 100_000,
  live: 10_000,
  seconds: 10,
  warmup: 10,
  open: 256,
});
const SECOND_MS = 1_000;
const LIVE_DEADLINE_MS = 24 * 60 * 60_000;
/** Live needs that are posted at a time. */
const POSTED_TOGETHER = 512;
const MIB = 1_048_576;

const folder = benchFolder();
process.once("exit", () => folder[Symbol.dispose]());
const { swarm, sqlite, add } = await openOneThread(patientFolder(folder.dir));
const setup = await enrolLoad(swarm, swarm.placement);
/** Its worker is registered, and never there: needs of it stay live. */
const idle = setup.capabilities.slice(-1);
const openLoad = async (firstSerial: number): Promise<Load> => {
  const load = new Load();
  const agents = setup.agents.filter(
    ({ name }) => name !== `worker-${setup.capabilities.length - 1}`,
  );
  const capabilities = setup.capabilities.slice(0, -1);
  await load.open({ ...setup, capabilities, agents, firstSerial }, sqlite.port());
  add((index, port) => load.connect(index, port));
  return load;
};

const signer = signerFromSeed(sha256(Uint8Array.of(1)));
const suite = bestSuite();
/** CPU of one exchange now, µs. */
const exchangeMicros = (): number => {
  const before = process.threadCpuUsage();
  const untilMs = performance.now() + SECOND_MS;
  let count = 0;
  for (; performance.now() < untilMs; count += 1) exchange(signer, suite, 1, count);
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / count;
};

let load = await openLoad(0);
let finalized = 0;
let posted = 0;
const lives = async (ms: number): Promise<number> => {
  const before = process.threadCpuUsage();
  const result = await load.run({ open, ms });
  const { user, system } = process.threadCpuUsage(before);
  finalized += result.finalized;
  posted += result.posted;
  return (user + system) / result.finalized;
};

interface Cost {
  readonly micros: number;
  /** The same in exchanges. */
  readonly exchanges: number;
  readonly residentMib: number;
}

const cost = async (): Promise<Cost> => {
  const before = exchangeMicros();
  const micros = await lives(seconds * SECOND_MS);
  const yardstick = (before + exchangeMicros()) / 2;
  const { rss } = process.memoryUsage();
  return { micros, exchanges: micros / yardstick, residentMib: rss / MIB };
};

const postLive = async (): Promise<void> => {
  const requester = signerFromSeed(setup.requesterSeed);
  const client = clientFor(swarm, swarm.link(), requester, () => undefined);
  const patient = { ...setup, capabilities: idle };
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

await lives(warmup * SECOND_MS);
const first = await cost();
note(`${numberText(finalized)} have ended: ${first.micros.toFixed(0)} µs a life`);
await load.close();
await postLive();
load = await openLoad(posted);
note(`${numberText(live)} are live`);
while (finalized < ended) {
  const before = finalized;
  await lives(Math.min(60, seconds) * SECOND_MS);
  if (finalized === before) throw new Error("no need ends any more");
  note(`${numberText(finalized)} have ended`);
}
const last = await cost();
const found = await liveNeeds(swarm);
if (found !== live) throw new Error(`${found} of ${live} needs are live`);
tellFigures(
  "flat",
  [
    { name: "CPU of a life at the beginning", value: first.micros, unit: "µs" },
    {
      name: `CPU of a life, ${numberText(finalized)} ended, ${numberText(live)} live`,
      value: last.micros,
      unit: "µs",
    },
    {
      name: "the same, in exchanges of an envelope",
      value: last.exchanges,
      unit: "exchanges",
      floor: { name: "what it was at the beginning", value: first.exchanges },
    },
    {
      name: "resident memory",
      value: last.residentMib,
      unit: "MiB",
      floor: { name: "what it was at the beginning", value: first.residentMib },
    },
  ],
  { isJson },
);
process.exit(0);
