/**
 * The latest revision of etcd that this machine has seen, kept in its folder: an etcd that is put back to an
 * earlier time is known by it, also after a restart (adapters/etcd/session.ts S5). What is lost of the last
 * seconds only makes the mark a little lower.
 */

import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SeenRevision } from "#adapters/etcd/session.ts";
import type { Clock } from "#ports/clock.ts";

const FILE = "etcd-seen.json";
/** It is kept so often, ms. */
export const KEEP_SEEN_MS = 10_000;
const NOTHING: SeenRevision = { generation: 0, revision: 0 };

/** One that cannot be read is none. */
export const seenIn = (dir: string): SeenRevision => {
  const path = join(dir, FILE);
  if (!existsSync(path)) return NOTHING;
  try {
    const { generation, revision } = JSON.parse(readFileSync(path, "utf8")) as SeenRevision;
    return [generation, revision].every(Number.isSafeInteger) ? { generation, revision } : NOTHING;
  } catch {
    return NOTHING;
  }
};

const keep = (dir: string, seen: SeenRevision): void => {
  const path = join(dir, FILE);
  writeFileSync(`${path}.tmp`, `${JSON.stringify(seen)}\n`, { mode: 0o600 });
  renameSync(`${path}.tmp`, path);
};

/** Keeps it now and then; the answer keeps it for the last time. */
export const keepSeen = (dir: string, clock: Clock, seen: () => SeenRevision): (() => void) => {
  let kept = seenIn(dir);
  const keepNow = (): void => {
    const now = seen();
    if (now.generation === kept.generation && now.revision === kept.revision) return;
    kept = now;
    keep(dir, now);
  };
  let cancel: () => void;
  const later = (): void => {
    cancel = clock.after(KEEP_SEEN_MS, () => {
      keepNow();
      later();
    });
  };
  later();
  return () => {
    cancel();
    keepNow();
  };
};
