/**
 * Many messages of a stream, in the order in which they came: by a consumer that the servers make for this
 * one reading and forget, so that hundreds of messages cost a few questions.
 */
import {
  AckPolicy,
  createInbox,
  DeliverPolicy,
  nanos,
  type ConsumerConfig,
  type JetStreamManager,
  type Msg,
  type NatsConnection,
} from "nats";

/** Messages of one question. */
export const READ_AT_A_TIME = 128;
/** The next message comes in this time, ms, or the reading has failed. */
const NEXT_MS = 2_000;
/** A consumer that nobody asks any more is forgotten after so long, ms: of a reader that has died. */
const FORGOTTEN_MS = 30_000;

export interface Reading {
  readonly nats: NatsConnection;
  readonly manager: JetStreamManager;
  readonly stream: string;
  /** With wildcards. */
  readonly subjects: string;
  /** The number in the stream after which it begins; 0: from the first. */
  readonly after: number;
}

/** What was there when it began. Rejects with what the driver says, or where nothing comes in time. */
export async function* readInOrder({
  nats,
  manager,
  stream,
  subjects,
  after,
}: Reading): AsyncGenerator<readonly Msg[]> {
  const consumer = await manager.consumers.add(stream, {
    ack_policy: AckPolicy.None,
    filter_subject: subjects,
    inactive_threshold: nanos(FORGOTTEN_MS),
    mem_storage: true,
    num_replicas: 1,
    ...(after === 0
      ? { deliver_policy: DeliverPolicy.All }
      : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: after + 1 }),
  } satisfies Partial<ConsumerConfig>);
  try {
    for (let left = consumer.num_pending; left > 0;) {
      const messages = await pulled(nats, stream, consumer.name, Math.min(left, READ_AT_A_TIME));
      if (messages.length === 0) return;
      left -= messages.length;
      yield messages;
    }
  } finally {
    // Where it is not answered the servers forget it by themselves.
    void manager.consumers.delete(stream, consumer.name).catch(() => undefined);
  }
}

/** Up to so many; fewer where the consumer has no more. */
const pulled = (
  nats: NatsConnection,
  stream: string,
  consumer: string,
  batch: number,
): Promise<readonly Msg[]> =>
  new Promise((resolve, reject) => {
    const messages: Msg[] = [];
    const reply = createInbox();
    const timer = setInterval(() => {
      if (heard === messages.length) end(new Error(`no message within ${NEXT_MS} ms`));
      heard = messages.length;
    }, NEXT_MS).unref();
    let heard = 0;
    const end = (error?: Error): void => {
      clearInterval(timer);
      subscription.unsubscribe();
      if (error === undefined) resolve(messages);
      else reject(error);
    };
    const subscription = nats.subscribe(reply, {
      callback: (error, message) => {
        if (error !== null) end(error);
        // A status says that there are no more.
        else if (message.headers !== undefined && message.headers.code > 0) end();
        else if (messages.push(message) === batch) end();
      },
    });
    const question = JSON.stringify({ batch, no_wait: true });
    nats.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`, question, { reply });
  });
