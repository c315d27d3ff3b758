/**
 * `npm run bench:peers`: a task of three steps in what a user could pick instead, each on this machine, one
 * after the other in one run, and canswarm beside them. What one lacks is told in the table: the rates are
 * not of the same promise.
 *
 * Usage: node bench/peers/main.ts [--seconds 5] [--only NAME]... [--json]
 */

import { parseArgs } from "node:util";
import { machine, note, numberText, tableText, tell } from "../support/report.ts";
import { significant } from "../support/statistics.ts";
import { BARE_PEERS } from "./bare.ts";
import { BULLMQ } from "./bullmq.ts";
import { CANSWARM } from "./canswarm.ts";
import { measureTask, type Rates } from "./closed-loop.ts";
import { DBOS_PEER } from "./dbos.ts";
import type { Peer } from "./peer.ts";
import { RESTATE } from "./restate.ts";

const PEERS: readonly Peer[] = [CANSWARM, ...BULLMQ, DBOS_PEER, RESTATE, ...BARE_PEERS];

const { values: flags } = parseArgs({
  options: {
    seconds: { type: "string", default: "5" },
    only: { type: "string", multiple: true },
    json: { type: "boolean", default: false },
  },
});
const seconds = Number(flags.seconds);
const names = PEERS.map(({ name }) => name);
const unknown = (flags.only ?? []).filter((name) => !names.includes(name));
if (unknown.length > 0 || !(seconds > 0)) {
  note(`usage: --seconds takes a number above 0, --only one of ${names.join(", ")}`);
  process.exit(2);
}

type Outcome =
  | { readonly kind: "measured"; readonly peer: Peer; readonly rates: Rates }
  | { readonly kind: "missing"; readonly peer: Peer; readonly reason: string };

const rate = async (peer: Peer): Promise<Rates> => {
  if (peer.kind === "own") return peer.measure(seconds);
  await using ends = new AsyncDisposableStack();
  return await measureTask(await peer.open(ends), seconds);
};

const outcomeOf = async (peer: Peer): Promise<Outcome> => {
  note(`${peer.name}: ${peer.what}`);
  try {
    return { kind: "measured", peer, rates: await rate(peer) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    note(`${peer.name}: not measured: ${reason}`);
    return { kind: "missing", peer, reason };
  }
};

const cells = (outcome: Outcome): readonly string[] => {
  const { name, guarantees } = outcome.peer;
  const { durable, signed, verified, exactlyOnce } = guarantees;
  const promised = [durable, signed, verified, exactlyOnce];
  if (outcome.kind === "missing") return [name, ...promised, "not measured"];
  const { tasksPerSecond, p50Ms, p99Ms, open } = outcome.rates;
  return [
    name,
    ...promised,
    numberText(significant(tasksPerSecond)),
    ...[p50Ms, p99Ms].map((ms) => String(significant(ms))),
    String(open),
  ];
};

const outcomes: Outcome[] = [];
for (const peer of PEERS) {
  if (flags.only !== undefined && !flags.only.includes(peer.name)) continue;
  outcomes.push(await outcomeOf(peer));
}
const head = ["peer", "durable", "signed", "verified by others", "exactly once"];
const missing = outcomes.flatMap((one) =>
  one.kind === "missing" ? [`${one.peer.name}: ${one.reason}`] : [],
);
tell({
  bench: "peers",
  isJson: flags.json,
  text: [
    tableText([...head, "tasks/s", "p50 ms", "p99 ms", "open"], outcomes.map(cells), head.length),
    `load of the machine afterwards: ${machine().loadBefore}`,
    ...missing,
  ].join("\n"),
  result: {
    seconds,
    peers: Object.fromEntries(
      outcomes.map(({ peer, ...outcome }) => [
        peer.name,
        {
          what: peer.what,
          guarantees: peer.guarantees,
          ...("rates" in outcome
            ? outcome.rates
            : { missing: (outcome as { reason: string }).reason }),
        },
      ]),
    ),
  },
});
process.exit(missing.length === outcomes.length ? 1 : 0);
