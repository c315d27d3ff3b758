/**
 * Health: while calls are under way, a GET a pulse. Only a success is a sign of life; a service that is
 * frozen answers none, and its calls lose their leases.
 */

import type { RunnerLimits } from "./limits.ts";

export interface HealthOptions {
  /** Undefined while the service is not there. */
  readonly url: () => string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly limits: RunnerLimits;
}

export class Health {
  readonly #options: HealthOptions;
  readonly #watching = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;
  #asking: AbortController | undefined;

  constructor(options: HealthOptions) {
    this.#options = options;
  }

  /** Tell of signs of life until the returned function is called. */
  watch(onAlive: () => void): () => void {
    const watcher = (): void => onAlive();
    this.#watching.add(watcher);
    this.#timer ??= setInterval(() => void this.#probe(), this.#options.limits.pulseMs);
    return () => {
      this.#watching.delete(watcher);
      if (this.#watching.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
      this.#asking?.abort();
    };
  }

  async #probe(): Promise<void> {
    const url = this.#options.url();
    if (url === undefined || this.#asking !== undefined) return; // one at a time
    const asking = new AbortController();
    this.#asking = asking;
    const late = setTimeout(() => asking.abort(), this.#options.limits.callMsMax);
    try {
      const response = await fetch(url, {
        headers: this.#options.headers,
        redirect: "manual",
        signal: asking.signal,
      });
      await response.body?.cancel();
      if (response.ok) for (const onAlive of this.#watching) onAlive();
    } catch {
      // No answer is no sign of life, which is all that it says.
    } finally {
      clearTimeout(late);
      this.#asking = undefined;
    }
  }
}
