/** The attempts, each as a guest of each tier. A guest that gets through prints ESCAPED or the mark. */

import type { GuestLimits } from "../limits.ts";
import type { UntrustedRequest } from "../run.ts";
import { GROW, SHOUT, SPIN, moduleOf } from "./modules.ts";
import type { World } from "./world.ts";

export const ESCAPED = "ESCAPED";
/** Every guest of T1 and T2 prints this first: one that never ran has proved nothing. */
export const BEGAN = "BEGAN";

export interface Attempt {
  readonly name: string;
  readonly limits: Partial<GuestLimits>;
  readonly t0: (world: World) => UntrustedRequest;
  readonly t1: (world: World) => UntrustedRequest;
  readonly t2: (world: World) => UntrustedRequest;
}

const MEBIBYTE = 1024 * 1024;
const LIMITS: Partial<GuestLimits> = {
  timeMs: 3_000,
  memoryBytes: 128 * MEBIBYTE,
  fuel: 10_000_000n,
};

const wasmGuest = (module: Uint8Array): UntrustedRequest => ({
  tier: "T0",
  module,
  entry: "main",
  args: [0],
});

/** A module can only ask for a function of the host. */
const importing = (module: string, name: string): (() => UntrustedRequest) => {
  const guest = moduleOf({ imports: [[module, name]], code: [0x41, 0, 0x41, 0, 0x10, 0] });
  return () => wasmGuest(guest);
};

/** Every way out of the language that is known: globals of hosts, constructors, modules. */
const REACH = `
console.log("${BEGAN}");
const names = ["process", "require", "Deno", "Bun", "std", "os", "fetch", "WebSocket", "Worker", "module"];
const found = names.filter((name) => typeof globalThis[name] !== "undefined");
for (const one of [console.log, console, globalThis, async () => 0])
  try {
    const made = one.constructor.constructor("return typeof process + typeof require")();
    if (made !== "undefinedundefined") found.push(made);
  } catch {}
if (found.length > 0) console.log("${ESCAPED}", found.join());
const host = (name, use) =>
  import(name).then(
    (made) => { use(made); console.log("${ESCAPED}"); },
    (error) => console.log(String(error)),
  );
`;

const script = (code: string): UntrustedRequest => ({ tier: "T1", script: REACH + code });

const guestOf = (world: World) => ({ cwd: world.folder, hidden: [world.data] });

const shell = (world: World, code: string): UntrustedRequest => ({
  tier: "T2",
  command: ["sh", "-c", `echo ${BEGAN}; ${code}`],
  ...guestOf(world),
});

const node = (world: World, code: string): UntrustedRequest => ({
  tier: "T2",
  command: ["node", "-"],
  stdin: `console.log("${BEGAN}"); ${code}`,
  ...guestOf(world),
});

const quoted = (value: unknown): string => JSON.stringify(value);

const READING = "wasi_snapshot_preview1";

export const ATTEMPTS: readonly Attempt[] = [
  {
    name: "network",
    limits: LIMITS,
    t0: importing(READING, "sock_accept"),
    t1: ({ port }) => script(`host("node:net", (net) => net.connect(${port}));`),
    t2: (world) =>
      node(
        world,
        `const net = require("net");
        const addresses = ${quoted([...world.addresses, "127.0.0.1", "::1"])};
        for (const host of addresses) {
          const socket = net.connect({ host, port: ${world.port} });
          socket.on("connect", () => console.log("${ESCAPED}")).on("error", (e) => console.log(e.code));
        }
        setTimeout(() => process.exit(), 1000);`,
      ),
  },
  {
    name: "files outside",
    limits: LIMITS,
    t0: importing(READING, "path_open"),
    t1: ({ secret }) =>
      script(`host("node:fs", (fs) => console.log(fs.readFileSync(${quoted(secret)}, "utf8")));`),
    t2: (world) =>
      shell(
        world,
        `cat '${world.secret}' ../outside/secret; cat /etc/shadow && echo ${ESCAPED}
        echo changed > '${world.secret}'; echo x > /usr/canswarm-x && echo ${ESCAPED}
        echo x > /canswarm-x && echo ${ESCAPED}`,
      ),
  },
  {
    name: "fork bomb",
    limits: LIMITS,
    t0: importing("env", "fork"),
    t1: () => script(`host("node:child_process", (one) => one.spawn("sleep", ["60"]));`),
    t2: (world) =>
      shell(
        world,
        `b() { b | b & }; b
        n=0; while [ $n -lt 500 ]; do sleep 60 & n=$((n+1)); done; echo ${ESCAPED}`,
      ),
  },
  {
    name: "memory",
    limits: LIMITS,
    t0: () => wasmGuest(GROW),
    t1: () => script(`const all = []; for (;;) all.push(new ArrayBuffer(1 << 20));`),
    t2: (world) =>
      node(
        world,
        `const all = []; while (all.length < 512) all.push(Buffer.alloc(1 << 20, 1));
        console.log("${ESCAPED}");`,
      ),
  },
  {
    name: "full disk",
    limits: LIMITS,
    t0: importing(READING, "fd_write"),
    t1: () => script(`host("node:fs", (fs) => fs.writeFileSync("/tmp/x", "x".repeat(1 << 20)));`),
    t2: (world) =>
      shell(
        world,
        `for n in 1 2 3 4; do head -c 50000000 /dev/urandom > /tmp/$n || exit 1; done
        echo ${ESCAPED}`,
      ),
  },
  {
    name: "endless loop",
    limits: { ...LIMITS, timeMs: 500 },
    t0: () => wasmGuest(SPIN),
    t1: () => script(`for (;;) try { for (;;); } catch {}`),
    t2: (world) => shell(world, `trap '' TERM INT; while :; do :; done; echo ${ESCAPED}`),
  },
  {
    name: "huge output",
    limits: LIMITS,
    t0: () => wasmGuest(SHOUT),
    t1: () => script(`for (;;) console.log("x".repeat(1000));`),
    t2: (world) => shell(world, "yes"),
  },
  {
    name: "symlink",
    limits: LIMITS,
    t0: importing(READING, "path_symlink"),
    t1: ({ secret }) =>
      script(`host("node:fs", (fs) => fs.symlinkSync(${quoted(secret)}, "/tmp/x"));`),
    t2: (world) =>
      shell(
        world,
        `cat link; ln -s '${world.secret}' /tmp/own; cat /tmp/own; echo x > /tmp/own
        ln -s /proc/1/root /tmp/root; cat "/tmp/root${world.secret}"`,
      ),
  },
  {
    name: "/proc",
    limits: LIMITS,
    t0: importing(READING, "path_readlink"),
    t1: ({ victim }) =>
      script(
        `host("node:fs", (fs) => console.log(fs.readFileSync("/proc/${victim}/environ", "utf8")));`,
      ),
    t2: (world) =>
      shell(
        world,
        `cat /proc/${world.victim}/environ /proc/[0-9]*/environ
        for fd in /proc/[0-9]*/fd/*; do
          case $(readlink "$fd") in */outside/*|*/data/*) echo ${ESCAPED};; esac
        done
        echo 1 > /proc/sys/vm/drop_caches && echo ${ESCAPED}`,
      ),
  },
  {
    name: "signals to the parent",
    limits: LIMITS,
    t0: importing("env", "kill"),
    t1: ({ victim }) => script(`host("node:process", (one) => one.kill(${victim}, "SIGKILL"));`),
    t2: (world) =>
      shell(
        world,
        `kill -9 ${world.victim} && echo ${ESCAPED}; 
        kill -9 $PPID; kill -9 1`,
      ),
  },
  {
    name: "writes to the data folder",
    limits: LIMITS,
    t0: importing(READING, "path_unlink_file"),
    t1: ({ data }) =>
      script(`host("node:fs", (fs) => fs.writeFileSync(${quoted(`${data}/x`)}, "x"));`),
    t2: (world) =>
      shell(
        world,
        `cat data/key '${world.data}/key'; echo x > data/x && echo ${ESCAPED}; rm -f data/key
        echo x > x && echo ${ESCAPED}; mv data /tmp/data && echo ${ESCAPED}
        umount '${world.data}'; cat data/key`,
      ),
  },
  {
    name: "new namespaces",
    limits: LIMITS,
    t0: importing("env", "unshare"),
    t1: () => script(`host("node:worker_threads", (one) => new one.Worker("", { eval: true }));`),
    t2: (world) =>
      shell(
        world,
        `unshare -Ur true && echo ${ESCAPED}; unshare -n true && echo ${ESCAPED}
        mount -t tmpfs none /tmp && echo ${ESCAPED}; mount -o remount,rw / && echo ${ESCAPED}`,
      ),
  },
];
