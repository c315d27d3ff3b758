import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NatsStream } from "#adapters/nats/stream.ts";
import { busContract } from "../../contracts/bus.ts";
import { recordStreamContract } from "../../contracts/record-stream.ts";
import { chainOf, plainRecord } from "../../contracts/records.ts";
import { messagesIn, publishedAll, recordsInfo } from "./publishing.ts";
import { busRig, newPrefix, streamRig } from "./rigs.ts";
import { startCluster, type NatsServer } from "../../support/nats-server.ts";

let servers: readonly NatsServer[];
beforeAll(async () => {
  servers = await startCluster();
});
afterAll(() => Promise.all(servers.map((server) => server.dispose())));

const urls = (): string[] => servers.map(({ url }) => url);

busContract("NATS on three servers", () => busRig(servers));
recordStreamContract("JetStream on three servers", () => streamRig(servers));

const leaderOf = async (prefix: string): Promise<NatsServer> => {
  const info = await recordsInfo(servers, prefix);
  expect(info.config.num_replicas).toBe(3);
  return servers[Number(info.cluster!.leader!.slice("n".length))]!;
};

describe("three servers", () => {
  it("lose no acknowledged record when the one that leads the stream is killed", async () => {
    const prefix = newPrefix();
    const stream = await NatsStream.open({ servers: urls(), prefix });
    const records = chainOf(1, ...Array.from({ length: 600 }, (_, at) => `record ${at}`));
    const leader = await leaderOf(prefix);
    const failures = await publishedAll(stream, records, (at) => at === 200 && leader.kill());
    expect(failures).toBeGreaterThan(0);
    const found = await Promise.all(records.map(({ bucket, hash }) => stream.get(bucket, hash)));
    expect(found.map(plainRecord)).toEqual(records.map(plainRecord));
    expect(await messagesIn(servers, prefix)).toBe(records.length);
    await stream.close();
    await leader.restart();
  });
});
