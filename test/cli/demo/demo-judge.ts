/** The foreign checker in a process of its own: it gets declarations and nothing of ours. */

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

export const demoJudge = (
  args: readonly string[],
  input = "",
): Promise<{ readonly code: number | null; readonly out: string }> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["test/foreign/demo-judge.mjs", ...args], {
      cwd: ROOT,
      stdio: ["pipe", "pipe", "inherit"],
    });
    let out = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.on("error", reject).on("close", (code) => resolve({ code, out }));
    child.stdin.end(input);
  });
