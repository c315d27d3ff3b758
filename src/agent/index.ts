/**
 * The public face of the package, for people who write agents and for those who have work. Most need
 * `createWorker`, `createVerifier` and `createRequester` alone; below them are the parts they are made of:
 * a voice that signs and numbers envelopes, an agent that answers notices with a program.
 */

export {
  createVerifier,
  createWorker,
  type AgentOptions,
  type VerifierOptions,
  type WorkerOptions,
} from "./sdk/create.ts";
export {
  createRequester,
  type NeedRequest,
  type NeedResult,
  type RequesterFace,
} from "./sdk/requester.ts";
export {
  fixedPrice,
  learningPrice,
  shareOfBounty,
  type Learner,
  type Strategy,
} from "./sdk/strategies.ts";
export { FunctionRunner, type CallContext, type Functions } from "./sdk/function-runner.ts";
export { runUntrusted, type UntrustedRequest } from "./sandbox/run.ts";
export type { Outcome, StopReason, Tier } from "./sandbox/outcome.ts";
export { GUEST_LIMITS, type GuestLimits } from "./sandbox/limits.ts";
export { joinSwarm, type JoinedAgent, type JoinOptions } from "./join.ts";
export type { Door, LinkState, Welcome } from "./door.ts";
export { httpDoor } from "./http/door.ts";
export { natsDoor, type NatsPlace } from "./nats/door.ts";
export { Api, ApiError } from "./http/api.ts";
export { HttpBlocks } from "./http/blocks.ts";
export { HttpLink } from "./http/link.ts";

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
