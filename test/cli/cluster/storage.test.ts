import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { MessageChannel } from "node:worker_threads";
import { expect, it } from "vitest";
import { openStorage, storage } from "#cli/cluster/storage.ts";
import { NatsServer } from "../../support/nats-server.ts";

const NO_PEM = new TextEncoder().encode("no PEM");

it("asks NATS for nothing where the identity for etcd is none: no connection is left open", async () => {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.on("error", () => {});
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const [journal, blocks] = [new MessageChannel(), new MessageChannel()];
  const opening = openStorage(
    { journal: journal.port1, blocks: blocks.port1 },
    {
      swarm: "bench.0123456789abcdef",
      places: {
        name: "one",
        reconcileSeconds: 60,
        etcd: { endpoints: ["https://127.0.0.1:9"], tls: { ca: NO_PEM, cert: NO_PEM } },
        nats: { servers: [`nats://127.0.0.1:${port}`], prefix: "p" },
      },
    },
  );
  await expect(opening).rejects.toThrow(/certificate|key|PEM/i);
  expect(connections).toBe(0);
  server.close();
  for (const { port1 } of [journal, blocks]) port1.close();
});

it("is waited for by a host thread that starts while NATS is away", async () => {
  const away = createServer();
  const askedAgain = new Promise<void>((resolve) => {
    let connections = 0;
    away.on("connection", (socket) => {
      socket.destroy();
      connections += 1;
      // One try is two connections: that of records, and that of blocks.
      if (connections > 2) resolve();
    });
  });
  away.listen(0, "127.0.0.1");
  await once(away, "listening");
  const { port } = away.address() as AddressInfo;
  const [journal, blocks] = [new MessageChannel(), new MessageChannel()];
  const places = {
    name: "one",
    reconcileSeconds: 60,
    etcd: { endpoints: ["http://127.0.0.1:9"] },
    nats: { servers: [`nats://127.0.0.1:${port}`], prefix: "p" },
  };
  const init = { swarm: "bench.0123456789abcdef", places };
  const opening = storage([journal.port1, blocks.port1], init);
  await Promise.race([askedAgain, opening]);
  away.close();
  await once(away, "close");
  const nats = await NatsServer.start("", port);
  await (await opening).close();
  await nats.dispose();
  for (const { port1 } of [journal, blocks]) port1.close();
});
