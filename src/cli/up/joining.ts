/**
 * Agents of this process that join a running swarm: each with a key of its own, over a connection of
 * its own. One that cannot join is told and the others go on.
 */

import { resolve } from "node:path";
import { signerFromSeed, type Signer } from "#envelope/keys.ts";
import type { Door, LinkState, Welcome, Wishes } from "#agent/door.ts";
import type { HiredEvent } from "#agent/hired-agent.ts";
import { joinSwarm, type JoinedAgent } from "#agent/join.ts";
import { createRunner } from "#agent/runner/create.ts";
import { outboxOf, seedOf } from "#agent/sdk/create.ts";
import { systemClock } from "#adapters/system/clock.ts";
import { toldError } from "../errors.ts";
import type { AgentSpec } from "../input/agents.ts";
import { formatAmount } from "../input/amount.ts";

/** Of AGENTS.json, or of the command line, which has no labels and grants. */
export type Joiner = Pick<AgentSpec, "name" | "role" | "capabilities" | "price" | "etaMs" | "run"> &
  Partial<Pick<AgentSpec, "org" | "asn" | "region" | "model" | "credits" | "stake">>;

export interface JoiningOptions {
  /** The way in for one of them. Refuses with an ApiError. */
  readonly doorOf: (signer: Signer, onState: (state: LinkState) => void) => Promise<Door>;
  readonly joiners: readonly Joiner[];
  /** In which their programs run. */
  readonly folder: string;
  /** Folder of their keys. No guest of the sandbox sees it, nor those of `hidden`. */
  readonly keys: string;
  readonly hidden: readonly string[];
  readonly welcomeOf: (name: string) => Welcome | undefined;
  readonly say: (text: string) => void;
}

export interface Joined {
  /** Throws what kept the first from joining where nobody could. */
  readonly ready: Promise<void>;
  /** Those that are here leave. */
  readonly close: () => Promise<void>;
}

const eventText = (event: HiredEvent): string => {
  switch (event.type) {
    case "failed":
      return `${event.call} failed: ${event.code} ${event.detail}`;
    case "refused":
      return `${event.verb} was refused: ${event.code}`;
    case "reconciled": {
      const { verb, thread, result, code } = event;
      const became = result === "merged" ? "it is in" : `too late, ${code ?? ""}`;
      return `${result}: ${verb} in ${thread}, which was kept while nobody answered: ${became}`;
    }
  }
};

const wishesOf = ({ org, asn, region, model, credits, stake }: Joiner): Wishes => {
  const amounts = [
    ["credits", credits],
    ["stake", stake],
  ] as const;
  const texts = [
    ["org", org],
    ["asn", asn],
    ["region", region],
    ["model", model],
    ...amounts.map(([name, sum]) => [name, sum === undefined ? sum : formatAmount(sum)] as const),
  ] as const;
  return Object.fromEntries(texts.filter(([, text]) => text !== undefined));
};

/** What became of an agent's connection, told once it has been here. */
const stateTeller = (say: (text: string) => void): ((state: LinkState) => void) => {
  let isKnown = false;
  return (state) => {
    if (state.kind === "cut") say(`cut off (${state.reason}); again in ${state.againMs} ms`);
    else if (isKnown) say("here again");
    else isKnown = true;
  };
};

const join = async (joiner: Joiner, options: JoiningOptions): Promise<JoinedAgent> => {
  const { doorOf, folder, keys, welcomeOf, hidden, joiners, say } = options;
  const { name, role, capabilities, price, etaMs, run } = joiner;
  const tell = joiners.length === 1 ? say : (text: string) => say(`${name}: ${text}`);
  const signer = signerFromSeed(seedOf(name, keys));
  const welcome = welcomeOf(name);
  const agent = await joinSwarm({
    door: await doorOf(signer, stateTeller(tell)),
    signer,
    clock: systemClock(),
    name,
    role,
    capabilities,
    runner: createRunner(run, { cwd: folder, hidden: [resolve(keys), ...hidden] }),
    price: price ?? 0n,
    etaMs,
    ...(welcome === undefined ? {} : { welcome }),
    wishes: wishesOf(joiner),
    outboxPath: outboxOf(signer.did, keys),
    onEvent: (event) => tell(eventText(event)),
  });
  say(`${name} is here as ${role} for ${capabilities.join(", ")}: ${signer.did}`);
  return agent;
};

export const joinAll = (options: JoiningOptions): Joined => {
  const { joiners, say } = options;
  const joining = joiners.map((joiner) => join(joiner, options));
  const ready = Promise.allSettled(joining).then((results) => {
    const failures = results.flatMap((result, at) =>
      result.status === "rejected"
        ? [{ name: joiners[at]?.name ?? "", error: result.reason as unknown }]
        : [],
    );
    const isNobodyHere = failures.length === results.length;
    for (const { name, error } of isNobodyHere ? failures.slice(1) : failures) {
      const { code, message, remedy } = toldError(error);
      say(`${name}: ${code} ${message}. ${remedy}`);
    }
    if (isNobodyHere) throw failures[0]?.error;
  });
  const close = async (): Promise<void> => {
    const results = await Promise.allSettled(joining);
    await Promise.all(
      results.map((one) => (one.status === "fulfilled" ? one.value.close() : undefined)),
    );
  };
  return { ready, close };
};
