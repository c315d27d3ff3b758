/**
 * The weighted draw (protocol section 9): an order of candidates without replacement, from a seed and a
 * registry snapshot alone, so that anyone who has both recomputes it.
 *
 * D1 (P6)  Candidates are distinct, eligible and, with those already seated, diverse: an org has at most
 *          its share of the seats, so whichever of the order are skipped, the rest stay diverse.
 * D2 (E4)  Nobody who is a party or related to one is in the order.
 * D3       Integers only: weights are ppm products, chance is sha-256 of (seed, step).
 */

import { sha256Hex } from "#envelope/cid.ts";
import type { Parameters } from "../genesis/genesis.ts";
import { entityOf, partyOf, related } from "../registry/relations.ts";
import type { AgentRow, RegistrySnapshot } from "../registry/snapshot.ts";
import type { Credits, Did, LogMs } from "#protocol/words.ts";
import { seatsPerOrg } from "./eligible.ts";
import { poolOf } from "./pool.ts";

export interface DrawInput {
  readonly snapshot: RegistrySnapshot;
  readonly rows: ReadonlyMap<Did, AgentRow>;
  readonly parameters: Parameters;
  readonly capability: string;
  readonly bounty: Credits;
  /** Requester, worker, challenger: none of them, nor who is related to one, sits. */
  readonly parties: readonly Did[];
  /** Seated in earlier rounds of this question. */
  readonly seated: readonly Did[];
  readonly k: number;
  /** So many of the order are wanted; it may be longer. Absent: all of it. */
  readonly wanted?: number;
  /** 32 bytes. */
  readonly seed: Uint8Array;
  readonly nowMs: LogMs;
}

export interface Candidate {
  readonly did: Did;
  readonly weight: bigint;
  readonly org: string;
}

export interface Passed extends Candidate {
  readonly why: "stake" | "paused" | "party" | "related" | "seated" | "diversity";
}

export interface Drawn {
  readonly order: readonly Candidate[];
  /**
   * Verifiers of the capability that are not in the order, each with the first rule that keeps it out; where
   * only the first of the order were wanted, those who were not come to are nowhere.
   */
  readonly passed: readonly Passed[];
}

export const draw = (input: DrawInput): Drawn => {
  const { rows, parameters, parties, seated, wanted } = input;
  const pool = poolOf(input);
  const weighed = pool.weighed(input.nowMs);
  const others = parties.map((party) => partyOf(party, rows.get(party)));
  const passed: Passed[] = [];
  const urn: Candidate[] = [];
  for (const { row, org } of pool.known) {
    const weight = weighed.get(row.did);
    const candidate = { did: row.did, weight: weight ?? 0n, org };
    if (weight === undefined)
      passed.push({ ...candidate, why: row.paused === true ? "paused" : "stake" });
    else if (parties.includes(row.did)) passed.push({ ...candidate, why: "party" });
    else if (others.some((party) => related(row, party)))
      passed.push({ ...candidate, why: "related" });
    else if (seated.includes(row.did)) passed.push({ ...candidate, why: "seated" });
    else urn.push(candidate);
  }
  const perOrg = seatsPerOrg(2 * input.k - 1, parameters);
  const byOrg = new Map<string, number>();
  for (const did of seated) {
    const org = entityOf(rows.get(did));
    byOrg.set(org, (byOrg.get(org) ?? 0) + 1);
  }
  const order: Candidate[] = [];
  for (const candidate of shuffled(urn, input.seed)) {
    if (order.length === wanted) break;
    const held = byOrg.get(candidate.org) ?? 0;
    if (held >= perOrg) passed.push({ ...candidate, why: "diversity" });
    else {
      byOrg.set(candidate.org, held + 1);
      order.push(candidate);
    }
  }
  return { order, passed };
};

/**
 * Why an order cannot fill `least` seats, by name: too many of few orgs, or too few at all. Undefined where
 * it can.
 */
export const gapOf = (drawn: Drawn, least: number): string | undefined => {
  if (drawn.order.length >= least) return undefined;
  const kept = drawn.passed.filter(({ why }) => why === "diversity").length;
  return drawn.order.length + kept >= least ? "DIVERSITY_UNMET" : "QUORUM_UNAVAILABLE";
};

const SEED_BYTES = 32;
/** The seed and the number of the step, big-endian, whose hash is the step's chance: one array for all. */
const stepped = new Uint8Array(SEED_BYTES + 4);

/** Weighted, without replacement: each step draws from what is left, in proportion to its weight. */
function* shuffled(urn: readonly Candidate[], seed: Uint8Array): Iterable<Candidate> {
  if (seed.length !== SEED_BYTES) throw new RangeError(`a draw's seed has ${SEED_BYTES} bytes`);
  const left = [...urn];
  let total = left.reduce((sum, candidate) => sum + candidate.weight, 0n);
  for (let step = 0; left.length > 0; step += 1) {
    let at = 0;
    if (total > 0n) {
      let point = chanceBelow(seed, step, total);
      while (at < left.length - 1 && point >= (left[at]?.weight ?? 0n)) {
        point -= left[at]?.weight ?? 0n;
        at += 1;
      }
    }
    const [drawn] = left.splice(at, 1);
    if (drawn === undefined) return;
    total -= drawn.weight;
    yield drawn;
  }
}

/** 256 bits modulo the limit: weights are below 2^128, so the bias is below 2^-128. */
const chanceBelow = (seed: Uint8Array, step: number, limit: bigint): bigint => {
  stepped.set(seed);
  stepped[SEED_BYTES] = step >>> 24;
  stepped[SEED_BYTES + 1] = step >>> 16;
  stepped[SEED_BYTES + 2] = step >>> 8;
  stepped[SEED_BYTES + 3] = step;
  return BigInt(`0x${sha256Hex(stepped)}`) % limit;
};
