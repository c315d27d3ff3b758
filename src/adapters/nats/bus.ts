/**
 * The Bus over core NATS: `PREFIX.SUBJECT`, at most once, nothing kept by the servers.
 *
 * N1  `publish` neither waits nor throws. At most PENDING_BYTES_MAX are held in this process, whether
 *     the server takes them slowly or is away; what comes on top is dropped and counted.
 * N2  What is published while the connection is known to be broken is held and sent once it stands
 *     again. What was under way when it broke may be lost.
 * N3  Nothing that is heard can break the connection: a hearer that throws is counted, and the next
 *     message is heard as if nothing had been.
 */
import type { Bus } from "#ports/bus.ts";
import { isSubject, openLink, type Link, type NatsOptions } from "./connect.ts";

/** Bytes published that no server has confirmed yet. 32 MiB are about half a second of a fast link. */
export const PENDING_BYTES_MAX = 32 * 1024 * 1024;
/** What a message costs beside its bytes: its subject and the lines around it. */
const MESSAGE_MORE_BYTES = 128;

interface Message {
  readonly subject: string;
  readonly bytes: Uint8Array;
}

const sizeOf = ({ bytes }: Message): number => bytes.byteLength + MESSAGE_MORE_BYTES;

export class NatsBus implements Bus {
  readonly #prefix: string;
  readonly #stops = new Set<() => void>();
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

  private constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Rejects with STORE_FAILED if no server answers now; later it connects again for ever. */
  static async open(options: NatsOptions): Promise<NatsBus> {
    const bus = new NatsBus(options.prefix);
    bus.#link = await openLink(options, { down: () => bus.#isDown(), up: () => bus.#isUp() });
    return bus;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Messages at which a hearer threw. */
  get thrown(): number {
    return this.#thrown;
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
    let isHeard = true;
    const subscription = this.#link.nats.subscribe(`${this.#prefix}.${subject}`, {
      callback: (error, message) => {
        // An error is the server's refusal to let us hear: there is no message then.
        if (error !== null || !isHeard) return;
        try {
          hear(message.data);
        } catch {
          this.#thrown += 1;
        }
      },
    });
    const stop = (): void => {
      if (!this.#stops.delete(stop)) return;
      isHeard = false;
      subscription.unsubscribe();
    };
    this.#stops.add(stop);
    return stop;
  }

  /** Resolves once the server has taken all that was published and sent us all that came before. */
  async flush(): Promise<void> {
    if (!this.#closed) await this.#link.nats.flush();
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const stop of this.#stops) stop();
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
        if (life !== this.#life) return;
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
    for (const message of this.#held.splice(0)) this.#send(message);
  }
}
