/** Inputs that wait because their bucket cannot take them yet, each bucket's in the order they came (H5). */

import { mark } from "#ports/marks.ts";
import type { TurnInput } from "../bucket/input.ts";
import type { Led } from "./led.ts";

type CanBuild = (led: Led) => boolean;

export class Backlog {
  readonly #led: ReadonlyMap<number, Led>;
  readonly #inputsMax: number;
  readonly #buckets = new Set<number>();

  /** `inputsMax`: of one bucket. What the host itself has given is never too much. */
  constructor(led: ReadonlyMap<number, Led>, inputsMax: number) {
    [this.#led, this.#inputsMax] = [led, inputsMax];
  }

  /** Behind what waits already. Answered: those for which there is no room. */
  add(led: Led, inputs: readonly TurnInput[]): readonly TurnInput[] {
    mark("host.backlog");
    this.#buckets.add(led.bucket);
    const left: TurnInput[] = [];
    for (const input of inputs) {
      if (led.backlog.length < this.#inputsMax || input.kind === "given") led.backlog.push(input);
      else left.push(input);
    }
    return left;
  }

  /** In front of what waits: the turn that took them is void. */
  again(led: Led, inputs: readonly TurnInput[]): void {
    led.backlog = [...inputs, ...led.backlog];
    this.#buckets.add(led.bucket);
  }

  /** By bucket, of those that can take something now; it waits no more. */
  take(canBuild: CanBuild): Map<number, TurnInput[]> {
    const taken = new Map<number, TurnInput[]>();
    for (const led of this.#ready(canBuild)) {
      taken.set(led.bucket, led.backlog);
      this.drop(led);
    }
    return taken;
  }

  /** Is there a bucket that could take now what it could not before? */
  isReady(canBuild: CanBuild): boolean {
    return this.#ready(canBuild).next().done !== true;
  }

  drop(led: Led): void {
    led.backlog = [];
    this.#buckets.delete(led.bucket);
  }

  *#ready(canBuild: CanBuild): Generator<Led, void> {
    for (const bucket of this.#buckets) {
      const led = this.#led.get(bucket);
      if (led !== undefined && canBuild(led)) yield led;
    }
  }
}
