/** Whoever sends a request drop by drop holds a connection no longer than a request may take. */

import { connect } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { gatewayRig, type Rig } from "../support/gateway.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await gatewayRig({ requestMsMax: 500 });
});
afterAll(() => rig.stop());

const HEAD = "POST /v1/needs HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";

/** Ten times what a request may take, for a machine that is busy. */
const LATE_MS_MAX = 5_000;

it.each([
  ["in its head", HEAD],
  ["in its body", `${HEAD}content-length: 100000\r\n\r\n{`],
])("closes a connection whose request stops %s", async (_, begun) => {
  const startedMs = performance.now();
  const socket = connect(Number(new URL(rig.url).port), "127.0.0.1");
  const drip = setInterval(() => socket.write(" "), 50);
  socket.write(begun);
  socket.resume();
  socket.on("error", () => undefined);
  await new Promise((resolve) => socket.once("close", resolve));
  clearInterval(drip);
  expect(performance.now() - startedMs).toBeLessThan(LATE_MS_MAX);
  expect((await fetch(`${rig.url}/healthz`)).status).toBe(200);
});
