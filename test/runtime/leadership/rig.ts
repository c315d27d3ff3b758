/** Supervisors over one simulated store, whose sessions end by themselves. */

import { settled } from "#cli/sim/job.ts";
import { Leadership, type LeadershipOptions } from "#runtime/leadership/leadership.ts";
import { Prng } from "#sim/kernel/prng.ts";
import { Scheduler } from "#sim/kernel/scheduler.ts";
import { SimConsensus } from "#sim/world/consensus.ts";
import { Machine } from "#sim/world/machine.ts";

const EXPIRE_MS = 100;

export class LeadershipRig {
  readonly scheduler = new Scheduler(Prng.of(1), settled);
  readonly store = new SimConsensus({ nowMs: () => this.scheduler.nowMs });

  constructor() {
    const expire = (): void => {
      this.store.tick();
      this.scheduler.after(EXPIRE_MS, expire);
    };
    expire();
  }

  pass(ms: number): Promise<void> {
    return this.scheduler.run(this.scheduler.nowMs + ms);
  }

  /** All of one build, on the bus, and nothing comes of what they win, unless it is said. */
  joining(
    name: string,
    more: Pick<LeadershipOptions, "buckets"> & Partial<LeadershipOptions>,
  ): Leadership {
    const { clock } = new Machine(this.scheduler, name, { driftPpm: 0, skewMs: 0 });
    return new Leadership({
      name,
      build: "",
      isAlike: () => true,
      consensus: this.store.connect(),
      clock,
      won: () => {},
      letGo: async () => {},
      restock: async () => {},
      reach: async () => {},
      event: () => {},
      ...more,
    });
  }
}
