/** What one call used, over all its requests: told as telemetry. */

import { formatCredits } from "#protocol/amount.ts";
import type { Telemetry } from "../runner/runner.ts";
import type { Micro } from "./spec.ts";
import type { TokensFrom, Usage } from "./usage.ts";

/** From the server's word to what it cannot have meant: the least certain request names the whole. */
const CERTAINTY: readonly TokensFrom[] = ["reported", "estimated", "doubted"];

export class Meter {
  readonly #startedMs = performance.now();
  #requests = 0;
  #input = 0;
  #output = 0;
  #from: TokensFrom = "reported";
  #cost: Micro = 0n;
  #firstTokenMs: number | undefined;

  request(): void {
    this.#requests += 1;
  }
  token(): void {
    this.#firstTokenMs ??= Math.round(performance.now() - this.#startedMs);
  }
  used({ tokens, from }: Usage): void {
    this.#input += tokens.input;
    this.#output += tokens.output;
    if (CERTAINTY.indexOf(from) > CERTAINTY.indexOf(this.#from)) this.#from = from;
  }
  paid(cost: Micro): void {
    this.#cost += cost;
  }

  telemetry(model: string): Telemetry {
    return {
      model,
      requests: this.#requests,
      inputTokens: this.#input,
      outputTokens: this.#output,
      tokensFrom: this.#from,
      /** A decimal text in the money of the prices. */
      cost: formatCredits(this.#cost),
      ms: Math.round(performance.now() - this.#startedMs),
      ...(this.#firstTokenMs === undefined ? {} : { firstTokenMs: this.#firstTokenMs }),
    };
  }
}
