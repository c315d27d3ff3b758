/**
 * Posts needs whose workers are registered but never there, tells when all are acknowledged, and goes on
 * living until it is killed.
 * Usage: node bench/support/fill-needs.ts FOLDER COUNT
 */

import { isNack } from "#agent/client.ts";
import { enrolLoad } from "#cli/bench/lifecycle.ts";
import { needOf } from "#cli/bench/load-thread.ts";
import { clientFor } from "#cli/swarm/voice.ts";
import { signerFromSeed } from "#envelope/keys.ts";
import { openBenchSwarm } from "./market.ts";

const [dir = "", given] = process.argv.slice(2);
const count = Number(given);
/** Under way at a time. */
const OPEN = 512;
const DEADLINE_MS = 24 * 60 * 60_000;

const swarm = await openBenchSwarm(dir);
const setup = await enrolLoad(swarm, swarm.placement);
const requester = signerFromSeed(setup.requesterSeed);
const client = clientFor(swarm, swarm.link(), requester, () => undefined);

let next = 0;
const lane = async (): Promise<void> => {
  for (let serial = next++; serial < count; serial = next++) {
    const need = needOf(setup, serial, DEADLINE_MS);
    const receipt = await client.say("NEED", undefined, need, [], { untilTaken: true });
    if (isNack(receipt)) throw new Error(`need ${serial} is refused: ${receipt.code}`);
  }
};
await Promise.all(Array.from({ length: Math.min(OPEN, count) }, lane));
process.stdout.write("filled\n");
