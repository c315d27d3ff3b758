import { afterAll, beforeAll } from "vitest";
import { NatsBus } from "#adapters/nats/bus.ts";
import { NatsStream } from "#adapters/nats/stream.ts";
import { busContract } from "../../contracts/bus.ts";
import { recordStreamContract } from "../../contracts/record-stream.ts";
import { NatsServer } from "./server.ts";

let server: NatsServer;
beforeAll(async () => {
  server = await NatsServer.start();
});
afterAll(() => server.dispose());

let places = 0;

busContract("NATS", async () => {
  const buses: NatsBus[] = [];
  const prefix = `place-${(places += 1)}`;
  return {
    connect: async () => {
      const bus = await NatsBus.open({ servers: [server.url], prefix });
      buses.push(bus);
      return bus;
    },
    // A closed one has let everything out by itself, and hears nothing more.
    settle: async () => {
      const flushed = async () => {
        for (const bus of buses) await bus.flush();
      };
      await flushed();
      await flushed();
    },
    dispose: async () => {
      for (const bus of buses) await bus.close();
    },
  };
});

recordStreamContract("JetStream on one server", async () => {
  const streams: NatsStream[] = [];
  const prefix = `place-${(places += 1)}`;
  return {
    connect: async () => {
      const stream = await NatsStream.open({ servers: [server.url], prefix, replicas: 1 });
      streams.push(stream);
      return stream;
    },
    dispose: async () => {
      for (const stream of streams) await stream.close();
    },
  };
});
