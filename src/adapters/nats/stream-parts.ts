/**
 * A JetStream stream as a map: one message a subject, the last one sent. What is larger than a message
 * goes in parts, each under a subject of its own.
 *
 * P1  `put` resolves when the servers have acknowledged every part; it sends nothing more once one of
 *     them failed, and rejects when the fate of the others is known.
 * P2  The same part again takes its own place. So an acknowledgement always says that a majority has
 *     it: it is no answer out of a server's memory of what it has seen before.
 * P3  Nothing waits for ever: without an answer in time, or at once when the connection breaks, a call
 *     rejects with BUS_UNREACHABLE, and what it asked for may have been done.
 * P4  A stream that the servers have lost is made anew, empty, by the first call that misses it.
 */
import { Empty, headers, type JetStreamManager, type MsgHdrs, type StoredMsg } from "nats";
import { sameBytes } from "#ports/commit-rules.ts";
import { Fault } from "#ports/faults.ts";
import { AckedMessages } from "./acked.ts";
import type { Link } from "./connect.ts";
import { faultOf, isFull, isMissing, isStreamGone } from "./stream-faults.ts";
import { readInOrder } from "./stream-reading.ts";
import { ensureStream, type StreamShape } from "./stream-setup.ts";
import { Window } from "./window.ts";

/** Bytes of one message: half of what a server takes as it is shipped. */
export const PART_BYTES = 512 * 1024;
/** What a message has beside its part: subject and headers. */
export const PART_MORE_BYTES = 1_024;
/** Messages that wait for their acknowledgement, of all calls together. */
export const IN_FLIGHT_MAX = 256;
/** And their bytes. */
export const IN_FLIGHT_BYTES_MAX = 16 * 1024 * 1024;
/** A question is answered in this time, ms. */
export const GET_MS = 2_000;

/** The status of an answer without a message. */
const NOT_FOUND = 404;

export interface Part {
  readonly subject: string;
  readonly bytes: Uint8Array;
  readonly headers: () => MsgHdrs;
}

/** A message as it lies on the servers. */
export interface Stored {
  readonly header: MsgHdrs;
  readonly data: Uint8Array;
}

/** The same among others. */
export interface Found extends Stored {
  readonly subject: string;
}

export class PartStore {
  readonly #link: Link;
  readonly #shape: StreamShape;
  readonly #manager: JetStreamManager;
  readonly #messages: AckedMessages;
  readonly #window = new Window({ messages: IN_FLIGHT_MAX, bytes: IN_FLIGHT_BYTES_MAX });
  /** Of each call that waits for an answer: how it is told that none will come. */
  readonly #unanswered = new Set<(why: Fault) => void>();
  /** Bytes that the stream may take, as the servers said last. */
  #bytesMax: number | undefined;
  #isEnsuring = false;

  private constructor(link: Link, shape: StreamShape, manager: JetStreamManager) {
    this.#link = link;
    this.#shape = shape;
    this.#manager = manager;
    this.#messages = new AckedMessages(link.nats);
  }

  /** Makes the stream if it is missing. Rejects with a Fault. */
  static async open(link: Link, shape: StreamShape): Promise<PartStore> {
    // Whether there is JetStream at all shows when the stream is made.
    const manager = await link.nats.jetstreamManager({ timeout: GET_MS, checkAPI: false });
    const store = new PartStore(link, shape, manager);
    try {
      store.#bytesMax = await ensureStream(manager, shape, link.isUp);
    } catch (error) {
      throw faultOf(error, shape);
    }
    return store;
  }

  /** The connection has broken: no answer will come to what was asked on it. */
  broken(): void {
    const why = new Fault("BUS_UNREACHABLE", "the connection to the NATS server broke");
    for (const tell of this.#unanswered) tell(why);
    this.#messages.broken(why);
  }

  async put(parts: Iterable<Part>): Promise<void> {
    this.#assertUp();
    let failed: Fault | undefined;
    let open = 0;
    let allEnded = (): void => {};
    const end = (size: number, failure: Fault | undefined): void => {
      this.#window.leave(size);
      failed ??= failure;
      open -= 1;
      if (open === 0) allEnded();
    };
    for (const part of parts) {
      const size = part.bytes.byteLength + PART_MORE_BYTES;
      if (!this.#window.tryEnter(size)) await this.#window.enter(size);
      open += 1;
      if (failed !== undefined) {
        end(size, undefined);
        break;
      }
      this.#messages.send(part.subject, part.bytes, part.headers(), (error) => {
        if (error === undefined) end(size, undefined);
        else void this.#refused(part, error).then((failure) => end(size, failure));
      });
    }
    if (open > 0) await new Promise<void>((resolve) => (allEnded = resolve));
    if (failed !== undefined) throw failed;
  }

  /**
   * From any server that has it; where that one does not, because it may be behind, from the leader of
   * the stream. For what never changes under its subject.
   */
  async get(subject: string): Promise<Stored | undefined> {
    this.#assertUp();
    try {
      return (await this.#direct(subject)) ?? (await this.#fromLeader(subject));
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /** The last one that was acknowledged. */
  async getLast(subject: string): Promise<Stored | undefined> {
    this.#assertUp();
    try {
      return await this.#fromLeader(subject);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /**
   * What the servers took under subjects below this one, in the order in which it came: after the message of
   * `after`, or all of it where that one is not there. `take` says whether it wants more.
   */
  async readAfter(
    below: string,
    after: string | undefined,
    take: (found: readonly Found[]) => Promise<boolean>,
  ): Promise<void> {
    this.#assertUp();
    try {
      const { nats } = this.#link;
      const last = after === undefined ? undefined : await this.#fromLeader(after);
      const messages = readInOrder({
        nats,
        manager: this.#manager,
        stream: this.#shape.name,
        subjects: `${below}.>`,
        after: last?.seq ?? 0,
      });
      try {
        for (let next; !(next = await this.#answered(messages.next())).done;) {
          const found = next.value.map(({ subject, headers: header = headers(), data }) => ({
            subject,
            header,
            data,
          }));
          if (!(await take(found))) return;
        }
      } finally {
        // Not waited for: on a broken connection what it began may still be under way.
        void messages.return(undefined);
      }
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /**
   * Not there any more when it resolves. By its number in the stream: the servers find that at once, where a
   * purge of all subjects below one goes through every subject there is (a second among 300,000).
   */
  async drop(subject: string): Promise<void> {
    this.#assertUp();
    try {
      const there = await this.#fromLeader(subject);
      if (there === undefined) return;
      const { name } = this.#shape;
      const asked = this.#manager.streams.deleteMessage(name, there.seq, false);
      await this.#answered(asked).catch(async (error: unknown) => {
        // Another has deleted it, or sent it again, meanwhile.
        if ((await this.#fromLeader(subject))?.seq === there.seq) throw error;
      });
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /** All that have a message, or those that a pattern of NATS names, as the leader of the stream has them. */
  async subjects(pattern = ">"): Promise<readonly string[]> {
    this.#assertUp();
    try {
      const asked = this.#manager.streams.info(this.#shape.name, { subjects_filter: pattern });
      return Object.keys((await this.#answered(asked)).state.subjects ?? {});
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /** When the stream was made: another time than before says that the servers have lost all of it. */
  async made(): Promise<string> {
    this.#assertUp();
    try {
      return (await this.#answered(this.#manager.streams.info(this.#shape.name))).created;
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /** Undefined: the servers have the part. A full stream refuses also what would take its own place. */
  async #refused({ subject, bytes }: Part, error: Error): Promise<Fault | undefined> {
    if (!isFull(error)) return this.#failed(error);
    try {
      const there = await this.#fromLeader(subject);
      return there !== undefined && sameBytes(there.data, bytes) ? undefined : this.#told(error);
    } catch (unanswered) {
      return this.#failed(unanswered);
    }
  }

  async #fromLeader(subject: string): Promise<StoredMsg | undefined> {
    const asked = this.#manager.streams.getMessage(this.#shape.name, { last_by_subj: subject });
    try {
      return await this.#answered(asked);
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** https://docs.nats.io/reference/reference-protocols/nats_api_reference: the driver hides this one. */
  async #direct(subject: string): Promise<Stored | undefined> {
    const question = `$JS.API.DIRECT.GET.${this.#shape.name}.${subject}`;
    const asked = this.#link.nats.request(question, Empty, { timeout: GET_MS });
    const answer = await this.#answered(asked);
    const header = answer.headers ?? headers();
    if (header.code === NOT_FOUND) return undefined;
    if (header.code !== 0) throw new Error(`${header.code} ${header.description}`);
    return { header, data: answer.data };
  }

  /** P3: the driver itself would let a call on a broken connection wait for its time. */
  #answered<T>(asked: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#unanswered.add(reject);
      void asked.then(resolve, reject).finally(() => this.#unanswered.delete(reject));
    });
  }

  #failed(error: unknown): Fault {
    if (isStreamGone(error)) this.#ensure();
    return this.#told(error);
  }

  #told(error: unknown): Fault {
    return faultOf(error, { name: this.#shape.name, bytesMax: this.#bytesMax });
  }

  /** P4. Its own failure shows in the next call. */
  #ensure(): void {
    if (this.#isEnsuring) return;
    this.#isEnsuring = true;
    void ensureStream(this.#manager, this.#shape, this.#link.isUp)
      .then(
        (bytesMax) => (this.#bytesMax = bytesMax),
        () => undefined,
      )
      .finally(() => (this.#isEnsuring = false));
  }

  #assertUp(): void {
    if (!this.#link.isUp()) throw new Fault("BUS_UNREACHABLE", "no NATS server is connected");
  }
}
