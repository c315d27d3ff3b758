/** Agents that reach a cluster over NATS alone, under servers that let each hear what is its own. */

import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createRequester } from "#agent/index.ts";
import { seedOf } from "#agent/sdk/create.ts";
import { signerFromSeed } from "#envelope/keys.ts";
import { NatsBus } from "#adapters/nats/bus.ts";
import { agentSubject, peerSubject, PRESENCE } from "#ports/bus.ts";
import { tokenIn } from "#gateway/tokens.ts";
import { LocalCluster, type Supervisor } from "../cluster/local-cluster.ts";
import { canswarm, until, type Ended, type Running } from "./command.ts";

const TIMEOUT_MS = 90_000;
const CLUSTER = "local";
/** Above what travels within an envelope: outputs are blocks. */
const LETTERS = 60_000;
const ECHO = `
export const work = ({ input }) => ({ output: { text: "x".repeat(input.letters) } });
export const judge = ({ input, output }) =>
  ({ verdict: output.text === "x".repeat(input.letters) ? "pass" : "fail" });
`;

const folder = mkdtempSync(join(tmpdir(), "canswarm-nats-agents-"));
const keys = join(folder, "keys");
const didOf = (name: string): string => signerFromSeed(seedOf(name, keys)).did;
const agents = ["ada", "bob", "eve"];
const PYTHON = [
  ["pia", "worker"],
  ["pit", "verifier"],
] as const;
const SCRIPT = join(import.meta.dirname, "../foreign/nats_agent.py");
const pythonDid = (name: string): string =>
  execFileSync("python3", ["-B", SCRIPT, "did", join(folder, `${name}.key`)], {
    encoding: "utf8",
  }).trim();

let cluster: LocalCluster;
let first: Supervisor;
const running: Running[] = [];

const children: ChildProcess[] = [];
const python = (...args: readonly string[]): { text: string } => {
  const child = spawn("python3", ["-B", SCRIPT, ...args]);
  children.push(child);
  const one = { text: "" };
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (one.text += text));
  return one;
};

const command = (...args: readonly string[]): Promise<Ended> => canswarm(...args).ended;

beforeAll(async () => {
  const made = await command("cluster", "nkey");
  writeFileSync(join(folder, "supervisor.nk"), made.stdout, { mode: 0o600 });
  const dids = [...agents.map(didOf), ...PYTHON.map(([name]) => pythonDid(name))];
  const flags = ["--cluster", CLUSTER, "--supervisor", made.stderr.trim()];
  const { stdout: users } = await command("cluster", "permissions", ...flags, ...dids);
  cluster = await LocalCluster.start({
    servers: 1,
    nats: {
      server: `authorization { ${users} }\n`,
      client: `nkeyFile: ${JSON.stringify(join(folder, "supervisor.nk"))}`,
    },
  });
  first = await cluster.join();
  await cluster.join();
  writeFileSync(join(folder, "echo.mjs"), ECHO);
}, 60_000);
afterAll(async () => {
  for (const child of [...running.map((one) => one.child), ...children]) child.kill("SIGKILL");
  await cluster.close();
  rmSync(folder, { recursive: true, force: true });
});

const welcomed = async (name: string, role: string): Promise<string> => {
  const to = ["--url", first.url, "--data", first.data];
  const { stdout } = await command("welcome", didOf(name), "--name", name, "--role", role, ...to);
  const file = join(folder, `${name}.json`);
  writeFileSync(file, stdout);
  return file;
};

/** Nothing but an address of NATS, its key and its welcome. */
const agent = async (name: string, role: string, ...more: readonly string[]): Promise<Running> => {
  const way = ["--nats", cluster.nats[0]!.url, "--cluster", CLUSTER, "--keys", keys];
  const who = ["--name", name, "--role", role, "--capability", "echo", "--price", "0.5"];
  const program = ["--module", join(folder, "echo.mjs")];
  const one = canswarm("agent", ...way, ...who, ...program, ...more);
  running.push(one);
  let isOver = false;
  void one.ended.then(() => (isOver = true));
  await until("it is here", () => one.stderr.includes(" is here as ") || isOver, 40_000);
  expect(one.stderr).toContain(`${name} is here as ${role}`);
  return one;
};

const post = (key: string, letters = LETTERS) =>
  createRequester({ url: first.url, token: tokenIn(first.data) ?? "" }).run({
    key,
    capability: "echo",
    input: { letters },
    bounty: "1",
    verifyBounty: "0.1",
  });

it(
  "is told that nobody knows it before it is welcome",
  async () => {
    const way = ["--nats", cluster.nats[0]!.url, "--cluster", CLUSTER, "--keys", keys];
    const who = ["--name", "eve", "--capability", "echo", "--price", "1", "--exec", "cat"];
    const { code, stderr } = await command("agent", ...way, ...who);
    expect([code, stderr.includes("NOT_WELCOME")]).toEqual([1, true]);
  },
  TIMEOUT_MS,
);

it(
  "earns, with outputs that are blocks; comes back under its key after a crash and a cut",
  async () => {
    const worker = await agent("ada", "worker", "--welcome", await welcomed("ada", "worker"));
    await agent("bob", "verifier", "--welcome", await welcomed("bob", "verifier"));
    const done = await post("first");
    expect(done.outcome).toBe("finalized");
    expect(done.output).toEqual({ text: "x".repeat(LETTERS) });

    worker.child.kill("SIGKILL");
    await worker.ended;
    const later = post("second");
    // Registered under its key, it needs no welcome any more, and is told what is still asked.
    const again = await agent("ada", "worker");
    expect((await later).outcome).toBe("finalized");

    await cluster.nats[0]!.kill();
    await until("it notices", () => again.stderr.includes("cut off"));
    await cluster.nats[0]!.restart();
    await until("it is back", () => again.stderr.includes("here again"), 30_000);
    expect((await post("third", 1)).outcome).toBe("finalized");
    const account = await fetch(`${first.url}/v1/agents/${didOf("ada")}`);
    expect(await account.json()).toMatchObject({ balance: "1001.5" });
  },
  TIMEOUT_MS,
);

it(
  "lets an agent say nothing as a supervisor, and hear nothing of others",
  async () => {
    const options = { servers: [cluster.nats[0]!.url], prefix: CLUSTER };
    const signer = signerFromSeed(seedOf("eve", keys));
    const bus = await NatsBus.open({ ...options, signer });
    const heard: Uint8Array[] = [];
    bus.subscribe(agentSubject(didOf("ada")), (bytes) => heard.push(bytes));
    bus.publish(peerSubject(256), new Uint8Array(1));
    bus.publish(PRESENCE, new Uint8Array(1));
    await until("both are refused", () => bus.refused === 2);
    await bus.close();
    expect(heard).toEqual([]);
    await expect(NatsBus.open(options)).rejects.toMatchObject({ code: "BUS_UNREACHABLE" });
  },
  TIMEOUT_MS,
);

it(
  "works and judges in Python, from documented bytes alone, and is paid",
  async () => {
    const keyOf = (name: string): string => join(folder, `${name}.key`);
    const said: { text: string }[] = [];
    for (const [name, role] of PYTHON) {
      const to = ["--url", first.url, "--data", first.data];
      const who = ["--name", `python-${role}`, "--role", role];
      const { stdout } = await command("welcome", pythonDid(name), ...who, ...to);
      writeFileSync(join(folder, `${name}.json`), stdout);
      const place = `127.0.0.1:${cluster.nats[0]!.port}`;
      const files = [keyOf(name), join(folder, `${name}.json`)];
      said.push(python(role, place, CLUSTER, ...files, "double"));
    }
    const says = (): string => said.map(({ text }) => text).join("\n");
    await until(
      "both are here",
      () => said.every(({ text }) => text.includes("here did:key")),
      30_000,
    ).catch(() => expect.fail(says()));
    const requester = createRequester({ url: first.url, token: tokenIn(first.data) ?? "" });
    const need = { key: "python", capability: "double", input: { n: 21 }, bounty: "2" };
    const done = await requester.run({ ...need, verifyBounty: "0.1" });
    expect(done).toMatchObject({ outcome: "finalized", output: { twice: 42 } });
    await until("it is told", () => says().includes("ended finalized earned 1000000"), 10_000);
    expect(says()).not.toMatch(/refused|cut|Traceback/);
  },
  TIMEOUT_MS,
);
