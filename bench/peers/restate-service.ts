/** Restate's side that works, in a thread of its own: a handler of three steps, each kept in its journal. */

import { createServer, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import { parentPort } from "node:worker_threads";
import { packageModule } from "./install.ts";

const STEPS = 3;

interface Context {
  run(name: string, step: () => number): Promise<number>;
}

/** What of the SDK is used here. */
interface RestateSdk {
  service(definition: {
    name: string;
    handlers: Record<string, (context: Context, value: number) => Promise<number>>;
  }): object;
  createEndpointHandler(options: {
    services: readonly object[];
    logger: () => void;
  }): (request: Http2ServerRequest, response: Http2ServerResponse) => void;
}

const { service, createEndpointHandler } = await packageModule<RestateSdk>(
  "restate",
  "@restatedev/restate-sdk",
);
const three = service({
  name: "three",
  handlers: {
    run: async (context, given) => {
      let value = given;
      for (let step = 0; step < STEPS; step += 1)
        value = await context.run(`step ${step}`, () => value + 1);
      return value;
    },
  },
});
const server = createServer(createEndpointHandler({ services: [three], logger: () => {} }));
server.listen(0, "127.0.0.1", () => parentPort?.postMessage(server.address()));
