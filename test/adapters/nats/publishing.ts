/** Records that are published while servers come and go, and what lies on the servers then. */
import { connect } from "nats";
import type { JournalRecord, RecordStream } from "#ports/journal.ts";
import type { NatsServer } from "./server.ts";
import { until } from "./server.ts";

const AT_A_TIME = 20;

/**
 * Chunk after chunk, each until it is acknowledged. `during` is called while the chunk that begins at
 * that record is under way. Returns how many calls have failed.
 */
export const publishedAll = async (
  stream: RecordStream,
  records: readonly JournalRecord[],
  during: (at: number) => unknown,
): Promise<number> => {
  let failures = 0;
  for (let at = 0; at < records.length; at += AT_A_TIME) {
    const chunk = records.slice(at, at + AT_A_TIME);
    const publish = (): Promise<boolean> =>
      stream.publish(chunk).then(
        () => true,
        () => ((failures += 1), false),
      );
    const first = publish();
    await during(at);
    if (!(await first)) await until(publish);
  }
  return failures;
};

/** Messages of the records of this prefix on the servers. */
export const messagesIn = async (
  servers: readonly NatsServer[],
  prefix: string,
): Promise<number> => {
  const nats = await connect({ servers: servers.map(({ url }) => url) });
  const info = await (await nats.jetstreamManager()).streams.info(`${prefix}_records`);
  await nats.close();
  return info.state.messages;
};
