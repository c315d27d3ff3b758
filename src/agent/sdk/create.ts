/**
 * For authors of agents: functions of theirs become an agent that joins a supervisor over HTTP, or a
 * cluster over NATS, with a key of its own, and comes back under it after any cut or restart.
 */

import { join } from "node:path";
import { signerFromSeed, type Signer } from "#envelope/keys.ts";
import { systemClock } from "#adapters/system/clock.ts";
import { openKeys } from "#adapters/system/keys.ts";
import { systemRng } from "#adapters/system/rng.ts";
import { parseCredits } from "#protocol/amount.ts";
import type { HiredEvent } from "../hired-agent.ts";
import type { AgentRole, Door, LinkState, Welcome } from "../door.ts";
import { Api } from "../http/api.ts";
import { httpDoor } from "../http/door.ts";
import { joinSwarm, type JoinedAgent } from "../join.ts";
import { natsDoor, type NatsPlace } from "../nats/door.ts";
import { RUNNER_LIMITS, type RunnerLimits } from "../runner/limits.ts";
import { FunctionRunner, type Functions } from "./function-runner.ts";
import type { Learner, Strategy } from "./strategies.ts";

/** The folder of keys where none is named; a key is made at its first use. */
export const KEYS_DIR_DEFAULT = "canswarm-keys";
/** Work and judge calls under way at a time. */
const CALLS_DEFAULT = 4;
const ETA_DEFAULT_MS = 1_000;

export interface AgentOptions {
  /** Of the supervisor, such as http://127.0.0.1:7070; or `nats` in its place. */
  readonly url?: string;
  /** Where the NATS of a cluster is. */
  readonly nats?: NatsPlace;
  /** Also of the key's file. */
  readonly name: string;
  readonly capabilities: readonly string[];
  /** The operator's token, on the first start, where the operator starts the agent itself. */
  readonly token?: string;
  /** What the operator's `canswarm welcome` printed, on the first start, for everybody else. */
  readonly welcome?: Welcome;
  /** A 32-byte seed; without it the key lies in `keysDir` under `name`. */
  readonly seed?: Uint8Array;
  readonly keysDir?: string;
  readonly callsMax?: number;
  readonly limits?: Partial<RunnerLimits>;
  readonly onState?: (state: LinkState) => void;
  /** Calls that failed, envelopes that were refused. */
  readonly onEvent?: (event: HiredEvent) => void;
}

export interface WorkerOptions extends AgentOptions {
  readonly work: NonNullable<Functions["work"]>;
  /** Decimal credits; or a strategy in its place. */
  readonly price?: string;
  readonly bid?: Strategy | Learner;
  /** Told with the price: how long a work call takes, ms. */
  readonly etaMs?: number;
}

export interface VerifierOptions extends AgentOptions {
  readonly judge: NonNullable<Functions["judge"]>;
  /** Judges plans as well; without it a plan passes whose price and time fit the need. */
  readonly plan?: Functions["plan"];
}

/** Refuses with an ApiError. */
export const createWorker = (options: WorkerOptions): Promise<JoinedAgent> => {
  const { work, bid, price, etaMs } = options;
  if (price === undefined && bid === undefined)
    throw new TypeError("a worker has a price or a bid");
  const learner = typeof bid === "object" ? bid : undefined;
  const strategy = learner === undefined ? (bid as Strategy | undefined) : learner.bid;
  const functions: Functions = {
    work: (call, context) => {
      learner?.won(call.need.id);
      return work(call, context);
    },
    ...(strategy === undefined ? {} : { bid: strategy }),
  };
  return create(options, "worker", functions, { price: price ?? "0", etaMs });
};

/** Refuses with an ApiError. */
export const createVerifier = (options: VerifierOptions): Promise<JoinedAgent> => {
  const { judge, plan } = options;
  const functions: Functions = { judge, ...(plan === undefined ? {} : { plan }) };
  return create(options, "verifier", functions, { price: "0", etaMs: undefined });
};

const create = async (
  options: AgentOptions,
  role: AgentRole,
  functions: Functions,
  offer: { readonly price: string; readonly etaMs: number | undefined },
): Promise<JoinedAgent> => {
  const { name, capabilities, welcome, callsMax, limits, onEvent } = options;
  const price = parseCredits(offer.price);
  if (price === undefined) throw new TypeError(`${offer.price} is no amount of credits like "2.5"`);
  const signer = signerFromSeed(options.seed ?? seedOf(name, options.keysDir));
  return joinSwarm({
    door: await doorFor(options, signer),
    signer,
    clock: systemClock(),
    name,
    role,
    capabilities,
    runner: new FunctionRunner(functions, {
      callsMax: callsMax ?? CALLS_DEFAULT,
      limits: { ...RUNNER_LIMITS, ...limits },
    }),
    price,
    etaMs: offer.etaMs ?? ETA_DEFAULT_MS,
    outboxPath: outboxOf(signer.did, options.keysDir),
    ...(welcome === undefined ? {} : { welcome }),
    ...(onEvent === undefined ? {} : { onEvent }),
  });
};

const doorFor = async (options: AgentOptions, signer: Signer): Promise<Door> => {
  const { url, nats, token, onState } = options;
  const rest = { signer, clock: systemClock(), ...(onState === undefined ? {} : { onState }) };
  if (nats !== undefined) return natsDoor({ ...nats, ...rest });
  if (url === undefined) throw new TypeError("an agent has a url or a nats");
  return httpDoor({ api: new Api(url, token), ...rest });
};

/** Beside the keys, by the agent's did. */
export const outboxOf = (did: string, keysDir: string = KEYS_DIR_DEFAULT): string =>
  join(keysDir, "outbox", `${did.replaceAll(":", "_")}.jsonl`);

/** The key of this name, made where there is none. */
export const seedOf = (name: string, keysDir: string = KEYS_DIR_DEFAULT): Uint8Array =>
  openKeys(keysDir, systemRng()).seed(name);
