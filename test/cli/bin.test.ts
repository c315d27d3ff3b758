import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const BIN = fileURLToPath(new URL("../../bin/canswarm.mjs", import.meta.url));
/** Makes the process believe that it is an older Node. */
const OLD_NODE =
  'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.1.2"})';

/** The built program: tells its arguments, then ends by SIGTERM only, with a code of its own. */
const PROGRAM = `
  process.on("SIGTERM", () => process.exit(7));
  if (process.argv[2] === "wait") setInterval(() => {}, 1000);
  console.log(JSON.stringify(process.argv.slice(2)));
`;

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "canswarm-bin-"));
  mkdirSync(join(folder, "bin"));
  mkdirSync(join(folder, "dist/cli"), { recursive: true });
  copyFileSync(BIN, join(folder, "bin/canswarm.mjs"));
  writeFileSync(join(folder, "dist/package.json"), '{"type":"module"}');
  writeFileSync(join(folder, "dist/cli/main.js"), PROGRAM);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const installNode = (): void => {
  mkdirSync(join(folder, "node_modules/node/bin"), { recursive: true });
  symlinkSync(process.execPath, join(folder, "node_modules/node/bin/node"));
};

const start = (nodeArgs: readonly string[], args: readonly string[]): ChildProcess =>
  spawn(process.execPath, [...nodeArgs, join(folder, "bin/canswarm.mjs"), ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });

const ended = (child: ChildProcess, onOutput?: () => void) =>
  new Promise<{ code: number | null; out: string; err: string }>((resolve, reject) => {
    let out = "";
    let err = "";
    child.stdout?.on("data", (part: Buffer) => {
      out += part.toString();
      onOutput?.();
    });
    child.stderr?.on("data", (part: Buffer) => {
      err += part.toString();
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, out, err }));
  });

describe("the command", () => {
  it("is the program where Node is new enough", async () => {
    const { code, out } = await ended(start([], ["run", "x y"]));
    expect({ code, out }).toEqual({ code: 0, out: '["run","x y"]\n' });
  });

  it("starts the installed Node from an older one and passes arguments on", async () => {
    installNode();
    const { code, out } = await ended(start(["--import", OLD_NODE], ["status", "--json"]));
    expect({ code, out }).toEqual({ code: 0, out: '["status","--json"]\n' });
  });

  it("passes signals to the Node it started, and its exit code back", async () => {
    installNode();
    const child = start(["--import", OLD_NODE], ["wait"]);
    const { code } = await ended(child, () => child.kill("SIGTERM"));
    expect(code).toBe(7);
  });

  it("says what to do where there is no newer Node", async () => {
    const { code, out, err } = await ended(start(["--import", OLD_NODE], ["run"]));
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toMatch(/^NODE_TOO_OLD .*this is 20\.1\.2.*npm install node@24/);
    const json = await ended(start(["--import", OLD_NODE], ["run", "--json"]));
    expect(JSON.parse(json.err).error.code).toBe("NODE_TOO_OLD");
  });
});
