/**
 * What the kernel says about a process and its descendants, read from /proc. On a system without it
 * nothing is known: memory is not limited and a stopped process is not noticed (`canObserve`).
 */

import { existsSync, readFileSync, readdirSync } from "node:fs";

/** Bytes of a memory page; 4 KiB on every Linux this runs on unless the kernel was built otherwise. */
const PAGE_BYTES = 4096;
/** Descendants looked at; a fork bomb must not cost us a scan of the whole system. */
const TREE_PROCESSES_MAX = 1_000;

export const canObserve: boolean = existsSync("/proc/self/stat");

export interface ProcessFacts {
  readonly pid: number;
  readonly group: number;
  /** One letter of proc(5): R, S, D, Z, T (stopped), t (traced), X. */
  readonly state: string;
  readonly residentBytes: number;
}

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // it ended between two looks, which is an answer too
  }
};

/** Field numbers of proc(5) /proc/PID/stat, counted after the name, which may hold spaces. */
const factsOf = (pid: number): ProcessFacts | undefined => {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return {
    pid,
    state: fields[0] ?? "X",
    group: Number(fields[2]),
    residentBytes: Number(fields[21]) * PAGE_BYTES,
  };
};

const childrenOf = (pid: number): number[] => {
  let threads: string[];
  try {
    threads = readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
  return threads.flatMap((thread) =>
    (read(`/proc/${pid}/task/${thread}/children`) ?? "").split(" ").filter(Boolean).map(Number),
  );
};

/** The process and its living descendants; empty when it is gone. */
export const processTree = (pid: number): ProcessFacts[] => {
  const tree: ProcessFacts[] = [];
  const open = [pid];
  while (open.length > 0 && tree.length < TREE_PROCESSES_MAX) {
    const next = open.pop()!;
    const facts = factsOf(next);
    if (facts === undefined) continue;
    tree.push(facts);
    open.push(...childrenOf(next));
  }
  return tree;
};

const FROZEN = new Set(["T", "t"]);
const GONE = new Set(["Z", "X"]);

/** A program shows life while its first process exists and no process of it is stopped. */
export const isAlive = (tree: readonly ProcessFacts[]): boolean => {
  const [first] = tree;
  return first !== undefined && !GONE.has(first.state) && !tree.some((p) => FROZEN.has(p.state));
};

/** Pages shared between the processes are counted in each: the sum errs on the high side. */
export const residentBytes = (tree: readonly ProcessFacts[]): number =>
  tree.reduce((sum, process) => sum + process.residentBytes, 0);
