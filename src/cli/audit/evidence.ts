/** Logs that were held against their own rules, wherever they came from, ready to be replayed. */

import type { Cid } from "#envelope/ids.ts";
import type { LogSource } from "#runtime/replay/replay.ts";
import type { Header, HeadFacts } from "./format.ts";
import type { DrawCounts, DrawVerdict } from "./draws.ts";

export interface Evidence {
  /** The path that was asked for. */
  readonly path: string;
  readonly kind: "folder" | "file";
  readonly header: Header;
  /** By bucket, 0 … 256. */
  readonly heads: readonly HeadFacts[];
  /** Envelopes whose signatures were checked. */
  readonly signatures: number;
  readonly draws: DrawCounts;
  readonly drawVerdicts: readonly DrawVerdict[];
  readonly log: LogSource;
  /** Line of a record in the file; undefined in a folder. */
  readonly lineOf: (bucket: number, index: number) => number | undefined;
  /** What only a folder has; undefined for a file. */
  readonly beside: Beside | undefined;
  readonly close: () => Promise<void>;
}

/** What lies beside the logs and is not in them. */
export interface Beside {
  /** Decide keys that exist, by bucket. */
  readonly decideKeys: () => ReadonlyMap<number, readonly string[]>;
  readonly block: (cid: Cid) => Promise<Uint8Array | undefined>;
}
