/** What deploy/ says of one thing in several files agrees, and the servers and the settings can read it. */

import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { loadSettings } from "#cli/settings.ts";
import { ROOT } from "./command-line.ts";

const read = (name: string): string => readFileSync(join(ROOT, "deploy", name), "utf8");
const compose = read("compose.yaml");
const services = [...compose.slice(compose.indexOf("\nservices:")).matchAll(/^ {2}([a-z]+\d?):$/gm)]
  .map(([, name]) => name)
  .filter((name, at, all) => all.indexOf(name) === at);

it("has three of each, found under the names that the configuration has", async () => {
  const { cluster, hosts } = await loadSettings(join(ROOT, "deploy/cluster.config.mjs"));
  expect(hosts).toBe(2);
  const numbers = [1, 2, 3];
  expect(cluster?.etcd.endpoints).toEqual(numbers.map((n) => `http://etcd${n}:2379`));
  expect(cluster?.nats.servers).toEqual(numbers.map((n) => `nats://nats${n}:4222`));
  for (const n of numbers)
    expect(services).toEqual(expect.arrayContaining([`etcd${n}`, `nats${n}`]));
  expect(services).toEqual(expect.arrayContaining(["alpha", "beta", "gamma"]));
  for (const path of compose.matchAll(/deploy\/[\w.]+/g))
    expect(read(path[0].slice(7))).not.toBe("");
  expect(cluster?.operatorKeyFile).toBe("/secrets/operator.key");
  expect(compose.match(/secrets:\/secrets/g)).toHaveLength(3);
});

it("has a configuration of NATS and flags of etcd that the servers take", () => {
  const script = join(ROOT, "scripts/servers.mjs");
  const folder = execFileSync(process.execPath, [script], { encoding: "utf8" }).trim();
  const conf = join(ROOT, "deploy/nats.conf");
  const nats = spawnSync(join(folder, "nats-server"), ["-t", "-c", conf], { encoding: "utf8" });
  expect([nats.status, nats.stderr]).toEqual([0, expect.stringContaining("is valid")]);
  const { stdout: help } = spawnSync(join(folder, "etcd"), ["--help"], { encoding: "utf8" });
  const flags = [...compose.matchAll(/^ {6}- (--[\w-]+)=/gm)].map(([, flag]) => flag!);
  expect(flags).toHaveLength(33);
  for (const flag of new Set(flags)) expect(help).toContain(flag);
});
