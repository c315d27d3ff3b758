/**
 * Whether this supervisor is on the bus, and what follows from it. One that is not can commit nothing,
 * so it leads nothing that another could lead; where the bus is away for everybody, nobody gains by a
 * change of leaders and nothing moves.
 *
 * R1  It is cut off when nothing that was asked of the bus in the last CUT_OFF_MS has been answered. All
 *     supervisors notice an outage of the whole bus within one PROBE_MS of each other.
 * R2  It lays down what it leads once another has been on the bus for LAY_DOWN_MS while it was not.
 * R3  Who is cut off is no candidate for any bucket, unless all are.
 */

import type { Clock } from "#ports/clock.ts";
import type { Member } from "#ports/consensus.ts";

/** From one question to the bus to the next, ms. */
export const PROBE_MS = 1_000;
/** Without an answer for so long it is cut off, ms: longer than a server takes to be missed by its peers. */
export const CUT_OFF_MS = 3_000;
/** Cut off for so long while another is not, it lays everything down, ms: several PROBE_MS (R1). */
export const LAY_DOWN_MS = 3_000;

export interface ReachOptions {
  readonly name: string;
  readonly clock: Clock;
  /** Resolves when the bus has carried a question to those that keep the records, and their answer. */
  readonly ask: () => Promise<void>;
}

export class Reach {
  readonly #o: ReachOptions;
  #answeredAtMs: number;
  /** Since when it has been cut off while another was not. */
  #aloneSinceMs: number | undefined;
  #isClosed = false;

  constructor(options: ReachOptions) {
    this.#o = options;
    this.#answeredAtMs = options.clock.monotonicMs();
    this.#probe();
  }

  /** R1. */
  get isCutOff(): boolean {
    return this.#o.clock.monotonicMs() - this.#answeredAtMs > CUT_OFF_MS;
  }

  /** R2. To be asked at every look. */
  isToLayDown(members: readonly Member[]): boolean {
    const { name, clock } = this.#o;
    const isAlone = this.isCutOff && members.some((one) => one.name !== name && !one.isCutOff);
    this.#aloneSinceMs = isAlone ? (this.#aloneSinceMs ?? clock.monotonicMs()) : undefined;
    return isAlone && clock.monotonicMs() - (this.#aloneSinceMs ?? 0) >= LAY_DOWN_MS;
  }

  close(): void {
    this.#isClosed = true;
  }

  #probe(): void {
    if (this.#isClosed) return;
    const askedMs = this.#o.clock.monotonicMs();
    this.#o.ask().then(
      () => {
        this.#answeredAtMs = Math.max(this.#answeredAtMs, askedMs);
      },
      // Nothing is done about it here: what is not answered is what counts.
      () => undefined,
    );
    this.#o.clock.after(PROBE_MS, () => this.#probe());
  }
}

/** Who has been there longest. */
export const eldestOf = (members: readonly Member[]): Member | undefined =>
  members.toSorted((one, other) => one.since - other.since)[0];

/** R3. Names of those that may lead. */
export const candidatesOf = (
  members: readonly Pick<Member, "name" | "isCutOff">[],
): readonly string[] => {
  const onBus = members.filter(({ isCutOff }) => !isCutOff);
  return (onBus.length === 0 ? members : onBus).map(({ name }) => name);
};
