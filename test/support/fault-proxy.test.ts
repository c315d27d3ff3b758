import { createServer, connect, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { until } from "../integration/command.ts";
import { FaultProxy, type Weather } from "./fault-proxy.ts";

let server: Server;
let proxy: FaultProxy;
let opened: Socket[] = [];

/** Says back what it hears. */
beforeEach(async () => {
  server = createServer((socket) => socket.on("error", () => {}).pipe(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  proxy = await FaultProxy.to((server.address() as AddressInfo).port);
});
afterEach(async () => {
  for (const socket of opened) socket.destroy();
  opened = [];
  await proxy.close();
  await new Promise((resolve) => server.close(resolve));
});

interface Talk {
  readonly socket: Socket;
  readonly heard: () => string;
  readonly error: () => string | undefined;
  readonly isClosed: () => boolean;
}

const talk = async (): Promise<Talk> => {
  const socket = connect(proxy.port, "127.0.0.1");
  opened.push(socket);
  let heard = "";
  let error: string | undefined;
  let isClosed = false;
  socket.setEncoding("utf8").on("data", (text: string) => (heard += text));
  socket.on("error", ({ code }: NodeJS.ErrnoException) => (error = code));
  socket.on("close", () => (isClosed = true));
  await until("connected or refused", () => !socket.connecting || isClosed);
  return { socket, heard: () => heard, error: () => error, isClosed: () => isClosed };
};

const timed = async (run: () => Promise<void>): Promise<number> => {
  const startedMs = performance.now();
  await run();
  return performance.now() - startedMs;
};

describe("in fair weather", () => {
  it("bytes pass in order, and an end is an end", async () => {
    const { socket, heard, isClosed } = await talk();
    const text = Array.from({ length: 20_000 }, (_, i) => `${i};`).join("");
    socket.end(text);
    await until("all came back", () => heard().length === text.length);
    expect(heard()).toBe(text);
    await until("it is closed", isClosed);
    expect(proxy.accepted).toBe(1);
  });
});

describe("in bad weather", () => {
  it("a delay holds each direction up, in order", async () => {
    const { socket, heard } = await talk();
    proxy.weather = { kind: "delay", ms: 60 };
    const tookMs = await timed(async () => {
      socket.write("a");
      socket.write("b");
      await until("it came back", () => heard() === "ab");
    });
    expect(tookMs).toBeGreaterThanOrEqual(119);
  });

  it("a trickle lets so many bytes through a second", async () => {
    const { socket, heard } = await talk();
    proxy.weather = { kind: "slow", bytesPerSecond: 1_000 };
    const tookMs = await timed(async () => {
      socket.write("x".repeat(200));
      await until("it came back", () => heard().length === 200);
    });
    expect(tookMs).toBeGreaterThanOrEqual(150);
  });

  it.each(["to-server", "to-client", "both"] as const)(
    "half-open (%s): nothing arrives and nobody is told",
    async (lost) => {
      const { socket, heard, isClosed, error } = await talk();
      proxy.weather = { kind: "half-open", lost } satisfies Weather;
      socket.write("lost?");
      const other = await talk();
      other.socket.write("and I?");
      // What would have arrived has had its time: a fair connection through the same loop answers.
      const fair = await FaultProxy.to((server.address() as AddressInfo).port);
      const witness = connect(fair.port, "127.0.0.1");
      let isHeard = false;
      witness.on("data", () => (isHeard = true)).write("ping");
      await until("the witness is answered", () => isHeard);
      witness.destroy();
      await fair.close();
      expect([heard().length, other.heard().length]).toEqual([0, 0]);
      expect([isClosed(), error()]).toEqual([false, undefined]);
      proxy.weather = { kind: "fair" };
      await until("what was held up comes", () => heard() === "lost?");
    },
  );
});

describe("a cut", () => {
  it("resets what is open and whoever comes, until it is mended", async () => {
    const { socket, heard, error, isClosed } = await talk();
    socket.write("before");
    await until("it came back", () => heard() === "before");
    proxy.cut();
    await until("it is reset", isClosed);
    expect(error()).toBe("ECONNRESET");
    const during = await talk();
    await until("it is reset too", during.isClosed);
    expect(proxy.accepted).toBe(1);
    proxy.mend();
    const after = await talk();
    after.socket.write("after");
    await until("it came back", () => after.heard() === "after");
  });

  it("of a server that is gone is told to the client", async () => {
    const gone = await FaultProxy.to(1);
    const socket = connect(gone.port, "127.0.0.1");
    opened.push(socket);
    let isClosed = false;
    socket.on("error", () => {}).on("close", () => (isClosed = true));
    await until("it is closed", () => isClosed);
    await gone.close();
  });
});
