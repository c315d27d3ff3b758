/** A simulated requester: posts what its plan says, when it says so, in the buckets of the run. */

import { Buffer } from "node:buffer";
import { sha256 } from "#envelope/cid.ts";
import { encodeSigned, signEnvelopes } from "#envelope/envelope.ts";
import { blockOf, isAck, type AgentClient, type Prepared } from "#agent/client.ts";
import type { Blocks } from "#ports/blocks.ts";
import type { Input, NeedBody } from "#protocol/bodies.ts";
import type { Notice, Receipt } from "#protocol/notices.ts";
import type { NeedPlan } from "../plan/plan.ts";
import type { Machine } from "../world/machine.ts";
import { written, type Pen } from "./hostile/craft.ts";

const text = new TextEncoder();
/** Tries until a NEED falls into a bucket of the run: 256 on average for a run of one bucket. */
const TRIES_MAX = 20_000;
/** Lamport numbers from here on take four bytes, so that the next try changes just those. */
const LAMPORT_FROM = 65_536;
/** The field's name and the head of a number of four bytes. */
const LAMPORT = Buffer.from([0x67, ...text.encode("lamport"), 0x1a]);
/** What is beside the number in a large input, bytes. */
const PADDING_BYTES = 70_000;
export const CAPABILITY = "square";

export interface PostedNeed {
  readonly plan: NeedPlan;
  readonly need: string;
  readonly sentAtMs: number;
  receipt: Receipt | undefined;
}

const preimageOf = (key: string): Uint8Array => sha256(text.encode(`draw ${key}`));

const bodyOf = (plan: NeedPlan, input: Input): NeedBody => ({
  key: plan.key,
  capability: plan.capability ?? CAPABILITY,
  input,
  bounty: BigInt(plan.bounty),
  verifyBounty: BigInt(plan.verifyBounty),
  tier: plan.tier,
  deadlineMs: plan.deadlineMs,
  ...(plan.kPlan === undefined ? {} : { kPlan: plan.kPlan }),
  ...(plan.kResult === undefined ? {} : { kResult: plan.kResult }),
  ...(plan.limits === undefined ? {} : { limits: plan.limits }),
  ...(plan.selfAttestation === undefined ? {} : { selfAttestation: true }),
  ...(plan.drawHash ? { drawHash: sha256(preimageOf(plan.key)) } : {}),
});

export interface RequesterVoice {
  readonly client: AgentClient;
  readonly machine: Machine;
  readonly pen: Pen;
  readonly blocks: Blocks;
}

export class SimRequester {
  #voice: RequesterVoice | undefined;
  readonly #buckets: ReadonlySet<number>;
  readonly #nowMs: () => number;
  readonly posted: PostedNeed[] = [];
  readonly #planOf = new Map<string, NeedPlan>();
  #lamport = LAMPORT_FROM;

  constructor(buckets: readonly number[], nowMs: () => number) {
    this.#buckets = new Set(buckets);
    this.#nowMs = nowMs;
  }

  use(voice: RequesterVoice): void {
    this.#voice = voice;
  }

  get #own(): RequesterVoice {
    if (this.#voice === undefined) throw new Error("the requester has no voice yet");
    return this.#voice;
  }

  get client(): AgentClient {
    return this.#own.client;
  }

  hear(notice: Notice): void {
    const plan = this.#planOf.get(notice.need);
    if (notice.kind !== "reveal-draw" || plan === undefined || plan.drawReveal === "never") return;
    const { need, attempt } = notice;
    const preimage = preimageOf(plan.drawReveal === "wrong" ? "another" : plan.key);
    void this.client.say("REVEAL", need, { what: "draw", need, attempt, preimage });
  }

  /** Posts everything at its time, counted from now. */
  schedule(needs: readonly NeedPlan[]): void {
    for (const plan of needs)
      this.#own.machine.afterTrue(plan.atMs, () => {
        this.#post(plan, plan.input);
        if (plan.twice !== undefined)
          this.#post(plan, plan.twice === "other" ? plan.input + 1 : plan.input);
      });
  }

  #post(plan: NeedPlan, number: number): void {
    const prepared = this.#mined(bodyOf(plan, this.#input(plan, number)));
    const posted: PostedNeed = {
      plan,
      need: prepared.id,
      sentAtMs: this.#nowMs(),
      receipt: undefined,
    };
    this.posted.push(posted);
    this.#planOf.set(prepared.id, plan);
    void this.client.send(prepared).then((receipt) => {
      posted.receipt = receipt;
      if (plan.cancelAfterMs === undefined || !isAck(receipt)) return;
      this.#own.machine.after(plan.cancelAfterMs, () => {
        void this.client.say("CANCEL", prepared.id, { need: prepared.id });
      });
    });
  }

  #input({ block }: NeedPlan, number: number): Input {
    if (block === undefined) return { value: number };
    const { bytes, cid } = blockOf({ number, padding: new Uint8Array(PADDING_BYTES) });
    if (block === "stored") this.#own.blocks.put(bytes, "dag-cbor").catch(() => {});
    return { cid };
  }

  /** An envelope like those of an honest client, whose id falls into a bucket of the run. */
  #mined(body: NeedBody): Prepared {
    const { pen } = this.#own;
    const bytes = written(pen, { verb: "NEED", body, nonce: 1, lamport: this.#lamport });
    const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).lastIndexOf(LAMPORT);
    const number = new DataView(bytes.buffer, bytes.byteOffset + at + LAMPORT.length);
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      number.setUint32(0, this.#lamport);
      this.#lamport += 1;
      if (!this.#buckets.has(sha256(bytes)[0] ?? 0)) continue;
      const [signed] = signEnvelopes([bytes], pen.signer);
      if (signed === undefined) break;
      // Made past the client, which must not use the nonce again.
      this.client.resume(signed.id, 1);
      return { id: signed.id, thread: signed.id, wire: encodeSigned(signed) };
    }
    throw new Error("no NEED fell into a bucket of the run");
  }
}
