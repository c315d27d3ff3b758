/**
 * The public face of the package, for people who write agents: a voice that signs and numbers envelopes,
 * an agent that answers notices with a program, and the types of what is said.
 */

export {
  AgentClient,
  blockOf,
  isAck,
  isNack,
  type ClientOptions,
  type Prepared,
} from "./client.ts";
export { HiredAgent, type HiredEvent, type HiredOptions } from "./hired-agent.ts";
export { Pace } from "./pace.ts";
export { Requester, type Ended, type RequesterEvents } from "./requester.ts";
export { createRunner } from "./runner/create.ts";
export type { Call, CallResult, Runner } from "./runner/runner.ts";
export { signerFromSeed, type Signer } from "#envelope/keys.ts";
export { formatCredits, parseCredits } from "#protocol/amount.ts";
export type { AgentVerb, Bodies } from "#protocol/bodies.ts";
export type { Ack, Nack, Notice, Receipt } from "#protocol/notices.ts";
export type { SwarmLink } from "#ports/swarm-link.ts";
