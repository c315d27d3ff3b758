/**
 * Memory that a job takes for speed. A host thread allocates some 150 KB for a life of a need, and each time
 * its young generation is full, what still lives in it is copied: the larger it is, the less often, and the
 * less of what needs under way hold lives for two collections and has to be collected as old.
 *
 * A job that ends by itself (`run`, `bench`) takes what the machine has to spare; a supervisor that stays
 * (`up`) takes little, unless its operator says otherwise (`youngMib`).
 */

import { totalmem } from "node:os";
import { YOUNG_MIB } from "#runtime/threads/worker-hosts.ts";

/** A thread's part of the machine's memory. */
const PART = 1 / 128;
/** Beyond this nothing was gained (docs/performance.md). */
const ROOMY_YOUNG_MIB_MAX = 128;
const MIB = 1_048_576;

/** MiB of a semi-space on a machine, or within a limit, of so much memory. */
export const roomyYoungMib = (memoryBytes: number): number =>
  Math.min(Math.max(Math.floor((memoryBytes / MIB) * PART), YOUNG_MIB), ROOMY_YOUNG_MIB_MAX);

/** The same settings for a job that ends by itself; what the operator says is left alone. */
export const roomy = <S extends { readonly youngMib?: number }>(
  settings: S,
): S & { readonly youngMib: number } => {
  const limit = process.constrainedMemory();
  const memory = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  return { ...settings, youngMib: settings.youngMib ?? roomyYoungMib(memory) };
};
