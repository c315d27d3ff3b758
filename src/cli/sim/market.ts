/** What a data folder or an audit tells of its market, for `canswarm sim --market`. */

import { readFileSync } from "node:fs";
import { z } from "zod";
import type { Evidence } from "../audit/evidence.ts";
import { CliError } from "../errors.ts";
import { amount, logsOf, type Plain, type SeenEntry } from "#sim/checkers/log-reader.ts";
import {
  MARKET_AGENTS_MAX,
  MARKET_NEEDS_MAX,
  type Market,
  type MarketNeed,
  type MarketWorker,
} from "#sim/plan/market.ts";

type Envelope = Extract<SeenEntry, { kind: "envelope" }>;

const wholeOf = (value: unknown): number => Number(amount(value));

const needOf = ({ body }: Envelope, atMs: number): MarketNeed => {
  const { kPlan, kResult, limits, selfAttestation } = body;
  return {
    atMs,
    bounty: wholeOf(body["bounty"]),
    verifyBounty: wholeOf(body["verifyBounty"]),
    tier: (body["tier"] ?? "small") as MarketNeed["tier"],
    deadlineMs: wholeOf(body["deadlineMs"]),
    ...(kPlan === undefined ? {} : { kPlan: wholeOf(kPlan) }),
    ...(kResult === undefined ? {} : { kResult: wholeOf(kResult) }),
    ...(limits === undefined ? {} : { limits: limits as NonNullable<MarketNeed["limits"]> }),
    ...(selfAttestation === true ? { selfAttestation } : {}),
    drawHash: body["drawHash"] !== undefined,
  };
};

/** An open bid, or a sealed one that was opened. */
const bidOf = ({ verb, body }: Envelope): Plain | undefined => {
  const bid = body["bid"] as Plain | undefined;
  if (bid === undefined) return undefined;
  return verb === "PROPOSE" ? (bid["open"] as Plain | undefined) : bid;
};

const middleOf = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const workerOf = (bids: readonly Plain[]): MarketWorker =>
  bids.length === 0
    ? {}
    : {
        price: middleOf(bids.map((bid) => wholeOf(bid["price"]))),
        etaMs: middleOf(bids.map((bid) => wholeOf(bid["etaMs"]))),
      };

const WORKER_VERBS = ["PROPOSE", "CLAIM", "COMMIT"];
const VERIFIER_VERBS = ["ATTEST_PLAN", "ATTEST", "VOTE"];

/** The first MARKET_NEEDS_MAX needs that were funded, and whoever took part. Refuses with USAGE. */
export const marketOf = async ({ path, header, heads, log }: Evidence): Promise<Market> => {
  const logs = new Map<number, Uint8Array[]>();
  for (const { bucket } of heads) {
    const records: Uint8Array[] = [];
    for await (const bytes of log(bucket)) records.push(bytes);
    logs.set(bucket, records);
  }
  const said = logsOf({ logs }).entries.filter((entry) => entry.kind === "envelope");
  const asked = said
    .filter(({ verb }) => verb === "NEED")
    .sort((a, b) => a.atMs - b.atMs)
    .slice(0, MARKET_NEEDS_MAX);
  if (asked.length === 0)
    throw new CliError("USAGE", { reason: `${path} holds no need`, command: "sim" });
  const startMs = asked[0]?.atMs ?? 0;
  const bids = new Map<string, Plain[]>();
  const verifiers = new Set<string>();
  for (const envelope of said) {
    const { from, verb } = envelope;
    if (VERIFIER_VERBS.includes(verb)) verifiers.add(from);
    if (!WORKER_VERBS.includes(verb)) continue;
    const bid = bidOf(envelope);
    bids.set(from, [...(bids.get(from) ?? []), ...(bid === undefined ? [] : [bid])]);
  }
  const workers = [...bids.values()].slice(0, MARKET_AGENTS_MAX / 2).map(workerOf);
  return {
    version: 1,
    name: header.swarm,
    needs: asked.map((envelope) => needOf(envelope, envelope.atMs - startMs)),
    workers,
    verifiers: Math.min(verifiers.size, MARKET_AGENTS_MAX - workers.length),
  };
};

const whole = z.int().min(0);
const shape = z.strictObject({
  version: z.literal(1),
  name: z.string(),
  needs: z
    .array(
      z.strictObject({
        atMs: whole,
        bounty: whole,
        verifyBounty: whole,
        tier: z.enum(["small", "medium", "high"]),
        deadlineMs: whole,
        kPlan: whole.optional(),
        kResult: whole.optional(),
        limits: z.strictObject({ awards: whole.optional(), failures: whole.optional() }).optional(),
        selfAttestation: z.literal(true).optional(),
        drawHash: z.boolean(),
      }),
    )
    .min(1)
    .max(MARKET_NEEDS_MAX),
  workers: z
    .array(z.strictObject({ price: whole.optional(), etaMs: whole.optional() }))
    .min(1)
    .max(MARKET_AGENTS_MAX),
  verifiers: z.int().min(1).max(MARKET_AGENTS_MAX),
});

/** A file that `--export` has written. Refuses with USAGE, naming the field. */
export const readMarket = (path: string): Market => {
  const refuse = (reason: string): CliError =>
    new CliError("USAGE", { reason: `--market ${path}: ${reason}`, command: "sim" });
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : "it cannot be read");
  }
  const parsed = shape.safeParse(json);
  if (parsed.success) return parsed.data as Market;
  const [issue] = parsed.error.issues;
  throw refuse(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? "it is no market"}`);
};
