import { spawn } from "node:child_process";
import { EventEmitter } from "node:events";
import { openSync, closeSync } from "node:fs";
import { expect, test } from "vitest";
import { guardOutputs, isOutputError } from "#cli/output.ts";
import { ROOT } from "./command-line.ts";

const failure = (code: string): Error => Object.assign(new Error(code), { code, syscall: "write" });

const guarded = () => {
  const [stdout, stderr] = [new EventEmitter(), new EventEmitter()];
  const codes: number[] = [];
  guardOutputs({
    stdout: stdout as never,
    stderr: stderr as never,
    json: false,
    failed: (code) => codes.push(code),
  });
  return { stdout, stderr, codes };
};

test("a reader that leaves is no error", () => {
  const { stdout, stderr, codes } = guarded();
  for (const code of ["EPIPE", "ERR_STREAM_DESTROYED"]) {
    stdout.emit("error", failure(code));
    stderr.emit("error", failure(code));
  }
  expect(codes).toEqual([]);
});

test("a full disk under standard error leaves the exit code to tell it", () => {
  const { stderr, codes } = guarded();
  stderr.emit("error", failure("ENOSPC"));
  expect(codes).toEqual([1]);
});

test("whoever writes in a loop knows an output's error from another", () => {
  expect([failure("EPIPE"), failure("ENOSPC"), new Error("a bug")].map(isOutputError)).toEqual([
    true,
    true,
    false,
  ]);
});

interface Ended {
  readonly code: number | null;
  readonly err: string;
}

/** `canswarm machines` with a standard output that is gone before it prints, or full. */
const printing = (stdout: "gone" | number): Promise<Ended> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [`${ROOT}src/cli/main.ts`, "machines"], {
      stdio: ["ignore", stdout === "gone" ? "pipe" : stdout, "pipe"],
    });
    child.stdout?.destroy();
    let err = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (err += text));
    child.on("close", (code) => resolve({ code, err }));
  });

test("a closed pipe ends the command quietly", async () => {
  expect(await printing("gone")).toEqual({ code: 0, err: "" });
});

test("a full disk is told with a code", async () => {
  const full = openSync("/dev/full", "w");
  const { code, err } = await printing(full);
  closeSync(full);
  expect(code).toBe(1);
  expect(err).toMatch(/^OUTPUT_FAILED .*ENOSPC.*\n$/);
});
