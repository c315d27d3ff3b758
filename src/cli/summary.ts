/** The summary of a run: the one JSON object that `run --json` prints as its last line. */

export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

export interface AgentSummary {
  readonly name: string;
  readonly did: string;
  /** Attempts awarded to it. */
  readonly won: number;
  /** Needs that were finalized with its work. */
  readonly finalized: number;
  /** Decimal strings of credits. */
  readonly earned: string;
  readonly slashed: string;
  /** 0 to 1, for its first capability. */
  readonly reputation: number;
  /** In this run: refusals by `VERB CODE` and failed calls of its program by `call CODE`. */
  readonly events: Readonly<Record<string, number>>;
}

export interface TaskSummary {
  readonly id: string;
  readonly need: string;
  readonly outcome: string;
  readonly worker?: string;
  /** A decimal string of credits: what was agreed on with the worker. It is paid less what came late. */
  readonly price?: string;
  /** Why the swarm did not open it. */
  readonly refused?: { readonly code: string; readonly detail?: string };
  /** The result itself where it is small, else the CID of its block. */
  readonly output?: unknown;
  readonly artifact?: string;
  readonly attempts: number;
}

export interface RunSummary {
  readonly needs: number;
  readonly finalized: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly durationMs: number;
  readonly tasksPerSecond: number;
  readonly latencyMs: Percentiles;
  readonly decideMs: Percentiles;
  readonly busMs: Percentiles;
  readonly credits: {
    readonly minted: string;
    /** By account name. */
    readonly balances: Readonly<Record<string, string>>;
    readonly burned: string;
    readonly conserved: boolean;
  };
  readonly agents: readonly AgentSummary[];
  readonly tasks: readonly TaskSummary[];
  readonly stateHash: string;
}
