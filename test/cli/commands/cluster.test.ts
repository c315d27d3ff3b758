/** `canswarm cluster` with what it cannot work with: one sentence, its code and a remedy, nothing before. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { canswarm } from "../command-line.ts";

const dir = mkdtempSync(join(tmpdir(), "canswarm-cluster-command-"));
/** Takes connections, and ends each at its first byte: it is no etcd. */
let server: Server;
let port = 0;
beforeAll(async () => {
  server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  port = address === null || typeof address === "string" ? 0 : address.port;
});
afterAll(async () => {
  server.close();
  await once(server, "close");
  rmSync(dir, { recursive: true, force: true });
});

const configured = (scheme: "http" | "https"): string => {
  const path = join(dir, `${scheme}.config.mjs`);
  const tree = `{ name: "canswarm", strategy: "one-for-one", children: [{ name: "host", threads: 1 }] }`;
  writeFileSync(
    path,
    `export default { hosts: 1, tree: ${tree}, cluster: {
  etcd: { endpoints: ["${scheme}://127.0.0.1:${port}"] },
  nats: { servers: ["nats://127.0.0.1:${port}"] },
} };\n`,
  );
  return path;
};

it.each(["http", "https"] as const)(
  "an etcd that is none at an address with %s is told in one sentence, and nothing else is",
  async (scheme) => {
    const { code, out, err } = await canswarm([
      "cluster",
      "status",
      "--config",
      configured(scheme),
    ]);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toMatch(/^CONSENSUS_UNREACHABLE .+\n$/);
  },
);

it("a backup that was cut off is refused before any server is asked", async () => {
  writeFileSync(join(dir, "genesis.cbor"), "x");
  writeFileSync(join(dir, "backup.json"), '{"version":1,');
  const { code, err } = await canswarm(["cluster", "restore", dir, "--config", configured("http")]);
  expect(code).toBe(2);
  expect(err).toMatch(/^BACKUP_INVALID .+ is cut off or no JSON .+\n$/);
});
