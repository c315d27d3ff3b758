/**
 * What a guest would like to reach, for real: a listening socket, a secret file, a folder with data, a
 * process. After each attempt one looks whether anything of it was touched.
 */

import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";

export interface World {
  /** Stands in the secret, in the data and in the victim's environment; nobody else knows it. */
  readonly mark: string;
  /** Of the listening socket, on every address of this machine. */
  readonly port: number;
  readonly addresses: readonly string[];
  /** The guest's own folder. It holds `link`, which leads to the secret, and `data`, which is hidden. */
  readonly folder: string;
  readonly secret: string;
  readonly data: string;
  /** A process of ours, not an ancestor of any guest. */
  readonly victim: number;
  /** What was touched since the world began; empty if nothing was. */
  readonly touched: () => string[];
  readonly close: () => Promise<void>;
}

const listen = async (): Promise<{ server: Server; port: number; count: () => number }> => {
  let count = 0;
  const server = createServer((socket) => {
    count += 1;
    socket.destroy();
  });
  server.listen(0);
  await once(server, "listening");
  return { server, port: (server.address() as AddressInfo).port, count: () => count };
};

const isRunning = (child: ChildProcess): boolean =>
  child.exitCode === null && child.signalCode === null;

/** Every file under a folder with its content, as one text. */
const pictureOf = (folder: string): string =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return `${path} ${entry.isFile() ? readFileSync(path, "utf8") : ""}`;
    })
    .sort()
    .join("\n");

export const createWorld = async (): Promise<World> => {
  const root = mkdtempSync(join(tmpdir(), "canswarm-escape-"));
  const mark = randomUUID();
  const [folder, outside] = [join(root, "agent"), join(root, "outside")];
  const [data, secret] = [join(folder, "data"), join(outside, "secret")];
  for (const path of [folder, outside, data]) mkdirSync(path);
  writeFileSync(secret, mark);
  writeFileSync(join(data, "key"), mark);
  symlinkSync(secret, join(folder, "link"));
  const { server, port, count } = await listen();
  const child = spawn("sleep", ["600"], { stdio: "ignore", env: { ...process.env, MARK: mark } });
  await once(child, "spawn");
  const before = pictureOf(root);
  const addresses = Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).filter(({ family }) => family === "IPv4").map(({ address }) => address),
  );
  return {
    mark,
    port,
    folder,
    secret,
    data,
    addresses,
    victim: child.pid!,
    touched: () => [
      ...(count() > 0 ? ["the listening socket got a connection"] : []),
      ...(pictureOf(root) === before ? [] : ["a file was changed"]),
      ...(isRunning(child) ? [] : ["a process of ours was ended"]),
    ],
    close: async () => {
      server.close();
      if (isRunning(child)) {
        child.kill("SIGKILL");
        await once(child, "exit");
      }
      rmSync(root, { recursive: true, force: true });
    },
  };
};
