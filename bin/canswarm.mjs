#!/usr/bin/env node
/**
 * The command `canswarm`. On Node 24 or newer it is the program; on an older Node it starts the
 * Node that is installed beside it, hands every signal on and ends as that one ends.
 */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { fileURLToPath, pathToFileURL } from "node:url";

const NODE_MAJOR_MIN = 24;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR2"];

const root = fileURLToPath(new URL("../", import.meta.url));
const source = `${root}src/cli/main.ts`;
const built = `${root}dist/cli/main.js`;
const checkout = existsSync(source);
/** In a checkout, and beside an installed canswarm (`npm install node@24`). */
const nodes = [`${root}node_modules/node/bin/node`, `${root}../node/bin/node`];

const startOther = (node) => {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: "inherit",
  });
  for (const signal of SIGNALS) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    process.stderr.write(`NODE_TOO_OLD ${node} does not start: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
  });
};

const refuse = () => {
  const text = `canswarm needs Node ${NODE_MAJOR_MIN} or newer and this is ${process.versions.node}`;
  const remedy = "install Node 24, or run `npm install node@24` beside canswarm";
  process.stderr.write(
    process.argv.includes("--json")
      ? `${JSON.stringify({ error: { code: "NODE_TOO_OLD", message: text, remedy } })}\n`
      : `NODE_TOO_OLD ${text}. Remedy: ${remedy}\n`,
  );
  process.exitCode = 1;
};

const main = async () => {
  if (checkout) {
    const { setup } = await import("../scripts/setup.mjs");
    const code = setup();
    if (code !== 0) {
      process.exitCode = code;
      return;
    }
  }
  if (Number.parseInt(process.versions.node, 10) >= NODE_MAJOR_MIN) {
    await import(pathToFileURL(checkout ? source : built).href);
    return;
  }
  const node = nodes.find((path) => existsSync(path));
  if (node === undefined) refuse();
  else startOther(node);
};

await main();
