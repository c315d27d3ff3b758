/** One need's life in sentences, each from an entry of the log with what the log says caused it. */

import { bucketOf, SYSTEM_BUCKET } from "#envelope/cid.ts";
import { decodeEnvelope } from "#envelope/envelope.ts";
import { needActor, REGISTRY } from "#actors/names.ts";
import { rowsOf, type RegistryState } from "#domain/registry/registry.ts";
import { stageOf } from "#machines/need-thread/need-thread.stage.ts";
import type { NeedBody } from "#protocol/bodies.ts";
import { needOfGiven } from "#protocol/given.ts";
import type { LogRecord } from "#runtime/log/record.ts";
import { milliseconds } from "../display.ts";
import { CliError } from "../errors.ts";
import type { ReplayDone } from "./replay.ts";
import { sentenceOf, type Told } from "./sentences.ts";

export interface NeedStory {
  readonly need: string;
  readonly key: string;
  /** A stage of protocol section 4, or the outcome it ended with. */
  readonly standing: string;
  readonly sentences: readonly string[];
}

export interface NeedTelling {
  readonly watch: (record: LogRecord) => void;
  /** Refuses with NEED_UNKNOWN. */
  readonly story: (done: ReplayDone) => NeedStory;
}

interface Step extends Told {
  readonly bucket: number;
  readonly position: number;
  readonly atMs: number;
}

/** Gathers one need's entries during a replay; named by id, or by the key its requester gave it. */
export const tellNeed = (asked: string): NeedTelling => {
  const steps: Step[] = [];
  let need: string | undefined;
  let key = "";
  const stepOf = (record: LogRecord, n: number): Step | undefined => {
    const { bucket, atMs } = record;
    const at = { bucket, atMs, position: record.first + n };
    const entry = record.entries[n];
    if (entry?.kind === "envelope") {
      const { id, bytes } = entry.signed;
      const { verb, from, thread, body } = decodeEnvelope(bytes);
      const isMeant = verb === "NEED" && (id === asked || (body as NeedBody).key === asked);
      if (isMeant && need === undefined) [need, key] = [id, (body as NeedBody).key];
      return need !== undefined && (thread ?? id) === need
        ? { ...at, verb, body, id, by: from }
        : undefined;
    }
    if (need === undefined) return undefined;
    if (entry?.kind === "derived" && entry.thread === need)
      return { ...at, verb: entry.verb, body: entry.body };
    if (entry?.kind === "given" && needOfGiven(entry.verb, entry.body) === need)
      return { ...at, verb: entry.verb, body: entry.body };
    return undefined;
  };
  return {
    watch: (record) => {
      if (record.bucket === SYSTEM_BUCKET) return;
      for (const n of record.entries.keys()) {
        const step = stepOf(record, n);
        if (step !== undefined) steps.push(step);
      }
    },
    story: (done) => {
      if (need === undefined) throw new CliError("NEED_UNKNOWN", { need: asked });
      const nameOf = namesIn(done);
      const voices = new Map(
        steps.flatMap((step) => (step.id === undefined ? [] : [[step.id, step]])),
      );
      const sentences = steps.flatMap((step) => {
        const sentence = sentenceOf(step, { nameOf, said: (id) => voices.get(id) });
        if (sentence === undefined) return [];
        return [
          `${milliseconds(step.atMs).padStart(8)}  [${step.bucket}:${step.position}] ${sentence}`,
        ];
      });
      return { need, key, standing: standingIn(done, need), sentences };
    },
  };
};

/** Accounts by the names that the registry has; others by their did. */
export const namesIn = ({ replayed }: ReplayDone): ((did: string) => string) => {
  const registry = replayed.buckets.get(SYSTEM_BUCKET)?.actors.get(REGISTRY)?.state;
  const rows = registry === undefined ? [] : rowsOf(registry as RegistryState);
  const names = new Map(rows.map(({ did, name }) => [did, name]));
  return (did) => names.get(did) ?? did;
};

const standingIn = ({ report, replayed }: ReplayDone, need: string): string => {
  const story = report.needs.get(need);
  if (story?.endedAtMs !== undefined) return story.attempts.at(-1)?.outcome ?? "closed";
  const state = replayed.buckets.get(bucketOf(need))?.actors.get(needActor(need))?.state;
  return state === undefined ? "closed" : stageOf(state as Parameters<typeof stageOf>[0]);
};
