/** The operating system's randomness behind the Rng port: fit for keys, salts and secrets. */
import { randomBytes, randomInt } from "node:crypto";
import { RNG_LIMIT_MAX, type Rng } from "#ports/rng.ts";

/** `randomInt` takes limits below 2^48. */
const HALF = RNG_LIMIT_MAX / 2;

export const systemRng = (): Rng => ({
  bytes: (count) => {
    const bytes = new Uint8Array(count);
    bytes.set(randomBytes(count)); // small Buffers share one pool; these bytes are the caller's alone
    return bytes;
  },
  below: (limit) => {
    if (!Number.isInteger(limit) || limit < 1 || limit > RNG_LIMIT_MAX) {
      throw new RangeError(`a limit of ${limit} is not 1 … 2^48`);
    }
    if (limit < RNG_LIMIT_MAX) return randomInt(limit);
    return randomInt(2) * HALF + randomInt(HALF);
  },
});
