/**
 * What the world can refuse or fail at, as one catalogue: code, sentence, remedy. A port rejects with a
 * Fault; everything else it throws is a mistake of ours.
 */

export const FAULTS = {
  DATA_IN_USE: "stop the process that holds the folder, or name another one with --data",
  DATA_TOO_NEW: "use the version of canswarm that wrote the folder, or a newer one",
  LEADER_ELSEWHERE: "wait until the other leader gives the bucket up",
  SESSION_LOST: "join again; what was led is led by others or will be",
  RECORD_MISSING: "start the supervisor whose disk has the chain, or restore that disk from a copy",
  STORE_BUSY: "try again; if it stays, close the other program that reads the database",
  STORE_FULL: "free disk space; what was not answered is sent again by itself",
  STREAM_FULL:
    "raise cluster.nats.streamBytesMax or give NATS more room; what was not answered is sent again",
  STORE_FAILED: "check the disk, then start again: what was acknowledged is read back from it",
  STORE_CORRUPT: "restore the folder from a copy; `canswarm doctor` names the damaged part",
  STORE_CLOSED: "open the store again",
  BUS_UNREACHABLE:
    "check that NATS runs with JetStream, and that its addresses and users are right; it is asked again",
  BUS_UNFIT: "set NATS up as docs/operating/cluster.md says, or name another prefix",
  CONSENSUS_UNREACHABLE: "check that etcd runs and that its addresses are right; it is asked again",
  CONSENSUS_DENIED: "check the user, the password and the role that this swarm has in etcd",
  CONSENSUS_FULL: "compact and defragment etcd or raise its quota, then disarm its NOSPACE alarm",
  CONSENSUS_EMPTIED:
    "put etcd back: `canswarm cluster restore`, or etcd's own snapshot; then it goes on by itself",
  CONSENSUS_BEHIND:
    "after etcd was put back from a snapshot of its own run `canswarm cluster raise`; it then goes on by itself",
  OTHER_BUILD:
    "stop the supervisors of one of the builds; this one goes on when it is among its own",
  BLOCK_MISSING: "start the supervisor whose disk has the block: it puts back what NATS has lost",
  PART_MISSING: "nothing: the next snapshot is written whole",
  BLOCK_TOO_LARGE: "split the data: a block holds at most 8 MiB",
  BLOCK_CORRUPT: "put the same bytes again, or restore the block from a copy",
} as const satisfies Record<string, string>;

export type FaultCode = keyof typeof FAULTS;

export class Fault extends Error {
  readonly code: FaultCode;
  readonly sentence: string;
  readonly remedy: string;
  constructor(code: FaultCode, sentence: string, options?: ErrorOptions) {
    super(`${code} ${sentence}: ${FAULTS[code]}`, options);
    this.name = "Fault";
    this.code = code;
    this.sentence = sentence;
    this.remedy = FAULTS[code];
  }
}
