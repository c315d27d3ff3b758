import { afterAll, beforeAll } from "vitest";
import { busContract } from "../../contracts/bus.ts";
import { recordStreamContract } from "../../contracts/record-stream.ts";
import { busRig, streamRig } from "./rigs.ts";
import { NatsServer } from "../../support/nats-server.ts";

let server: NatsServer;
beforeAll(async () => {
  server = await NatsServer.start();
});
afterAll(() => server.dispose());

busContract("NATS on one server", () => busRig([server]));
recordStreamContract("JetStream on one server", () => streamRig([server]));
