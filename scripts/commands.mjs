/** Runs a command for a script that brings something: what it prints, or the refusal that is thrown. */

import { spawnSync } from "node:child_process";

export const commands =
  ({ refuse, timeoutMs }) =>
  (command, args, cwd) => {
    const result = spawnSync(command, args, {
      cwd,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      timeout: timeoutMs,
    });
    if (result.error?.code === "ENOENT") throw refuse(`\`${command}\` is not on this machine`);
    if (result.status !== 0) {
      const said = `${result.stderr ?? ""}${result.error?.message ?? ""}`.trim().split("\n").at(-1);
      throw refuse(`\`${command} ${args.join(" ")}\` failed: ${said}`);
    }
    return result.stdout;
  };
