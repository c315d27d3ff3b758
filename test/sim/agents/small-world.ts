/** A small world without faults, in which one agent means no good, and what can be read off its run. */

import { decodeEnvelope, decodeSigned } from "#envelope/envelope.ts";
import type { Receipt } from "#protocol/notices.ts";
import { decodeRecord, type Entry } from "#runtime/log/record.ts";
import type { Observation } from "#sim/checkers/observation.ts";
import { planOf } from "#sim/plan/draw.ts";
import type { AgentPlan, NeedPlan, Plan } from "#sim/plan/plan.ts";
import { simulate, type RunReport } from "#sim/run/simulate.ts";
import { FAIR_WEATHER } from "#sim/world/network.ts";

const CREDIT = 1_000_000;

export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const agent = (
  name: string,
  role: AgentPlan["role"],
  change: Partial<AgentPlan> = {},
): AgentPlan => ({
  name,
  role,
  behaviour: "honest",
  org: name,
  stake: role === "worker" ? 0 : 1_000,
  credits: 1_000,
  price: CREDIT,
  etaMs: 1_000,
  callMs: [20, 200],
  driftPpm: 0,
  skewMs: 0,
  ...change,
});

export const need = (index: number, change: Partial<NeedPlan> = {}): NeedPlan => ({
  key: `need-${index}`,
  atMs: index * 700,
  requester: 0,
  input: index + 2,
  bounty: 3 * CREDIT,
  verifyBounty: CREDIT / 2,
  tier: "small",
  deadlineMs: 20_000,
  drawHash: false,
  ...change,
});

export const HONEST = [
  agent("worker-0", "worker"),
  agent("worker-1", "worker", { price: 2 * CREDIT }),
  agent("verifier-0", "verifier"),
  agent("verifier-1", "verifier"),
  agent("verifier-2", "verifier"),
];

export const planWith = (
  agents: readonly AgentPlan[],
  needs: readonly NeedPlan[],
  change: Partial<Plan> = {},
): Plan => ({
  ...planOf(1),
  governing: [],
  hosts: 2,
  buckets: [3, 4],
  overrides: { bootstrapUntilAgents: 0 },
  weather: FAIR_WEATHER,
  supervisors: [{ driftPpm: 0, skewMs: 0 }],
  mailbox: { messagesMax: 16_384, senderMessagesMax: 8_192, turnInputsMax: 512 },
  snapshotRecords: 2_048,
  restartsMax: 5,
  threadMsMax: 1,
  storeMsMax: 1,
  requesters: [{ credits: 10_000 }],
  agents,
  needs,
  faults: [],
  safetyMs: 30_000,
  ...change,
});

export interface Said {
  readonly by: string;
  readonly id: string;
  readonly verb: string;
  readonly thread: string;
  readonly nonce: number;
  readonly receipts: readonly Receipt[];
}

export interface Seen {
  readonly report: RunReport;
  readonly observation: Observation;
  /** Whatever could be read as an envelope, once for each id, with all that was answered. */
  readonly said: readonly Said[];
  /** Every entry of every log. */
  readonly entries: readonly Entry[];
}

export const entriesOf = ({ logs }: Pick<Observation, "logs">): Entry[] =>
  [...logs.values()].flatMap((chain) => chain.flatMap((bytes) => decodeRecord(bytes).entries));

const saidIn = ({ wires, outputs }: Observation): Said[] => {
  const receipts = new Map<string, Receipt[]>();
  for (const output of outputs) {
    if (output.kind !== "receipt") continue;
    const receipt = output.receipt as Receipt;
    receipts.set(receipt.envelope, [...(receipts.get(receipt.envelope) ?? []), receipt]);
  }
  const said = new Map<string, Said>();
  for (const { from: by, wire } of wires) {
    try {
      const { id, bytes } = decodeSigned(wire);
      const { verb, thread = id, nonce } = decodeEnvelope(bytes);
      if (!said.has(id))
        said.set(id, { by, id, verb, thread, nonce, receipts: receipts.get(id) ?? [] });
    } catch {
      // Not everything on a wire is an envelope here.
    }
  }
  return [...said.values()];
};

export const run = async (plan: Plan): Promise<Seen> => {
  let observation: Observation | undefined;
  const report = await simulate({
    plan,
    settled,
    check: (seen) => {
      observation = seen;
      return { violations: [], notCovered: [] };
    },
  });
  if (observation === undefined) throw new Error("nothing was observed");
  return { report, observation, said: saidIn(observation), entries: entriesOf(observation) };
};

export const codesOf = (said: readonly Said[]): Set<string> =>
  new Set(
    said.flatMap(({ receipts }) =>
      receipts.map((receipt) => (receipt.kind === "ack" ? "ack" : receipt.code)),
    ),
  );

/** How often each verb stands in the log as the leader's own. */
export const derived = (entries: readonly Entry[], verb: string): readonly unknown[] =>
  entries.flatMap((entry) => (entry.kind === "derived" && entry.verb === verb ? [entry.body] : []));
