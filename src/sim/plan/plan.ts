/**
 * Everything that will happen in a run, as data: who is there, what is asked, what goes wrong and when.
 * A plan is drawn from a seed, or is a smaller version of one that failed.
 */

import type { Overrides } from "#domain/genesis/profiles.ts";
import type { Tier } from "#protocol/words.ts";
import type { NetworkWeather } from "../world/network.ts";
import type { ConsensusFault } from "../world/consensus.ts";
import type { StoreFault } from "../world/store.ts";

/** How a program answers, and what its agent does beside the protocol. */
export type Behaviour =
  | "honest"
  /** A worker whose output is wrong, at times. */
  | "lying"
  /** A verifier that passes everything. */
  | "lazy"
  /** A verifier that fails everything. */
  | "contrary"
  /** A verifier that passes what its friend, a lying worker, made. */
  | "colluding"
  /** Bids sealed and never opens the bid. */
  | "silent-bidder"
  /** Wins and never claims. */
  | "no-claim"
  /** Claims, then says nothing more. */
  | "no-commit"
  /** Its program fails, at times. */
  | "failing"
  /** Takes longer than its lease. */
  | "slow"
  /** Says HEARTBEAT many times a second, and things that nobody asked. */
  | "flooding"
  /** Signs two bodies under one nonce. */
  | "equivocating"
  /** Sends what others have said: again, later, in other threads, with a bit changed. */
  | "replaying"
  /** Challenges what it judged wrong, and at times what was right. */
  | "challenging"
  /** Speaks under others' leases, on others' seats, about others' needs. */
  | "stealing"
  /** Unstakes, sends its money round, registers anew as somebody else. */
  | "laundering"
  /** Takes what it is given, shows that it is alive to the very deadline, and never answers. */
  | "stalling"
  /** Takes its capabilities back in the middle of its work, vanishes, comes back. */
  | "leaving";

export interface AgentPlan {
  readonly name: string;
  readonly role: "worker" | "verifier" | "both";
  readonly behaviour: Behaviour;
  /** Absent: not attested. */
  readonly org?: string;
  /** Name of the key that controls it, where it tells. */
  readonly controller?: string;
  /** Credits, whole. */
  readonly stake: number;
  readonly credits: number;
  /** Micro-credits. */
  readonly price: number;
  readonly etaMs: number;
  /** A call of its program takes between the two, ms. */
  readonly callMs: readonly [number, number];
  readonly driftPpm: number;
  readonly skewMs: number;
  /** It registers so long after the first need. Absent: it is there from the start. */
  readonly joinsAtMs?: number;
}

/**
 * What the operator does. `party`: an agent by index or, after the agents, a requester. Amounts in
 * micro-credits.
 */
export type GovernPlan = { readonly atMs: number } & (
  | {
      readonly kind: "pause";
      /** Absent: everybody. */
      readonly party?: number;
      readonly forMs: number;
    }
  | {
      readonly kind: "limit";
      readonly of: "party" | "owner" | "each";
      readonly party: number;
      readonly limits: {
        readonly need?: number;
        readonly day?: number;
        readonly minute?: number;
        readonly perMinute?: number;
      };
    }
);

export interface RequesterPlan {
  /** Credits, whole. */
  readonly credits: number;
  /** Name of the key that controls it, where it tells. */
  readonly controller?: string;
}

export interface NeedPlan {
  readonly key: string;
  readonly atMs: number;
  readonly requester: number;
  /** The program squares it. */
  readonly input: number;
  /** Micro-credits. */
  readonly bounty: number;
  readonly verifyBounty: number;
  readonly tier: Tier;
  readonly kPlan?: number;
  readonly kResult?: number;
  readonly deadlineMs: number;
  /** Not the one that everybody has. */
  readonly capability?: string;
  /** The input is a block: stored before the NEED is sent, or never. */
  readonly block?: "stored" | "missing";
  readonly limits?: { readonly awards?: number; readonly failures?: number };
  readonly selfAttestation?: true;
  /** Its requester asks to cancel it so long after posting. */
  readonly cancelAfterMs?: number;
  readonly drawHash: boolean;
  /** What it promised in drawHash is not revealed, or something else is. Absent: it is. */
  readonly drawReveal?: "never" | "wrong";
  /** Posted a second time under the same key, with the same content or another. */
  readonly twice?: "same" | "other";
}

export type FaultPlan = { readonly atMs: number } & (
  | { readonly kind: "process-crash"; readonly supervisor: number }
  | { readonly kind: "process-freeze"; readonly supervisor: number; readonly forMs: number }
  | { readonly kind: "thread-exit"; readonly supervisor: number; readonly host: number }
  | {
      readonly kind: "thread-throw";
      readonly supervisor: number;
      readonly host: number;
      readonly turns: number;
    }
  /** The consensus store of a cluster: nobody reaches it, or one answer or request is lost or late. */
  | { readonly kind: "consensus-away"; readonly forMs: number }
  | { readonly kind: "consensus-fault"; readonly fault: ConsensusFault }
  | { readonly kind: "stream-away"; readonly forMs: number }
  /** One supervisor does not reach the consensus store. */
  | { readonly kind: "cut-off"; readonly supervisor: number; readonly forMs: number }
  /** One supervisor reaches the consensus store alone: neither stream nor bus. */
  | { readonly kind: "off-bus"; readonly supervisor: number; readonly forMs: number }
  | { readonly kind: "disk-lost"; readonly supervisor: number }
  /** Other supervisors do not hear it, or it does not hear them, or both. */
  | {
      readonly kind: "partition";
      readonly supervisor: number;
      readonly direction: "both" | "to" | "from";
      readonly forMs: number;
    }
  /** So many records on its disk have a bit that is wrong, from now on. */
  | { readonly kind: "bit-flip"; readonly supervisor: number; readonly records: number }
  /** All servers of the stream lose what they held; the disks have it still. */
  | { readonly kind: "stream-lost" }
  | { readonly kind: "disk-full"; readonly supervisor: number; readonly forMs: number }
  | { readonly kind: "agent-crash"; readonly agent: number }
  | { readonly kind: "agent-freeze"; readonly agent: number; readonly forMs: number }
  | {
      readonly kind: "cut";
      readonly agent: number;
      readonly direction: "both" | "to" | "from";
      readonly forMs: number;
    }
  | { readonly kind: "weather"; readonly weather: NetworkWeather; readonly forMs: number }
  | { readonly kind: "store-slow"; readonly forMs: number }
  | { readonly kind: "fsync-slow"; readonly ms: number; readonly forMs: number }
  /** So many writes of the bucket in a row. */
  | {
      readonly kind: "store-fault";
      readonly bucket: number;
      readonly fault: StoreFault;
      readonly times: number;
    }
  /** A wall clock jumps, and is set right again after a while. */
  | {
      readonly kind: "clock-step";
      readonly agent: number | "supervisor";
      /** Which of several; absent: the first. */
      readonly supervisor?: number;
      readonly byMs: number;
      readonly forMs: number;
    }
);

export interface Plan {
  readonly seed: number;
  readonly hosts: number;
  /** Buckets in which needs lie; the system bucket is always there. */
  readonly buckets: readonly number[];
  readonly overrides: Overrides;
  readonly weather: NetworkWeather;
  /** One with a disk of its own, or several in a cluster. */
  readonly supervisors: readonly { readonly driftPpm: number; readonly skewMs: number }[];
  /** Of each host's mailbox for envelopes, and what a turn takes: small ones fill up, and are crowded. */
  readonly mailbox: {
    readonly messagesMax: number;
    readonly senderMessagesMax: number;
    readonly turnInputsMax: number;
  };
  readonly snapshotRecords: number;
  /** Of a thread, in a minute; more is given to the supervisor above. */
  readonly restartsMax: number;
  readonly threadMsMax: number;
  readonly storeMsMax: number;
  readonly requesters: readonly RequesterPlan[];
  readonly agents: readonly AgentPlan[];
  readonly needs: readonly NeedPlan[];
  readonly governing: readonly GovernPlan[];
  readonly faults: readonly FaultPlan[];
  /** True ms from the first need to the end of all faults. */
  readonly safetyMs: number;
  /** True ms after that in which everything asked must end. */
  readonly quietMs: number;
}
