/**
 * The Bus over core NATS: `PREFIX.SUBJECT`, at most once, nothing kept by the servers.
 *
 * N1  `publish` neither waits nor throws. At most PENDING_BYTES_MAX are held in this process, whether
 *     the server takes them slowly or is away; what comes on top is dropped and counted.
 * N2  What is published while the connection is known to be broken is held and sent once it stands
 *     again. What was under way when it broke may be lost.
 * N3  Nothing that is heard can break the connection: a hearer that throws is counted, and the next
 *     message is heard as if nothing had been.
 * N4  What the server forbids is counted and breaks nothing else; a subscription that it refused is
 *     asked for again at each new connection, since what is allowed may have changed.
 */
import type { Subscription } from "nats";
import type { Bus } from "#ports/bus.ts";
import { Fault } from "#ports/faults.ts";
import { openLink, type Link, type LinkEvents, type NatsOptions } from "./connect.ts";
import { streamRooms, type StreamRoom } from "./stream-rooms.ts";
import { isSubject } from "./subject.ts";

/** Bytes published that no server has confirmed yet. 32 MiB are about half a second of a fast link. */
export const PENDING_BYTES_MAX = 32 * 1024 * 1024;
/** How long `reach` and `rooms` wait, ms. */
export const REACH_MS = 2_000;
/** What a message costs beside its bytes: its subject and the lines around it. */
const MESSAGE_MORE_BYTES = 128;

interface Hearing {
  readonly subject: string;
  readonly hear: (bytes: Uint8Array) => void;
  /** Undefined once the server has refused it. */
  subscription: Subscription | undefined;
}

interface Message {
  readonly subject: string;
  readonly bytes: Uint8Array;
}

const sizeOf = ({ bytes }: Message): number => bytes.byteLength + MESSAGE_MORE_BYTES;

export class NatsBus implements Bus {
  readonly #prefix: string;
  readonly #hearings = new Set<Hearing>();
  #link!: Link;
  /** While the connection is broken: what is sent when it stands again. */
  #held: Message[] = [];
  /** Given to the connection and not confirmed, or held. */
  #pendingBytes = 0;
  /** Given to the connection and not confirmed. */
  #sentBytes = 0;
  #isConfirming = false;
  /** How often the connection has broken: answers of an earlier one count for nothing. */
  #life = 0;
  #closed = false;
  #dropped = 0;
  #thrown = 0;
  #refused = 0;

  private constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /**
   * Rejects with BUS_UNREACHABLE if no server answers now; later it connects again for ever, and tells
   * `events` of it: `up` when what was held has been sent.
   */
  static async open(
    options: NatsOptions,
    events: Pick<LinkEvents, "up" | "down"> = {},
  ): Promise<NatsBus> {
    const bus = new NatsBus(options.prefix);
    bus.#link = await openLink(options, {
      down: () => {
        bus.#isDown();
        if (!bus.#closed) events.down?.();
      },
      up: () => {
        bus.#isUp();
        events.up?.();
      },
      refused: () => (bus.#refused += 1),
    });
    return bus;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** False from when a break is noticed until there is a connection again. */
  get isConnected(): boolean {
    return this.#link.isUp();
  }

  /** Messages at which a hearer threw. */
  get thrown(): number {
    return this.#thrown;
  }

  /** Messages and subscriptions that the servers do not allow us. */
  get refused(): number {
    return this.#refused;
  }

  /** Bytes that wait to be taken by a server. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  publish(subject: string, bytes: Uint8Array): void {
    if (this.#closed) return;
    const message: Message = { subject, bytes };
    const size = sizeOf(message);
    const isFit = isSubject(subject) && bytes.byteLength <= this.#link.maxPayload();
    if (!isFit || this.#pendingBytes + size > PENDING_BYTES_MAX) {
      this.#dropped += 1;
      return;
    }
    this.#pendingBytes += size;
    if (this.#link.isUp()) this.#send(message);
    else this.#held.push(message);
  }

  subscribe(subject: string, hear: (bytes: Uint8Array) => void): () => void {
    if (!isSubject(subject)) throw new Error(`not a subject: ${subject}`);
    if (this.#closed) return () => {};
    const hearing: Hearing = { subject, hear, subscription: undefined };
    this.#hearings.add(hearing);
    this.#ask(hearing);
    return () => this.#stop(hearing);
  }

  #ask(hearing: Hearing): void {
    const { nats } = this.#link;
    hearing.subscription = nats.subscribe(`${this.#prefix}.${hearing.subject}`, {
      callback: (error, message) => {
        if (error !== null) hearing.subscription = undefined;
        else if (this.#hearings.has(hearing)) this.#tell(hearing, message.data);
      },
    });
  }

  #tell({ hear }: Hearing, bytes: Uint8Array): void {
    try {
      hear(bytes);
    } catch {
      this.#thrown += 1;
    }
  }

  #stop(hearing: Hearing): void {
    if (this.#hearings.delete(hearing)) hearing.subscription?.unsubscribe();
  }

  /** Resolves once the server has taken all that was published and sent us all that came before. */
  async flush(): Promise<void> {
    if (!this.#closed) await this.#link.nats.flush();
  }

  /**
   * Resolves when whoever orders what all JetStream servers keep has answered over this connection.
   * Rejects after REACH_MS, and where our server has lost the others. Supervisors only may ask it.
   */
  async reach(): Promise<void> {
    const { nats } = this.#link;
    const { data } = await nats.request("$JS.API.INFO", undefined, { timeout: REACH_MS });
    const { error } = JSON.parse(new TextDecoder().decode(data)) as { error?: unknown };
    if (error !== undefined) throw new Fault("BUS_UNREACHABLE", "our server has lost the others");
  }

  get prefix(): string {
    return this.#prefix;
  }

  /** Of the streams of this prefix. Rejects with BUS_UNREACHABLE after REACH_MS. Supervisors only may ask. */
  rooms(): Promise<readonly StreamRoom[]> {
    return streamRooms(this.#link.nats, this.#prefix, REACH_MS);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const hearing of this.#hearings) this.#stop(hearing);
    await this.#link.close();
  }

  #send(message: Message): void {
    try {
      this.#link.nats.publish(`${this.#prefix}.${message.subject}`, message.bytes);
    } catch {
      // Closed under us: nothing that is published will be taken any more.
      this.#pendingBytes -= sizeOf(message);
      this.#dropped += 1;
      return;
    }
    this.#sentBytes += sizeOf(message);
    if (!this.#isConfirming) this.#confirm(this.#life);
  }

  /** Asks the server how far it has read: one question at a time, for all that this turn publishes. */
  #confirm(life: number): void {
    this.#isConfirming = true;
    setImmediate(() => {
      const covered = this.#sentBytes;
      const answered = (bytes: number): void => {
        if (life !== this.#life) return; // The close of the connection ends its life, too.
        this.#sentBytes -= bytes;
        this.#pendingBytes -= bytes;
        this.#isConfirming = false;
        if (this.#sentBytes > 0) this.#confirm(life);
      };
      this.#link.nats.flush().then(
        () => answered(covered),
        () => answered(0),
      );
    });
  }

  /** Whatever was under way is gone, or has arrived: it waits no more. */
  #isDown(): void {
    this.#life += 1;
    this.#isConfirming = false;
    this.#pendingBytes -= this.#sentBytes;
    this.#sentBytes = 0;
  }

  #isUp(): void {
    for (const hearing of this.#hearings)
      if (hearing.subscription === undefined) this.#ask(hearing);
    for (const message of this.#held.splice(0)) this.#send(message);
  }
}
