/**
 * Agents on other machines: each keeps one stream open on which it hears notices and receipts, and
 * posts its envelopes beside it. Connections go outward from the agent only.
 *
 * J1  A stream is opened by a signature of the agent's key, and answers with a session: a secret that
 *     only its reader knows. Envelopes come under a session, so strangers cost no signature check.
 * J2  A listing is a lease: probes on the stream must be answered, or listing and stream end.
 * J3  Nothing is kept for who is away. Whoever attaches again is told again what is still asked of it.
 * J4  Envelopes cost a signature check each, so their number is limited: a stranger, who has had no ACK
 *     yet, may say little; whoever is refused may say less for a while.
 */

import { randomBytes } from "node:crypto";
import { decodeEnvelope, decodeSigned, type SignedEnvelope } from "#envelope/envelope.ts";
import { encode } from "#envelope/canonical.ts";
import { publicKeyOf } from "#envelope/did.ts";
import { bestSuite } from "#envelope/signature/suite.ts";
import { HEARING_MS_MAX, hearingMessage } from "#protocol/hearing.ts";
import { encodeNotice } from "#protocol/notice-wire.ts";
import type { SwarmLink } from "#ports/swarm-link.ts";
import type { Did, EnvelopeId } from "#protocol/words.ts";
import { GatewayError } from "./errors.ts";
import {
  AGENT_ENVELOPES_BURST,
  AGENT_ENVELOPES_PER_S,
  LISTING_MS,
  PROBE_MS,
  REFUSAL_COST,
  STRANGER_ENVELOPES_BURST,
  STRANGER_ENVELOPES_PER_S,
  STREAMS_MAX,
} from "./limits.ts";
import { RateLimit } from "./rate-limit.ts";
import { SignedPosts } from "./signed-posts.ts";
import type { GatewaySwarm } from "./swarm.ts";

/** Where a session's events go. */
export interface Stream {
  send(event: string, data: string): void;
  close(): void;
}

export interface Session {
  readonly did: Did;
  readonly secret: string;
  /** The stream ended. */
  readonly leave: () => void;
}

interface Joined {
  readonly did: Did;
  readonly secret: string;
  readonly stream: Stream;
  /** Envelopes it sent that nobody has answered: transport errors are told to all of a link. */
  readonly sent: Set<EnvelopeId>;
  probe: string;
  heardMs: number;
  /** It has had an ACK. */
  isKnown: boolean;
  cancel: () => void;
}

/** What is listed of an agent that is here. */
export interface Listing {
  readonly did: Did;
  /** Since its last sign of life, ms. */
  readonly quietMs: number;
}

interface Passed {
  readonly id: EnvelopeId;
  readonly thread: string;
  readonly wire: Uint8Array;
}

/** Envelopes of one agent that are remembered until they are answered. */
const SENT_MAX = 4_096;
const noop = (): void => undefined;
const SECRET_BYTES = 18;
const secretText = (): string => randomBytes(SECRET_BYTES).toString("base64url");
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

export class JoinedAgents {
  readonly #swarm: GatewaySwarm;
  readonly #link: SwarmLink;
  /** Of those who are not joined, and of those who are. */
  readonly posts: SignedPosts;
  readonly #byDid = new Map<Did, Joined>();
  readonly #bySecret = new Map<string, Joined>();
  readonly #rate = new RateLimit(AGENT_ENVELOPES_PER_S, AGENT_ENVELOPES_BURST);
  readonly #strangers = new RateLimit(STRANGER_ENVELOPES_PER_S, STRANGER_ENVELOPES_BURST);
  /** Counts since the start, for metrics. */
  readonly counts = { envelopes: 0, refused: 0, notices: 0 };

  constructor(swarm: GatewaySwarm) {
    this.#swarm = swarm;
    this.#link = swarm.link();
    this.posts = new SignedPosts(this.#link, (did) => this.#byDid.has(did));
  }

  get size(): number {
    return this.#byDid.size;
  }

  listings(): readonly Listing[] {
    const nowMs = this.#swarm.clock.monotonicMs();
    return [...this.#byDid.values()].map(({ did, heardMs }) => ({ did, quietMs: nowMs - heardMs }));
  }

  /** Refuses with SIGNATURE_INVALID. */
  checkHearing(did: Did, time: string | undefined, signature: string | undefined): void {
    const key = publicKeyOf(did);
    const invalid = (reason: string): GatewayError =>
      new GatewayError("SIGNATURE_INVALID", { reason });
    if (key === undefined) throw invalid("the did is no did:key of Ed25519");
    if (time === undefined || signature === undefined)
      throw invalid("canswarm-time or canswarm-signature is missing");
    const timeMs = Number(time);
    if (!Number.isSafeInteger(timeMs)) throw invalid("canswarm-time is no Unix time in ms");
    if (Math.abs(timeMs - this.#swarm.clock.wallMs()) > HEARING_MS_MAX)
      throw invalid("canswarm-time is more than a minute off");
    const message = hearingMessage(this.#swarm.swarm, did, timeMs);
    if (!bestSuite().verify(key, message, new Uint8Array(Buffer.from(signature, "base64"))))
      throw invalid("the signature does not verify");
  }

  /** Refuses with BUSY, before a stream is opened; who is here already may always come again. */
  checkRoom(did: Did): void {
    if (this.#byDid.size >= STREAMS_MAX && !this.#byDid.has(did))
      throw new GatewayError("BUSY", { reason: `${STREAMS_MAX} agents are here` });
  }

  /** An earlier stream of the same agent ends. */
  attach(did: Did, stream: Stream): Session {
    const earlier = this.#byDid.get(did);
    if (earlier !== undefined) this.#end(earlier);
    const heardMs = this.#swarm.clock.monotonicMs();
    const secret = secretText();
    const sent = new Set<EnvelopeId>();
    const joined: Joined = {
      did,
      secret,
      stream,
      sent,
      probe: "",
      heardMs,
      isKnown: false,
      cancel: noop,
    };
    this.#byDid.set(did, joined);
    this.#bySecret.set(secret, joined);
    stream.send("session", JSON.stringify({ session: secret, probeMs: PROBE_MS }));
    this.#link.attach(did, {
      receipt: (receipt) => {
        this.posts.receipt(receipt);
        sent.delete(receipt.envelope);
        if (receipt.kind === "ack") joined.isKnown = true;
        // A crowd is not of its making.
        else if (receipt.code !== "MAILBOX_FULL") this.#refused(did);
        stream.send("receipt", base64(encode(receipt)));
      },
      notice: (notice) => {
        this.counts.notices += 1;
        stream.send("notice", base64(encodeNotice(notice)));
      },
      rejected: (envelope, code, detail) => {
        this.posts.rejected(envelope, code, detail);
        if (!sent.delete(envelope)) return;
        if (code !== "MAILBOX_FULL") this.#refused(did);
        stream.send("rejected", JSON.stringify({ envelope, code, detail }));
      },
      resumed: () => stream.send("resumed", "{}"),
    });
    this.#probe(joined);
    return { did, secret, leave: () => this.#end(joined) };
  }

  /** The answer to a probe. Refuses with SIGNATURE_INVALID. */
  alive(secret: string | undefined, probe: unknown): void {
    const joined = this.#joined(secret);
    if (probe !== joined.probe)
      throw new GatewayError("SIGNATURE_INVALID", { reason: "this is not the probe's own word" });
    joined.heardMs = this.#swarm.clock.monotonicMs();
  }

  /**
   * Passes so many signed envelopes on; receipts come on the stream. Refuses the whole request. Their room is
   * taken before they are decoded (J4), and is not given back where they cannot be.
   */
  send(
    secret: string | undefined,
    count: number,
    decoded: () => readonly Uint8Array[],
  ): readonly Uint8Array[] {
    const joined = this.#joined(secret);
    const nowMs = this.#swarm.clock.monotonicMs();
    const rate = joined.isKnown ? this.#rate : this.#strangers;
    if (!rate.take(joined.did, nowMs, count)) {
      this.counts.refused += count;
      throw new GatewayError("BUSY", { reason: "this agent's envelopes" });
    }
    const wires = decoded();
    const read = wires.map((wire) => this.#read(joined.did, wire));
    joined.heardMs = nowMs;
    for (const { id, thread, wire } of read) {
      joined.sent.add(id);
      if (joined.sent.size > SENT_MAX) joined.sent.delete(joined.sent.values().next().value ?? "");
      this.#link.send(thread, wire);
    }
    this.counts.envelopes += read.length;
    return wires;
  }

  /** Refuses with SIGNATURE_INVALID where it has ended. */
  checkSession(secret: string | undefined): void {
    this.#joined(secret);
  }

  close(): void {
    for (const joined of this.#byDid.values()) this.#end(joined);
  }

  #refused(did: Did): void {
    this.#rate.charge(did, this.#swarm.clock.monotonicMs(), REFUSAL_COST); // J4
  }

  #joined(secret: string | undefined): Joined {
    const joined = secret === undefined ? undefined : this.#bySecret.get(secret);
    if (joined !== undefined) return joined;
    this.counts.refused += 1;
    throw new GatewayError("SIGNATURE_INVALID", {
      reason: "the session has ended; open the stream again",
    });
  }

  /** Cheap checks only: the bucket's host verifies the signature. */
  #read(did: Did, wire: Uint8Array): Passed {
    const invalid = (reason: string): GatewayError => {
      this.counts.refused += 1;
      return new GatewayError("BODY_INVALID", { reason });
    };
    let signed: SignedEnvelope;
    let envelope: ReturnType<typeof decodeEnvelope>;
    try {
      signed = decodeSigned(wire);
      envelope = decodeEnvelope(signed.bytes);
    } catch (error) {
      throw invalid(error instanceof Error ? error.message : "an envelope is malformed");
    }
    if (envelope.from !== did) throw invalid("an envelope is another agent's");
    if (envelope.swarm !== this.#swarm.swarm) throw invalid("an envelope is another swarm's");
    return { id: signed.id, thread: envelope.thread ?? signed.id, wire };
  }

  #probe(joined: Joined): void {
    const quietMs = this.#swarm.clock.monotonicMs() - joined.heardMs;
    if (quietMs > LISTING_MS) return this.#end(joined);
    joined.probe = secretText();
    joined.stream.send("probe", JSON.stringify({ probe: joined.probe }));
    joined.cancel = this.#swarm.clock.after(PROBE_MS, () => this.#probe(joined));
  }

  #end(joined: Joined): void {
    joined.cancel();
    this.#bySecret.delete(joined.secret);
    if (this.#byDid.get(joined.did) !== joined) return;
    this.#byDid.delete(joined.did);
    this.#link.detach(joined.did);
    joined.stream.close();
  }
}
