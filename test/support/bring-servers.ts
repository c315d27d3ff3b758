/**
 * Before all tests: etcd and nats-server, for the adapters that speak to them. Where they cannot be had,
 * the tests that need them fail and say what to do.
 */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("../../scripts/servers.mjs", import.meta.url));
/** Package lists and three packages. */
const BRING_MS_MAX = 300_000;

export const setup = (): void => {
  const { status, stderr } = spawnSync(process.execPath, [SCRIPT], {
    encoding: "utf8",
    timeout: BRING_MS_MAX,
  });
  if (status !== 0) process.stderr.write(stderr ?? "etcd and nats-server could not be brought\n");
};
