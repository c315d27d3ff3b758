/**
 * SIGINT and SIGTERM end a process that has a folder: one sentence, then everything is closed, so that
 * programs are stopped and no pid file is left. A run drains nothing: what was signed is on the disk and
 * is sent again; a supervisor that others talk to drains, and its end is a good one.
 */

import { constants } from "node:os";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
/** How long closing may take before the process ends anyway; a second signal ends it at once. */
export const CLOSE_MS_MAX = 3_000;

export interface Stoppable {
  /** The process, or what stands for it. */
  readonly process: Pick<NodeJS.Process, "on" | "off"> & { exit(code: number): void };
  readonly say: (signal: string) => void;
  readonly close: () => Promise<void>;
  readonly after: (delayMs: number, wake: () => void) => unknown;
  /** Where being stopped is how it ends well: exit code 0 once it is closed, and how long that may take. */
  readonly drain?: { readonly closeMsMax: number };
}

export interface Stopping {
  /** Whether a signal has come: from then on what fails is no failure, the process ends by itself. */
  readonly isStopping: () => boolean;
  /** Signals are the process's own affair again. */
  readonly release: () => void;
}

export const stopOnSignals = (options: Stoppable): Stopping => {
  const { process, say, close, after, drain } = options;
  let stopping = false;
  const stop = (signal: (typeof SIGNALS)[number]): void => {
    const end = (): void => process.exit(128 + constants.signals[signal]);
    if (stopping) return end();
    stopping = true;
    say(signal);
    after(drain?.closeMsMax ?? CLOSE_MS_MAX, end);
    // Whatever closing fails at, the process ends; the log is whole without it.
    void close().then(drain === undefined ? end : () => process.exit(0), end);
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  return {
    isStopping: () => stopping,
    release: () => {
      for (const signal of SIGNALS) process.off(signal, stop);
    },
  };
};
