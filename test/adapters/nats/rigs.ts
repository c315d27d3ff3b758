/** The rigs of the contracts over real servers: each has a prefix of its own on servers that all share. */
import { NatsBus } from "#adapters/nats/bus.ts";
import { NatsStream } from "#adapters/nats/stream.ts";
import type { BusRig } from "../../contracts/bus.ts";
import type { RecordStreamRig } from "../../contracts/record-stream.ts";
import type { NatsServer } from "../../support/nats-server.ts";

let places = 0;
export const newPrefix = (): string => `place-${(places += 1)}`;

/** The n-th connection begins at the n-th server. */
export const busRig = async (servers: readonly NatsServer[]): Promise<BusRig> => {
  const buses: NatsBus[] = [];
  const prefix = newPrefix();
  return {
    connect: async () => {
      const { url } = servers[buses.length % servers.length]!;
      const bus = await NatsBus.open({ servers: [url], prefix });
      buses.push(bus);
      return bus;
    },
    settle: () => settled(buses, servers),
    dispose: async () => {
      for (const bus of buses) await bus.close();
    },
  };
};

/** Between servers nothing tells how far a message has come but one that was sent after it. */
const settled = async (buses: readonly NatsBus[], servers: readonly NatsServer[]) => {
  for (const bus of buses) await bus.flush();
  for (const bus of buses) await bus.flush();
  if (servers.length > 1) await crossed(buses.filter(({ isConnected }) => isConnected));
};

let crossings = 0;

/** Every bus has heard what every other published before this. */
const crossed = async (buses: readonly NatsBus[]): Promise<void> => {
  crossings += 1;
  const subject = `crossing.${crossings}`;
  const waits: Promise<unknown>[] = [];
  const stops: (() => void)[] = [];
  for (const [to, bus] of buses.entries()) {
    const missing = new Set(buses.keys());
    const all = Promise.withResolvers<void>();
    const hear = (bytes: Uint8Array): void => {
      missing.delete(bytes[0]!);
      if (missing.size === 0) all.resolve();
    };
    stops.push(bus.subscribe(`${subject}.${to}`, hear));
    waits.push(all.promise);
  }
  // Until the interest in the new subjects is known everywhere, what is sent there is lost.
  const again = setInterval(() => {
    for (const [from, bus] of buses.entries())
      for (const to of buses.keys()) bus.publish(`${subject}.${to}`, Uint8Array.of(from));
  }, 2);
  await Promise.all(waits).finally(() => clearInterval(again));
  for (const stop of stops) stop();
};

export const streamRig = async (servers: readonly NatsServer[]): Promise<RecordStreamRig> => {
  const streams: NatsStream[] = [];
  const prefix = newPrefix();
  return {
    connect: async () => {
      const urls = servers.map(({ url }) => url);
      const first = streams.length % urls.length;
      const stream = await NatsStream.open({ servers: urls.slice(first), prefix });
      streams.push(stream);
      return stream;
    },
    dispose: async () => {
      for (const stream of streams) await stream.close();
    },
  };
};
