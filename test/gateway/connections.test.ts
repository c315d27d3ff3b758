/** Connections that ask for nothing, or for nothing that is HTTP: told so, and in nobody's way. */

import { once } from "node:events";
import { Agent, get } from "node:http";
import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CONNECTIONS_MAX, HEAD_BYTES_MAX } from "#gateway/limits.ts";
import { gatewayRig, until, type Rig } from "../support/gateway.ts";

let rig: Rig;
let opened: Socket[];
beforeEach(async () => {
  opened = [];
  rig = await gatewayRig({ requestMsMax: 1_000 });
});
afterEach(async () => {
  for (const socket of opened) socket.destroy();
  await rig.stop();
  if (rig.errors.length > 0) throw new AggregateError(rig.errors, "a mistake of ours");
});

const dial = async (): Promise<Socket> => {
  const socket = connect(rig.server.port, "127.0.0.1");
  opened.push(socket);
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
};

const JSON_OF_9 = "content-type: application/json\r\ncontent-length: 9\r\n\r\n";

/** A reset is an end too. */
const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => void socket.once("close", () => resolve()));

/** All that is said to these bytes, until the connection ends. */
const said = async (sent: string | Uint8Array): Promise<{ head: string; code: string }> => {
  const socket = await dial();
  let text = "";
  socket.setEncoding("utf8").on("data", (part: string) => (text += part));
  socket.write(sent);
  await closed(socket);
  const [head = "", body = "{}"] = text.split("\r\n\r\n");
  const { error } = JSON.parse(body) as { error: { code: string; remedy: string } };
  expect(error.remedy).not.toBe("");
  return { head, code: error.code };
};

describe("what is no request", () => {
  it.each([
    ["words", "hello\r\n\r\n"],
    ["a TLS greeting", Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00)],
    ["a method that there is not", "BREW / HTTP/1.1\r\n\r\n"],
    ["two lengths", "POST /v1/needs HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n"],
    [
      "a length and chunks",
      "POST /v1/needs HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
    ],
    ["a header without a name", "GET / HTTP/1.1\r\n: x\r\n\r\n"],
  ])("(%s) is 400 REQUEST_INVALID", async (_what, sent) => {
    const { head, code } = await said(sent);
    expect(code).toBe("REQUEST_INVALID");
    expect(head).toMatch(/^HTTP\/1\.1 400 /);
  });

  it("but a head without end is 431 HEAD_TOO_LARGE, and its sender can read that", async () => {
    const { head, code } = await said(`GET / HTTP/1.1\r\nx: ${"x".repeat(64 * HEAD_BYTES_MAX)}`);
    expect(code).toBe("HEAD_TOO_LARGE");
    expect(head).toMatch(/^HTTP\/1\.1 431 /);
  });

  it.each([
    ["in its head", "POST /v1/needs HTTP/1.1\r\n"],
    ["in its body", `POST /v1/needs HTTP/1.1\r\n${JSON_OF_9}{`],
  ])("and one that stops %s is 408 REQUEST_LATE", async (_what, sent) => {
    const { head, code } = await said(sent);
    expect(code).toBe("REQUEST_LATE");
    expect(head).toMatch(/^HTTP\/1\.1 408 /);
  });

  it("beside a stream it cuts the connection, and writes nothing into the stream", async () => {
    const socket = await dial();
    let text = "";
    socket.setEncoding("utf8").on("data", (part: string) => (text += part));
    socket.write("GET /v1/events HTTP/1.1\r\n\r\n");
    await until(() => text.includes("event: swarm"));
    socket.write("no request\r\n\r\n");
    await closed(socket);
    expect(text).not.toContain("REQUEST_INVALID");
  });
});

it.each([
  ["cannot be decoded", "GET /v1/needs/%zz HTTP/1.1"],
  ["is longer than any name", `GET /v1/needs/${"x".repeat(5_000)} HTTP/1.1`],
  ["is taken with another method", "DELETE /v1/needs HTTP/1.1"],
])("an address that %s is 404 PATH_UNKNOWN", async (_what, line) => {
  const { head, code } = await said(`${line}\r\nconnection: close\r\n\r\n`);
  expect(code).toBe("PATH_UNKNOWN");
  expect(head).toMatch(/^HTTP\/1\.1 404 /);
});

describe("when as many connections are open as may be", () => {
  /** Opens so many at a time that the queue of the listening socket holds them. */
  const idle = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n += 64) await Promise.all(Array.from({ length: 64 }, dial));
  };
  /** The port of this side: another port is another connection. */
  const health = (agent: Agent): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const path = { host: "127.0.0.1", port: rig.server.port, path: "/healthz" };
      get({ ...path, agent }, (answer) => {
        const { localPort } = answer.socket;
        answer.resume().on("end", () => resolve(localPort));
      }).on("error", reject);
    });

  it("G3: those that ask for nothing give way, and who hears a stream or has asked stays", async () => {
    const stream = await dial();
    let heard = "";
    stream.setEncoding("utf8").on("data", (part: string) => (heard += part));
    stream.write("GET /v1/events HTTP/1.1\r\n\r\n");
    await until(() => heard.includes("event: swarm"));
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const before = await health(agent);
    await idle(2 * CONNECTIONS_MAX);
    const newcomer = new Agent();
    expect(await health(newcomer)).not.toBe(before);
    expect(await health(agent)).toBe(before);
    expect(stream.destroyed).toBe(false);
    newcomer.destroy();
    agent.destroy();
  });
});
