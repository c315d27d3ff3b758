/**
 * The door of a cluster for agents that come over the bus alone: whoever leads a bucket answers what is
 * asked there. Envelopes need no door: they go to their bucket (ports/bus.ts).
 *
 * D1  A question is signed by the agent that it names, and answered to that agent's own subject alone: so
 *     nobody can have answers sent to another, or blocks kept in another's name.
 * D2  Nothing is promised: whoever has no answer asks again, the same or another leader. What is asked may
 *     be done twice.
 * D3  Blocks are kept for those who are registered, and read by anybody, as over HTTP.
 */

import { isCid } from "#envelope/cid.ts";
import { decode } from "#envelope/canonical.ts";
import { bestSuite } from "#envelope/signature/suite.ts";
import { answerSubject, doorSubject, type Bus } from "#ports/bus.ts";
import type { Blocks } from "#ports/blocks.ts";
import type { Clock } from "#ports/clock.ts";
import {
  ASKED_MS_MAX,
  BLOCK_PART_BYTES,
  encodeDoorAnswer,
  readAsked,
  type Ask,
  type Asked,
  type BlockPart,
  type DoorAnswer,
  type KeptPart,
} from "#protocol/door.ts";
import type { Did } from "#protocol/words.ts";
import { accountAnswer, rowOf } from "./account-answer.ts";
import { BlockParts } from "./block-parts.ts";
import { GatewayError } from "./errors.ts";
import { DOOR_ASKS_BURST, DOOR_ASKS_PER_S, REGISTERED_MS } from "./limits.ts";
import { RateLimit } from "./rate-limit.ts";
import type { GatewaySwarm } from "./swarm.ts";

export interface BusDoorOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly swarm: Pick<GatewaySwarm, "swarm" | "policy" | "query">;
  readonly blocks: Pick<Blocks, "get" | "put">;
}

type Of<What extends Ask["what"]> = Extract<Ask, { readonly what: What }>;

/** Agents whose registration is remembered. */
const REGISTERED_MAX = 10_000;

const invalid = (reason: string): GatewayError => new GatewayError("BODY_INVALID", { reason });

export class BusDoor {
  readonly #o: BusDoorOptions;
  readonly #hearings = new Map<number, () => void>();
  readonly #parts: BlockParts;
  readonly #rate = new RateLimit(DOOR_ASKS_PER_S, DOOR_ASKS_BURST);
  readonly #registered = new Map<Did, number>();

  constructor(options: BusDoorOptions) {
    this.#o = options;
    this.#parts = new BlockParts(options.clock);
  }

  /** The buckets that are led here now: questions at them are answered here. */
  lead(buckets: ReadonlySet<number>): void {
    for (const [bucket, stop] of this.#hearings)
      if (!buckets.has(bucket)) {
        stop();
        this.#hearings.delete(bucket);
      }
    for (const bucket of buckets)
      if (!this.#hearings.has(bucket)) this.#hearings.set(bucket, this.#hear(bucket));
  }

  close(): void {
    this.lead(new Set());
    this.#parts.close();
  }

  #hear(bucket: number): () => void {
    return this.#o.bus.subscribe(doorSubject(bucket), (wire) => {
      const asked = readAsked(wire, bestSuite());
      if (asked !== undefined) void this.#answer(asked);
    });
  }

  async #answer(asked: Asked): Promise<void> {
    const answer = await this.#answerOf(asked);
    if (answer !== undefined)
      this.#o.bus.publish(answerSubject(asked.from), encodeDoorAnswer(answer));
  }

  /** Undefined: nobody can say now, and who asks asks again. */
  async #answerOf({ id, from, timeMs, ask }: Asked): Promise<DoorAnswer | undefined> {
    try {
      const { clock } = this.#o;
      if (Math.abs(timeMs - clock.wallMs()) > ASKED_MS_MAX)
        throw new GatewayError("SIGNATURE_INVALID", {
          reason: "its time is more than a minute off",
        });
      if (!this.#rate.take(from, clock.monotonicMs()))
        throw new GatewayError("BUSY", { reason: "this agent's questions" });
      return { id, ok: await this.#told(from, ask) };
    } catch (error) {
      if (!(error instanceof GatewayError)) return undefined;
      const { code, message } = error.shown.error;
      return { id, code, detail: message };
    }
  }

  #told(from: Did, ask: Ask): Promise<unknown> {
    switch (ask.what) {
      case "account":
        return accountAnswer(this.#o.swarm, from);
      case "block":
        return this.#block(ask);
      case "keep":
        return this.#keep(from, ask);
    }
  }

  async #block({ cid, part }: Of<"block">): Promise<BlockPart> {
    const bytes = isCid(cid) ? await this.#o.blocks.get(cid) : undefined;
    if (bytes === undefined) return { parts: 0 };
    const parts = Math.max(1, Math.ceil(bytes.length / BLOCK_PART_BYTES));
    const from = part * BLOCK_PART_BYTES;
    return { parts, bytes: bytes.slice(from, from + BLOCK_PART_BYTES) };
  }

  async #keep(from: Did, { cid, ...part }: Of<"keep">): Promise<KeptPart> {
    if (!isCid(cid)) throw invalid("it names no block");
    await this.#demandRegistered(from);
    const whole = this.#parts.add({ from, cid, ...part });
    if (whole === undefined) return { kept: false };
    try {
      decode(whole);
    } catch (error) {
      throw invalid(error instanceof Error ? error.message : "it is no canonical CBOR");
    }
    const kept = await this.#o.blocks.put(whole, "dag-cbor");
    if (kept !== cid) throw invalid(`these bytes are the block ${kept}`);
    return { kept: true };
  }

  async #demandRegistered(did: Did): Promise<void> {
    const nowMs = this.#o.clock.monotonicMs();
    if ((this.#registered.get(did) ?? -1) > nowMs) return;
    if ((await rowOf(this.#o.swarm, did)) === undefined)
      throw new GatewayError("NOT_ALLOWED", {
        reason: "blocks are kept for those who are registered",
      });
    if (this.#registered.size >= REGISTERED_MAX) this.#registered.clear();
    this.#registered.set(did, nowMs + REGISTERED_MS);
  }
}
