/**
 * A swarm in one thread: the real middle and the real host over the simulated disk, under a clock that
 * only tests move. Agents say what a test makes them say; nothing happens by itself.
 */

import { createHmac } from "node:crypto";
import { createApplication, query } from "#actors/application.ts";
import type { BooksStatus, NeedStatus } from "#actors/queries.ts";
import { commitOf } from "#actors/stage.ts";
import { encodeGenesis } from "#domain/genesis/codec.ts";
import { parametersOf, type Overrides } from "#domain/genesis/profiles.ts";
import { BUCKETS, bucketOf, sha256, SYSTEM_BUCKET } from "#envelope/cid.ts";
import {
  accountThread,
  encodeEnvelope,
  encodeSigned,
  signEnvelopes,
  type Envelope,
} from "#envelope/envelope.ts";
import { signerFromSeed, type Signer } from "#envelope/keys.ts";
import { bestSuite } from "#envelope/signature/suite.ts";
import { swarmIdOf } from "#envelope/swarm.ts";
import type { AgentVerb, Bodies, Role } from "#protocol/bodies.ts";
import { memberDigest } from "#protocol/digests.ts";
import type { Notice } from "#protocol/notices.ts";
import type { Receipt } from "#runtime/bucket/outputs.ts";
import type { BucketMessage, HostEvent } from "#runtime/host/environment.ts";
import { Host } from "#runtime/host/host.ts";
import { decodeRecord, type Entry } from "#runtime/log/record.ts";
import { replayLogs, stateHashOf } from "#runtime/replay/replay.ts";
import { SimDisk } from "#sim/world/store.ts";

const CREDIT = 1_000_000n;
const STEP_MS_MAX = 1_000;
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const POLICY = "policy";

export interface Cast {
  readonly name: string;
  readonly roles: readonly Role[];
  readonly capability: string;
  readonly org?: string;
  readonly credits?: bigint;
  readonly stake?: bigint;
}

export class World {
  readonly disk = new SimDisk();
  readonly host: Host;
  readonly #store = this.disk.open();
  readonly genesis;
  readonly swarm: string;
  readonly operator = signerFromSeed(sha256(text("operator")));
  readonly signers = new Map<string, Signer>();
  readonly names = new Map<string, string>();
  readonly receipts = new Map<string, Receipt["answer"]>();
  readonly rejected: { code: string; detail: string }[] = [];
  /** Hands a message of one bucket over to another. */
  carry: (message: BucketMessage) => void = (message) => this.host.message(message);
  /** Nobody hears of new registry snapshots. */
  isRegistryCut = false;
  /** A test that expects something to go wrong says so by setting this. */
  onEvent: (event: HostEvent) => void = (event) => {
    throw new Error(`the host reports ${JSON.stringify(event)}`);
  };
  onNotice: (to: string, notice: Notice) => void = () => {};
  readonly #nonces = new Map<string, number>();
  readonly #documents = new Map<string, Uint8Array>();
  nowMs = 0;

  private constructor(overrides: Overrides) {
    this.genesis = {
      version: 1 as const,
      name: "test",
      nonce: new Uint8Array(16),
      operator: this.operator.did,
      createdAtMs: 0,
      minted: 1_000_000_000n * CREDIT,
      parameters: parametersOf("local", overrides),
      policy: POLICY,
    };
    const bytes = encodeGenesis(this.genesis);
    this.swarm = swarmIdOf("test", bytes);
    this.names.set(this.operator.did, "operator");
    this.host = new Host({
      app: createApplication(bytes),
      store: this.#store,
      verifier: bestSuite(),
      nowMs: () => this.nowMs,
      monotonicMs: () => this.nowMs,
      chance: (label) => createHmac("sha256", "secret").update(label).digest(),
      epochBody: ({ generation, revision }) => ({
        generation,
        revision,
        key: this.operator.did,
        header: "",
        code: "test",
        machines: "",
        policy: POLICY,
        commitment: sha256(text("secret")),
      }),
      fetchDocument: async (hash) => this.#documents.get(hash),
      send: (message) => this.carry(message),
      receipts: (_bucket, receipts) => {
        for (const { envelope, answer } of receipts) this.receipts.set(envelope, answer);
      },
      tell: (to, notice) => this.onNotice(this.names.get(to) ?? to, notice as Notice),
      publish: (publication) => {
        this.#documents.set(publication.hash, publication.document);
        if (this.isRegistryCut) return;
        this.host.document(publication);
      },
      reject: (_connection, _wire, code, detail) => void this.rejected.push({ code, detail }),
      event: (event) => {
        this.onEvent(event);
      },
      wake: () => {},
      inHand: () => {},
      after: () => () => {},
      dead: [],
    });
  }

  static async open(cast: readonly Cast[], overrides: Overrides = {}): Promise<World> {
    const world = new World(overrides);
    const all = Array.from({ length: BUCKETS + 1 }, (_, bucket) => bucket);
    const epoch = await world.#store.lead(all);
    for (const bucket of all) await world.host.lead(bucket, epoch);
    await world.settle();
    for (const one of cast) await world.#enrol(one);
    await world.advance(100);
    return world;
  }

  async #enrol({
    name,
    roles,
    capability,
    org,
    credits = 1_000n * CREDIT,
    stake = 0n,
  }: Cast): Promise<void> {
    const signer = signerFromSeed(sha256(text(name)));
    this.signers.set(name, signer);
    this.names.set(signer.did, name);
    this.signers.set("operator", this.operator);
    await this.accept("operator", "TRANSFER", {
      to: signer.did,
      amount: credits + stake,
      key: name,
    });
    const attestations =
      org === undefined
        ? []
        : [
            {
              label: "org" as const,
              value: org,
              by: this.operator.did,
              signature: this.operator.sign(memberDigest(signer.did, "org", org)),
            },
          ];
    const manifest = { name, roles, capabilities: roles.includes("requester") ? [] : [capability] };
    await this.accept(name, "REGISTER", { manifest, attestations });
    if (stake > 0n) await this.accept(name, "STAKE", { amount: stake });
  }

  did(name: string): string {
    return this.signers.get(name)?.did ?? "";
  }

  /** Sign an envelope; `change` makes it worse than honest agents would. */
  sign<V extends AgentVerb>(
    name: string,
    verb: V,
    body: Bodies[V],
    change: Partial<Envelope> = {},
  ): { id: string; thread: string; wire: Uint8Array } {
    const signer = this.signers.get(name);
    if (signer === undefined) throw new Error(`nobody is called ${name}`);
    const isAccount = ["REGISTER", "TRANSFER", "STAKE", "UNSTAKE", "LIMIT", "PAUSE"].includes(verb);
    const thread = isAccount ? accountThread(signer.did) : (body as { need?: string }).need;
    const key = `${thread ?? ""} ${name}`;
    const nonce = thread === undefined ? 1 : (this.#nonces.get(key) ?? 0) + 1;
    this.#nonces.set(key, nonce);
    const { bytes, id } = encodeEnvelope({
      v: 1,
      swarm: this.swarm,
      ...(thread === undefined ? {} : { thread }),
      verb,
      from: signer.did,
      nonce,
      lamport: nonce,
      sentAtMs: this.nowMs,
      expiresAtMs: this.nowMs + 600_000,
      policy: POLICY,
      body,
      refs: [],
      ...change,
    });
    if (thread === undefined) this.#nonces.set(`${id} ${name}`, 1);
    const [signed] = signEnvelopes([bytes], signer);
    if (signed === undefined) throw new Error("nothing was signed");
    return { id, thread: thread ?? id, wire: encodeSigned(signed) };
  }

  send(...wires: readonly Uint8Array[]): void {
    this.host.receive(0, wires);
  }

  /** Say it and answer what the swarm says; undefined while the answer is owed. */
  async say<V extends AgentVerb>(
    name: string,
    verb: V,
    body: Bodies[V],
    change: Partial<Envelope> = {},
  ): Promise<{ id: string; answer: Receipt["answer"] | undefined }> {
    const { id, wire } = this.sign(name, verb, body, change);
    this.send(wire);
    await this.settle();
    return { id, answer: this.receipts.get(id) };
  }

  async accept<V extends AgentVerb>(name: string, verb: V, body: Bodies[V]): Promise<string> {
    const { id, answer } = await this.say(name, verb, body);
    if (answer?.kind !== "ack") throw new Error(`${verb} of ${name}: ${JSON.stringify(answer)}`);
    return id;
  }

  /** Until nothing is queued and everything is committed. */
  async settle(): Promise<void> {
    do {
      this.host.turn();
      await this.host.drain();
    } while (this.host.waiting > 0);
  }

  /** Time passes, in steps that the host counts whole. */
  async advance(ms: number): Promise<void> {
    for (let left = ms; left > 0;) {
      await this.settle();
      const dueMs = Math.max(1, this.host.turn());
      const step = Math.min(left, dueMs, STEP_MS_MAX);
      this.nowMs += step;
      left -= step;
    }
    await this.settle();
  }

  give(bucket: number, verb: string, body: unknown): Promise<void> {
    this.host.give(bucket, verb, body);
    return this.settle();
  }

  need(id: string): NeedStatus | undefined {
    return query(this.host, "need", id) as NeedStatus | undefined;
  }

  /** The COMMIT of the need's open attempt. */
  committed(need: string): string | undefined {
    const view = this.host.view(bucketOf(need));
    return view === undefined ? undefined : commitOf(view, need)?.commit;
  }

  books(): BooksStatus {
    return query(this.host, "books", undefined) as BooksStatus;
  }

  /** The bucket's entries, in order. */
  async log(bucket: number): Promise<{ atMs: number; entry: Entry }[]> {
    const records = await this.#store.read(bucket, 0, 100_000);
    return records
      .map(decodeRecord)
      .flatMap(({ atMs, entries }) => entries.map((entry) => ({ atMs, entry })));
  }

  /** State hashes: as it is, and as a replay of every log gives it (P2). */
  async hashes(): Promise<{ live: string; replayed: string }> {
    const store = this.#store;
    const buckets = this.host.buckets();
    const app = createApplication(encodeGenesis(this.genesis));
    const replayed = await replayLogs(
      app,
      buckets.map(({ bucket }) => bucket),
      async function* (bucket) {
        yield* await store.read(bucket, 0, 100_000);
      },
    );
    return { live: stateHashOf(buckets.map(({ state }) => state)), replayed: replayed.stateHash };
  }

  logOf(need: string): Promise<{ atMs: number; entry: Entry }[]> {
    return this.log(bucketOf(need));
  }

  systemLog(): Promise<{ atMs: number; entry: Entry }[]> {
    return this.log(SYSTEM_BUCKET);
  }
}
