/**
 * The ledger as an actor of the system bucket: the one writer of all money (protocol section 7).
 * Its books change in place; a request is checked whole before the first change, so a throw leaves
 * them as they were (E1).
 */

import { decodeLedger, encodeLedger, keptLedger, type PlainLedger } from "#domain/ledger/codec.ts";
import { assertConserved } from "#domain/ledger/conservation.ts";
import type { OwnerOf, Related } from "#domain/ledger/holds.ts";
import {
  ask,
  createLedger,
  pause,
  stake,
  tick,
  transfer,
  TREASURY,
  unstake,
  type AccountAnswer,
  type Asked,
  type LedgerEffects,
  type LedgerState,
  type RequestId,
} from "#domain/ledger/ledger.ts";
import type { LedgerAnswer, ReputationGain } from "#domain/ledger/requests.ts";
import { setLimits } from "#domain/ledger/spending.ts";
import type { Genesis } from "#domain/genesis/genesis.ts";
import type { SpendLimits } from "#protocol/bodies.ts";
import type { Credits, Did, EnvelopeId, LogMs } from "#protocol/words.ts";
import { defineActor, type ActorKind } from "#runtime/bucket/application.ts";
import type { Logic, Step, TimerCommand } from "#runtime/logic/logic.ts";
import { tellRegistry } from "./tell.ts";

export type LedgerEvent =
  | {
      readonly type: "ASK";
      readonly atMs: LogMs;
      readonly asked: Asked;
      readonly related: Related;
      readonly ownerOf: OwnerOf;
    }
  | {
      readonly type: "TRANSFER";
      readonly atMs: LogMs;
      readonly envelope: EnvelopeId;
      readonly id: string;
      readonly from: string;
      readonly to: Did;
      readonly amount: Credits;
      /** Of the sender. */
      readonly owner?: string;
    }
  | {
      readonly type: "STAKE" | "UNSTAKE";
      readonly atMs: LogMs;
      readonly envelope: EnvelopeId;
      readonly agent: Did;
      readonly amount: Credits;
    }
  | {
      readonly type: "LIMIT";
      readonly atMs: LogMs;
      readonly scope: string;
      readonly limits: SpendLimits;
    }
  /** `agent` undefined: everybody. */
  | {
      readonly type: "PAUSE";
      readonly atMs: LogMs;
      readonly agent: Did | undefined;
      readonly paused: boolean;
    }
  /** Something in the books is due (unbonding, a wait for seats). `atMs` is when it was due. */
  | { readonly type: "DUE"; readonly atMs: LogMs };

export type LedgerCommand =
  | {
      readonly type: "answer";
      readonly params: { readonly id: RequestId; readonly answer: LedgerAnswer };
    }
  | {
      readonly type: "receipt";
      readonly params: { readonly envelope: EnvelopeId; readonly answer: AccountAnswer };
    }
  | {
      readonly type: "tellRegistry";
      readonly params: {
        readonly evidence: readonly ReputationGain[];
        readonly stakes: readonly { readonly agent: Did; readonly staked: Credits }[];
      };
    };

const DUE_TIMER = "due";

const step = (state: LedgerState, event: LedgerEvent): Step<LedgerState, LedgerCommand> => {
  const passed = tick(state, event.atMs);
  const commands = commandsOf(passed);
  switch (event.type) {
    case "ASK":
      commands.push(...commandsOf(ask(state, event.asked, event.related, event.ownerOf)));
      break;
    case "TRANSFER": {
      const { envelope, id, from, to, amount, owner } = event;
      const owned = owner === undefined ? {} : { owner };
      const answer = transfer(state, { id, from, to, amount, ...owned });
      commands.push({ type: "receipt", params: { envelope, answer } });
      break;
    }
    case "STAKE":
    case "UNSTAKE": {
      const change = event.type === "STAKE" ? stake : unstake;
      const { answer, effects } = change(state, event.agent, event.amount);
      commands.push(
        { type: "receipt", params: { envelope: event.envelope, answer } },
        ...commandsOf(effects),
      );
      break;
    }
    case "LIMIT":
      setLimits(state, event.scope, event.limits);
      break;
    case "PAUSE":
      commands.push(...commandsOf(pause(state, event.agent, event.paused)));
      break;
    case "DUE":
      break;
    default:
      event satisfies never;
  }
  assertConserved(state); // E1, after every input
  return { state, commands, timers: dueTimer(state) };
};

const commandsOf = ({ answers, evidence, stakes }: LedgerEffects): LedgerCommand[] => [
  ...answers.map((params): LedgerCommand => ({ type: "answer", params })),
  ...(evidence.length + stakes.length === 0
    ? []
    : [{ type: "tellRegistry" as const, params: { evidence, stakes } }]),
];

/** The first moment at which the books change by themselves. */
const dueTimer = (state: LedgerState): TimerCommand[] => {
  let dueMs = Number.POSITIVE_INFINITY;
  for (const tranche of state.unbonding) {
    dueMs = Math.min(dueMs, tranche.releaseAtMs);
    break;
  }
  for (const waiting of state.queue.values()) {
    dueMs = Math.min(dueMs, waiting.untilMs);
    break;
  }
  if (dueMs === Number.POSITIVE_INFINITY) return [{ kind: "disarm", id: DUE_TIMER }];
  const event: LedgerEvent = { type: "DUE", atMs: dueMs };
  return [{ kind: "arm", id: DUE_TIMER, afterMs: Math.max(0, dueMs - state.nowMs), event }];
};

const logicOfLedger = (
  genesis: Genesis,
): Logic<LedgerState, LedgerEvent, undefined, LedgerCommand> => ({
  initial: () => ({
    state: createLedger(genesis.parameters, genesis.minted),
    commands: [],
    timers: [],
  }),
  step,
  done: () => false,
  can: () => true,
  encode: encodeLedger,
  decode: (plain) => decodeLedger(plain as PlainLedger, genesis.parameters),
});

export const ledgerActor = (genesis: Genesis): ActorKind =>
  defineActor<LedgerState, LedgerEvent, undefined, LedgerCommand>({
    kind: "ledger",
    logic: logicOfLedger(genesis),
    rests: false,
    kept: keptLedger,
    idle: ({ needs, liveKeys }) => [(most) => needs.rest(most), (most) => liveKeys.rest(most)],
    weight: ({ needs }) => needs.size - needs.resting,
    handlers: {
      answer: ({ id, answer }, _actor, turn) =>
        turn.answer({ from: id.bucket, number: id.position }, answer),
      receipt: ({ envelope, answer }, _actor, turn) => {
        if (answer.kind === "done") turn.acknowledge(envelope);
        else turn.refuse(envelope, { code: answer.code, detail: answer.detail });
      },
      tellRegistry: ({ evidence, stakes }, _actor, turn) =>
        tellRegistry(turn, { type: "CHANGED", atMs: turn.atMs, evidence, stakes }),
    },
  });

export { TREASURY };
