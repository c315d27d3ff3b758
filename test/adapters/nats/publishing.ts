/** Records that are published while servers come and go, and what lies on the servers then. */
import { connect, type StreamInfo } from "nats";
import type { JournalRecord, RecordStream } from "#ports/journal.ts";
import type { NatsServer } from "../../support/nats-server.ts";
import { until } from "../../support/nats-server.ts";

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

/** Time for one question about a stream, ms: servers that are electing a leader do not answer. */
const ASK_MS = 1_000;

/** What the servers say of the records of this prefix, once they can. */
export const recordsInfo = async (
  servers: readonly NatsServer[],
  prefix: string,
): Promise<StreamInfo> => {
  const nats = await connect({ servers: servers.map(({ url }) => url) });
  const manager = await nats.jetstreamManager({ timeout: ASK_MS, checkAPI: false });
  let info: StreamInfo | undefined;
  await until(async () => {
    info = await manager.streams.info(`${prefix}_records`).catch(() => undefined);
    return info !== undefined;
  });
  await nats.close();
  return info!;
};

/** Messages of the records of this prefix on the servers. */
export const messagesIn = async (servers: readonly NatsServer[], prefix: string): Promise<number> =>
  (await recordsInfo(servers, prefix)).state.messages;
