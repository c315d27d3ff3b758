/**
 * Builds newer etcd and nats-server than the distribution has, from the Go module proxy, into a cache
 * folder, and runs the adapters' tests on them: `npm run test:servers-latest`. It takes Go, and some
 * minutes of CPU the first time; what has been built is used again.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const VERSIONS = { nats: "v2.15.2", etcd: "v3.7.3" };
const FOLDER = join(root, `node_modules/.cache/canswarm/servers-${VERSIONS.etcd}-${VERSIONS.nats}`);
/** The package of each, and the binary that Go makes of it. */
const SERVERS = [
  { binary: "nats-server", made: "nats-server", package: "github.com/nats-io/nats-server/v2" },
  { binary: "etcd", made: "server", package: "go.etcd.io/etcd/server/v3" },
  { binary: "etcdctl", made: "etcdctl", package: "go.etcd.io/etcd/etcdctl/v3" },
];
/** Two cores build all three in a quarter of it. */
const BUILD_TIMEOUT_MS = 1_800_000;
const TESTS = ["test/adapters/etcd", "test/adapters/nats"];

const run = (command, args, options) => {
  const { status, error } = spawnSync(command, args, { stdio: "inherit", ...options });
  if (error?.code === "ENOENT") {
    process.stderr.write(
      `SERVERS_UNAVAILABLE \`${command}\` is not on this machine. Remedy: apt-get install golang\n`,
    );
    process.exit(1);
  }
  if (status !== 0) process.exit(status ?? 1);
};

const build = () => {
  const scratch = `${FOLDER}.new`;
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  writeFileSync(join(scratch, "go.mod"), "module servers\n");
  const versionOf = (name) => (name.startsWith("go.etcd.io") ? VERSIONS.etcd : VERSIONS.nats);
  const packages = SERVERS.map((server) => server.package);
  const go = (...args) => run("go", args, { cwd: scratch, timeout: BUILD_TIMEOUT_MS });
  process.stderr.write(`canswarm: building etcd ${VERSIONS.etcd}, NATS ${VERSIONS.nats}\n`);
  go("get", ...packages.map((name) => `${name}@${versionOf(name)}`));
  go("build", "-trimpath", "-o", "./", ...packages);
  for (const { binary, made } of SERVERS)
    renameSync(join(scratch, made), join(scratch, `_${binary}`));
  for (const { binary } of SERVERS) renameSync(join(scratch, `_${binary}`), join(scratch, binary));
  rmSync(FOLDER, { recursive: true, force: true });
  renameSync(scratch, FOLDER);
};

if (!SERVERS.every(({ binary }) => existsSync(join(FOLDER, binary)))) build();
run("npx", ["vitest", "run", ...TESTS, ...process.argv.slice(2)], {
  cwd: root,
  env: { ...process.env, CANSWARM_SERVERS: FOLDER },
});
