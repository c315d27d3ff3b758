/** What a data folder or an audit file shows to the checkers: its logs, and no wires. */

import { leaderEntries, logsOf } from "#sim/checkers/log-reader.ts";
import type { Observation } from "#sim/checkers/observation.ts";
import type { Head } from "#ports/store.ts";
import type { Evidence } from "./evidence.ts";

/** `isQuiet`: whoever asks knows that everything in it has had its time to end. */
export const observationOf = async (evidence: Evidence, isQuiet: boolean): Promise<Observation> => {
  const logs = new Map<number, readonly Uint8Array[]>();
  const heads = new Map<number, Head>();
  for (const { bucket, records, size, hash, led } of evidence.heads) {
    if (led === undefined) continue;
    const chain: Uint8Array[] = [];
    for await (const bytes of evidence.log(bucket)) chain.push(bytes);
    logs.set(bucket, chain);
    heads.set(bucket, { bucket, epoch: led.epoch, records, size, hash });
  }
  const blocks = new Map<string, Uint8Array>();
  for (const { body } of leaderEntries(logsOf({ logs }), "REGISTRY")) {
    const cid = String(body["hash"]);
    const bytes = await evidence.beside?.block(cid);
    if (bytes !== undefined) blocks.set(cid, bytes);
  }
  return {
    genesis: evidence.header.genesisBytes,
    logs,
    heads,
    decideKeys: evidence.beside?.decideKeys() ?? new Map(),
    block: (cid) => blocks.get(cid),
    commits: [],
    leads: [],
    outputs: [],
    wires: [],
    isQuiet,
  };
};
