/**
 * Messages to JetStream, each of which is acknowledged: one subscription for the answers to all of them and
 * one timer for their time. The driver's own call makes for each message a promise chain, a timer and an
 * Error with its stack, also for one that is acknowledged: a fifth of what a host did in a cluster.
 *
 * A1  Whatever is sent ends once: acknowledged, refused, or without an answer within ACK_MS or by `broken`.
 *     What ended without an answer may have been stored.
 * A2  All that is sent without waiting in between leaves in one write of the connection.
 */
import { createInbox, NatsError, type Msg, type MsgHdrs, type NatsConnection } from "nats";

/** A message is acknowledged in this time, ms, or it has failed. */
export const ACK_MS = 2_000;

/** Status of an answer that says that nobody hears the subject. */
const NO_RESPONDERS = 503;

/** Told once, with what went wrong if something did. */
export type Ended = (error: Error | undefined) => void;

interface Sent {
  readonly lateAtMs: number;
  readonly ended: Ended;
}

interface Answer {
  readonly stream?: string;
  readonly error?: NonNullable<NatsError["api_error"]>;
}

const refusal = ({ headers, data }: Msg): Error | undefined => {
  if (headers?.code === NO_RESPONDERS)
    return new NatsError("nobody keeps the subject", String(NO_RESPONDERS));
  const { error, stream } = JSON.parse(new TextDecoder().decode(data)) as Answer;
  if (error !== undefined) {
    const refused = new NatsError(error.description, String(error.code));
    refused.api_error = error;
    return refused;
  }
  return stream ? undefined : new Error("an acknowledgement without a stream");
};

/** A refusal, or why the answer is none: nothing that is heard breaks the connection. */
const errorIn = (answer: Msg): Error | undefined => {
  try {
    return refusal(answer);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
};

export class AckedMessages {
  readonly #nats: NatsConnection;
  readonly #inbox = createInbox();
  /** By its number, in the order sent: the first is late first. */
  readonly #sent = new Map<string, Sent>();
  #count = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(nats: NatsConnection) {
    this.#nats = nats;
    nats.subscribe(`${this.#inbox}.*`, {
      callback: (error, answer) => {
        if (error === null) this.#end(numberIn(answer.subject), errorIn(answer));
      },
    });
  }

  send(subject: string, bytes: Uint8Array, headers: MsgHdrs, ended: Ended): void {
    const number = (this.#count += 1).toString(36);
    this.#sent.set(number, { lateAtMs: performance.now() + ACK_MS, ended });
    try {
      this.#nats.publish(subject, bytes, { headers, reply: `${this.#inbox}.${number}` });
    } catch (error) {
      this.#end(number, error instanceof Error ? error : new Error(String(error)));
    }
    this.#watch();
  }

  /** No answer will come to what has been sent. */
  broken(why: Error): void {
    for (const number of this.#sent.keys()) this.#end(number, why);
  }

  #end(number: string, error: Error | undefined): void {
    const sent = this.#sent.get(number);
    if (sent === undefined) return;
    this.#sent.delete(number);
    sent.ended(error);
  }

  #watch(): void {
    const [first] = this.#sent.values();
    if (first === undefined || this.#timer !== undefined) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#endLate();
        this.#watch();
      },
      Math.max(1, first.lateAtMs - performance.now()),
    ).unref();
  }

  #endLate(): void {
    const nowMs = performance.now();
    for (const [number, { lateAtMs }] of this.#sent) {
      if (lateAtMs > nowMs) return;
      this.#end(number, new Error(`no acknowledgement within ${ACK_MS} ms`));
    }
  }
}

const numberIn = (subject: string): string => subject.slice(subject.lastIndexOf(".") + 1);
