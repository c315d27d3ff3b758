/**
 * Before all tests: bubblewrap, so that tier T2 of the sandbox is tested on a fresh machine too. Where
 * it cannot be had, what needs it asserts that it is refused.
 */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("../../scripts/tools.mjs", import.meta.url));
/** Package lists and one package. */
const BRING_MS_MAX = 200_000;

export const setup = (): void => {
  const { status, stderr } = spawnSync(process.execPath, [SCRIPT], {
    encoding: "utf8",
    timeout: BRING_MS_MAX,
  });
  if (status !== 0) process.stderr.write(stderr ?? "bubblewrap could not be brought\n");
};
