/** A simulated requester: posts what its plan says, when it says so, in the buckets of the run. */

import { bucketOf, sha256 } from "#envelope/cid.ts";
import { isAck, type AgentClient, type Prepared } from "#agent/client.ts";
import type { NeedBody } from "#protocol/bodies.ts";
import type { Notice, Receipt } from "#protocol/notices.ts";
import type { NeedPlan } from "../plan/plan.ts";
import type { Machine } from "../world/machine.ts";

const text = new TextEncoder();
/** Signed together, so many times, until one falls into a bucket of the run. */
const SIGNED_TOGETHER = 64;
const TRIES_MAX = 200;
export const CAPABILITY = "square";

export interface PostedNeed {
  readonly plan: NeedPlan;
  readonly need: string;
  readonly sentAtMs: number;
  receipt: Receipt | undefined;
}

const preimageOf = (key: string): Uint8Array => sha256(text.encode(`draw ${key}`));

const bodyOf = (plan: NeedPlan, isOther: boolean): NeedBody => ({
  key: plan.key,
  capability: CAPABILITY,
  input: { value: plan.input + (isOther ? 1 : 0) },
  bounty: BigInt(plan.bounty),
  verifyBounty: BigInt(plan.verifyBounty),
  tier: plan.tier,
  deadlineMs: plan.deadlineMs,
  ...(plan.kResult === undefined ? {} : { kResult: plan.kResult }),
  ...(plan.drawHash ? { drawHash: sha256(preimageOf(plan.key)) } : {}),
});

export class SimRequester {
  #voice: { readonly client: AgentClient; readonly machine: Machine } | undefined;
  readonly #buckets: ReadonlySet<number>;
  readonly #nowMs: () => number;
  readonly posted: PostedNeed[] = [];
  readonly #keyOf = new Map<string, string>();

  constructor(buckets: readonly number[], nowMs: () => number) {
    this.#buckets = new Set(buckets);
    this.#nowMs = nowMs;
  }

  use(client: AgentClient, machine: Machine): void {
    this.#voice = { client, machine };
  }

  get #own(): { readonly client: AgentClient; readonly machine: Machine } {
    if (this.#voice === undefined) throw new Error("the requester has no voice yet");
    return this.#voice;
  }

  get client(): AgentClient {
    return this.#own.client;
  }

  hear(notice: Notice): void {
    const key = this.#keyOf.get(notice.need);
    if (notice.kind !== "reveal-draw" || key === undefined) return;
    const { need, attempt } = notice;
    void this.client.say("REVEAL", need, {
      what: "draw",
      need,
      attempt,
      preimage: preimageOf(key),
    });
  }

  /** Posts everything at its time, counted from now. */
  schedule(needs: readonly NeedPlan[]): void {
    for (const plan of needs)
      this.#own.machine.afterTrue(plan.atMs, () => {
        this.#post(plan, false);
        if (plan.twice !== undefined) this.#post(plan, plan.twice === "other");
      });
  }

  #post(plan: NeedPlan, isOther: boolean): void {
    const prepared = this.#prepared(bodyOf(plan, isOther));
    const posted: PostedNeed = {
      plan,
      need: prepared.id,
      sentAtMs: this.#nowMs(),
      receipt: undefined,
    };
    this.posted.push(posted);
    this.#keyOf.set(prepared.id, plan.key);
    void this.client.send(prepared).then((receipt) => {
      posted.receipt = receipt;
      if (plan.cancelAfterMs === undefined || !isAck(receipt)) return;
      this.#own.machine.after(plan.cancelAfterMs, () => {
        void this.client.say("CANCEL", prepared.id, { need: prepared.id });
      });
    });
  }

  #prepared(body: NeedBody): Prepared {
    const bodies = Array.from({ length: SIGNED_TOGETHER }, () => body);
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const signed = this.client.prepare("NEED", undefined, bodies);
      const found = signed.find(({ id }) => this.#buckets.has(bucketOf(id)));
      if (found !== undefined) return found;
    }
    throw new Error("no NEED fell into a bucket of the run");
  }
}
