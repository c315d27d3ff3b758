/**
 * What the servers of a cluster say of their room, for figures that are read often: how large the databases
 * of etcd are, what the streams of NATS take.
 *
 * F1  They are asked at most once in ASK_EVERY_MS, however often the figures are read, and not at all while
 *     nobody reads them.
 * F2  Whoever reads waits for them READ_MS at most, and then has what they said before. What is not told the
 *     next time is no longer there: an old figure would hide that a server is away.
 */

import { etcdSizes } from "#adapters/etcd/sizes.ts";
import type { NatsBus } from "#adapters/nats/bus.ts";
import type { ClusterFigures } from "#gateway/swarm.ts";
import type { Clock } from "#ports/clock.ts";
import type { ClusterPlaces } from "./settings.ts";

/** From one question to the servers to the next, ms: a collector reads every 15 s as a rule. */
export const ASK_EVERY_MS = 10_000;
/** Servers that are well answer within some 20 ms. */
export const READ_MS = 250;
/** A server of etcd is asked for so long, ms; NATS as long as the bus says. */
const ASK_MS = 2_000;

export type Told = Pick<ClusterFigures, "etcd" | "streams">;

export class ServerFigures {
  readonly #clock: Pick<Clock, "after" | "monotonicMs">;
  readonly #ask: () => Promise<Told>;
  #told: Told = { etcd: [], streams: [] };
  #askedAtMs = -Infinity;
  #asking: Promise<void> | undefined;

  /** `ask` resolves within some seconds, with what was told. */
  constructor(clock: Pick<Clock, "after" | "monotonicMs">, ask: () => Promise<Told>) {
    [this.#clock, this.#ask] = [clock, ask];
  }

  async read(): Promise<Told> {
    const nowMs = this.#clock.monotonicMs();
    if (this.#asking === undefined && nowMs - this.#askedAtMs >= ASK_EVERY_MS) {
      this.#askedAtMs = nowMs;
      this.#asking = this.#asked();
    }
    if (this.#asking !== undefined) await this.#within(this.#asking);
    return this.#told;
  }

  async #asked(): Promise<void> {
    this.#told = await this.#ask();
    this.#asking = undefined;
  }

  #within(asking: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(READ_MS, resolve);
      void asking.then(() => {
        cancel();
        resolve();
      });
    });
  }
}

/** Each server that answers; what does not is left out, which is how it shows. */
export const askServers =
  ({ etcd }: Pick<ClusterPlaces, "etcd">, bus: Pick<NatsBus, "rooms">) =>
  async (): Promise<Told> => {
    const [sizes, streams] = await Promise.all([
      Promise.all(
        etcd.endpoints.map((endpoint) =>
          etcdSizes(etcd, endpoint, ASK_MS).then(
            (told) => [{ endpoint, ...told }],
            () => [],
          ),
        ),
      ),
      bus.rooms().catch(() => []),
    ]);
    return { etcd: sizes.flat(), streams };
  };
