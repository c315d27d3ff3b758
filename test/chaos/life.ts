/** One process of a run, from its start to its end, and what it told meanwhile. */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { canswarmIn, type Ended, type Running } from "../integration/command.ts";

const PRELOAD = fileURLToPath(new URL("clock-step.mjs", import.meta.url));

/** What a run says of a need that has ended, where it was not told before. */
export interface Told {
  readonly id: string;
  readonly outcome: string;
}

const PROGRESS = /^\[ *(\d+)\/\d+\] (\S+)(?: \S+)? {2}(\S+) {2}/gm;

export class Life {
  readonly #running: Running;
  readonly startedMs = performance.now();
  ended: Ended | undefined;

  constructor(args: readonly string[], folder: string) {
    this.#running = canswarmIn(
      {
        ...process.env,
        NODE_OPTIONS: `--import=${PRELOAD}`,
        CHAOS_CLOCK: join(folder, "clock"),
      },
      "run",
      ...args,
      "--json",
    );
    void this.#running.ended.then((ended) => {
      this.ended = ended;
    });
  }

  get pid(): number {
    return this.#running.pid;
  }

  get isOver(): boolean {
    return this.ended !== undefined;
  }

  get stderr(): string {
    return this.#running.stderr;
  }

  /** Needs that have ended so far, those of earlier lives included. */
  get endedCount(): number {
    const counts = [...this.stderr.matchAll(PROGRESS)].map(([, n]) => Number(n));
    const [, resumed] = /^([\d,]+) ended in an earlier run$/m.exec(this.stderr) ?? [];
    return counts.at(-1) ?? Number((resumed ?? "0").replaceAll(",", ""));
  }

  get told(): readonly Told[] {
    return [...this.stderr.matchAll(PROGRESS)].map(([, , outcome = "", id = ""]) => ({
      id,
      outcome,
    }));
  }

  /** False: it was over already. */
  signal(name: NodeJS.Signals): boolean {
    if (this.isOver) return false;
    try {
      return process.kill(this.pid, name);
    } catch {
      return false;
    }
  }

  end(): Promise<Ended> {
    return this.#running.ended;
  }
}
