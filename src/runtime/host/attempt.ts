/** One try of one bucket's turn: sifted inputs in; what it made, or what it was doing when it threw. */

import { HaltBucket } from "../bucket/application.ts";
import { buildTurn, type Built } from "../bucket/build.ts";
import { nameOfInput, type TurnInput } from "../bucket/input.ts";
import type { Outputs } from "../bucket/outputs.ts";
import { admit } from "./admission.ts";
import type { Documents } from "./documents.ts";
import { messageOf, type HostEnvironment } from "./environment.ts";
import type { Inbox } from "./inbox.ts";
import type { Led } from "./led.ts";
import { nameOfBucket, refuseAll, type HostPoison } from "./poison.ts";

import type { Refusals } from "./refusals.ts";

export interface AttemptRequest {
  readonly led: Led;
  /** The host's own given entries, which come first. */
  readonly own: readonly TurnInput[];
  readonly inputs: readonly TurnInput[];
  /** The host's run time, ms. */
  readonly ranMs: number;
}

export interface AttemptTools {
  readonly env: HostEnvironment;
  readonly documents: Documents;
  readonly poison: HostPoison;
  readonly refusals: Refusals;
  readonly inbox: Pick<Inbox, "isCrowded" | "known">;
}

export type Attempted =
  | { readonly kind: "built"; readonly built: Built | undefined; readonly outputs: Outputs }
  /** The state is unusable (bucket/turn.ts T3). `input`: undefined where none of `inputs` did it. */
  | { readonly kind: "threw"; readonly input: TurnInput | undefined; readonly cause: string };

export const attempt = (tools: AttemptTools, request: AttemptRequest): Attempted => {
  const { env, documents, poison, refusals, inbox } = tools;
  const { led, inputs, own, ranMs } = request;
  const { app, nowMs, chance, inHand } = env;
  const { bucket } = led;
  const { living, letters, buried } = poison.sift(led.state, inputs);
  const pin = app.unpinned(bucket) ? [] : pinOf(led, documents, ranMs);
  const taken = [...own, ...pin, ...letters.map(({ entry }) => entry), ...living];
  let current: TurnInput | undefined;
  inHand(nameOfBucket(bucket));
  try {
    const { built, outputs } = buildTurn(app, led.state, taken, {
      atMs: led.time.take(ranMs),
      epoch: led.epoch,
      chance: (label) => chance(label, bucket),
      document: (hash) => documents.get(hash),
      admit: (input, view, out) => {
        current = input;
        inHand(nameOfInput(bucket, input));
        return admit({ app, nowMs, refusals, inbox }, led.state, input, view, out);
      },
    });
    refuseAll("DEAD_LETTERED", buried, outputs);
    poison.settled(bucket, living);
    for (const { name: input, reason: cause } of letters) {
      poison.lettered(input);
      env.event({ type: "dead_letter", bucket, input, cause });
    }
    return { kind: "built", built, outputs };
  } catch (error) {
    const cause = messageOf(error);
    const isTheirs = current !== undefined && inputs.includes(current);
    const input = isTheirs && !(error instanceof HaltBucket) ? current : undefined;
    return { kind: "threw", input, cause };
  } finally {
    inHand("");
  }
};

/** Every bucket pins the newest registry before it acts. */
const pinOf = (led: Led, { latest }: Documents, ranMs: number): readonly TurnInput[] => {
  if (latest === undefined || (led.state.pin?.revision ?? 0) >= latest.revision) return [];
  const { revision, hash, receivedMs } = latest;
  return [{ kind: "given", verb: "REGISTRY", body: { revision, hash, ageMs: ranMs - receivedMs } }];
};
