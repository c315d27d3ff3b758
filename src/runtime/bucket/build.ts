/** Builds one record from a turn's inputs. What it lets out is held until the record is committed. */

import { leafHash } from "#envelope/merkle.ts";
import type { Epoch } from "#ports/store.ts";
import { encodeRecord, hashRecord, type Entry, type LogRecord } from "../log/record.ts";
import type { Application, BucketView } from "./application.ts";
import type { TurnInput } from "./input.ts";
import type { Outputs } from "./outputs.ts";
import type { BucketState } from "./state.ts";
import { BucketTurn } from "./turn.ts";

/** A record that was built and waits for its commit. */
export interface Built {
  readonly bucket: number;
  readonly bytes: Uint8Array;
  readonly hash: Uint8Array;
  readonly parent: Uint8Array;
  readonly records: number;
  readonly size: number;
  readonly atMs: number;
  /** Under which it was built: its key signs what is answered for it. */
  readonly epoch: Epoch;
  readonly outputs: Outputs;
}

export interface BuildOptions {
  /** Log time T of this batch; not below the state's. */
  readonly atMs: number;
  readonly epoch: Epoch;
  /** A keyed hash of the epoch's secret. */
  readonly chance: (label: Uint8Array) => Uint8Array;
  /**
   * What is logged of an input, on the state as it is at its turn: itself, and what is to be said of it;
   * evidence in its stead; or nothing (it is answered outside the log, or dropped).
   */
  readonly admit: (input: TurnInput, view: BucketView, outputs: Outputs) => readonly TurnInput[];
  /** What must be fetched for a pin before the turn's handlers read it. */
  readonly document: (hash: string) => unknown;
}

/** Build one record; undefined where nothing was to be logged (`outputs` may still hold refusals). */
export const buildTurn = (
  app: Application,
  state: BucketState,
  inputs: readonly TurnInput[],
  options: BuildOptions,
): { readonly built: Built | undefined; readonly outputs: Outputs } => {
  const entries: Entry[] = [];
  const lastMs = state.atMs;
  state.atMs = Math.max(lastMs, options.atMs);
  const turn = new BucketTurn(app, state, {
    append: (entry) => void entries.push(entry),
    chance: options.chance,
  });
  const fired = turn.fireTimers();
  for (const offered of inputs)
    for (const input of options.admit(offered, turn, turn.outputs)) {
      if (input.kind === "given") {
        const pin = app.pins(input.verb, input.body);
        if (pin !== undefined) state.pinnedDocument = options.document(pin.hash);
      }
      turn.take(input);
    }
  if (entries.length === 0) {
    if (fired === 0) {
      // Nothing is logged, so nothing may have changed, T included (P2).
      state.atMs = lastMs;
      return { built: undefined, outputs: turn.outputs };
    }
    turn.take({ kind: "given", verb: "TICK", body: {} });
  }
  const parent = state.hash;
  const record: LogRecord = {
    bucket: state.bucket,
    index: state.records,
    first: turn.first,
    parent,
    generation: options.epoch.generation,
    revision: options.epoch.revision,
    atMs: state.atMs,
    entries,
  };
  const bytes = encodeRecord(record);
  const hash = hashRecord(bytes);
  advance(state, record, hash);
  return {
    built: {
      bucket: state.bucket,
      bytes,
      hash,
      parent,
      records: state.records,
      size: state.size,
      atMs: state.atMs,
      epoch: options.epoch,
      outputs: turn.outputs,
    },
    outputs: turn.outputs,
  };
};

/** The record is part of the chain. Threads are forgotten here alone, so that replay does the same. */
export const advance = (state: BucketState, record: LogRecord, hash: Uint8Array): void => {
  state.records += 1;
  state.size += record.entries.length;
  state.hash = hash;
  state.tree.append(leafHash(hash));
  state.generation = record.generation;
  state.revision = record.revision;
  state.threads.forget(state.atMs);
  state.rest();
};
