/**
 * Memory that a job takes for speed. Hosts allocate some 310 KB for a life of a need, and each time a young
 * generation is full, what still lives in it is copied: the larger it is, the less often, and the less of
 * what needs under way hold lives for two collections and has to be collected as old.
 *
 * A job that ends by itself (`run`, `bench`) takes what the machine has to spare; a supervisor that stays
 * (`up`) takes little, unless its operator says otherwise (`youngMib`).
 */

import { totalmem } from "node:os";
import { YOUNG_MIB } from "#runtime/threads/worker-hosts.ts";

/** Of the machine's memory: one semi-space of all hosts together, however many there are. */
const PART = 1 / 64;
/** The largest that was measured (docs/performance.md), MiB. */
export const ROOMY_YOUNG_MIB_MAX = 128;
const MIB = 1_048_576;

/** Bytes of the machine, or of the limit that is set for this process where that is less. */
const memoryBytes = (): number => {
  const limit = process.constrainedMemory(); // 0: not known
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
};

/** The same settings for a job that ends by itself; what the operator says is left alone. */
export const roomy = <S extends { readonly hosts: number; readonly youngMib?: number }>(
  settings: S,
  bytes = memoryBytes(),
): S & { readonly youngMib: number } => {
  const part = Math.floor((bytes / MIB) * (PART / Math.max(settings.hosts, 1)));
  const youngMib = Math.min(Math.max(part, YOUNG_MIB), ROOMY_YOUNG_MIB_MAX);
  return { ...settings, youngMib: settings.youngMib ?? youngMib };
};
