/** The supervisor process: needs and agents over HTTP, killed and back, stopped and drained. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createRequester, createVerifier, createWorker, fixedPrice } from "#agent/index.ts";
import { tokenIn } from "#gateway/tokens.ts";
import { readLog, reckon } from "./books.ts";
import { canswarm, until, type Running } from "./command.ts";

const TIMEOUT_MS = 90_000;
const START_MS = 60_000;

let folder: string;
let data: string;
const running: Running[] = [];
const closers: (() => Promise<void>)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "canswarm-up-"));
  data = join(folder, "data");
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  for (const one of running.splice(0)) one.child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

const start = (...args: readonly string[]): Running => {
  const one = canswarm(...args);
  running.push(one);
  return one;
};

/** Until it prints a line that is ready, or ends. */
const line = async (one: Running): Promise<string> => {
  let over = false;
  void one.ended.then(() => (over = true));
  await until("it is ready", () => over || one.stdout.includes("\n"), START_MS);
  if (!one.stdout.includes("\n")) throw new Error(`it ended: ${one.stderr}`);
  return one.stdout;
};

const up = async (port = 0, ...more: readonly string[]): Promise<{ url: string; one: Running }> => {
  const one = start("up", "--data", data, "--port", String(port), "--json", ...more);
  return { url: (JSON.parse(await line(one)) as { url: string }).url, one };
};

const square = ({ input }: { input: unknown }): number => (input as { n: number }).n ** 2;

/** Agents of this process, over HTTP: one right worker, a cheaper wrong one, three verifiers. */
const market = async (url: string): Promise<void> => {
  const token = tokenIn(data)!;
  const agent = (name: string) => ({
    url,
    token,
    name,
    capabilities: ["square"],
    keysDir: join(folder, "keys"),
  });
  const joined = await Promise.all([
    createWorker({
      ...agent("right"),
      bid: fixedPrice("1"),
      work: (call) => ({ output: { square: square(call) } }),
    }),
    createWorker({
      ...agent("wrong"),
      price: "0.5",
      work: (call) => ({ output: { square: square(call) + 1 } }),
    }),
    ...["v1", "v2", "v3"].map((name) =>
      createVerifier({
        ...agent(name),
        judge: (call) => ({
          verdict: (call.output as { square: number }).square === square(call) ? "pass" : "fail",
        }),
      }),
    ),
  ]);
  closers.push(...joined.map((one) => () => one.close()));
};

const NEED = { capability: "square", bounty: "2", verifyBounty: "0.1", kResult: 2 } as const;

test(
  "agents join over HTTP; a supervisor that is killed comes back to the same agents, needs and books",
  { timeout: TIMEOUT_MS },
  async () => {
    const first = await up();
    await market(first.url);
    const environment = readFileSync(`/proc/${first.one.child.pid}/environ`, "utf8");
    expect(environment.split("\0")).toContain("MALLOC_ARENA_MAX=2");
    const requester = createRequester({ url: first.url, token: tokenIn(data)! });
    const ask = (n: number) => requester.run({ ...NEED, key: `k${n}`, input: { n } });
    const before = await Promise.all([1, 2, 3].map(ask));
    expect(before.map(({ outcome, output }) => [outcome, output])).toEqual([
      ["finalized", { square: 1 }],
      ["finalized", { square: 4 }],
      ["finalized", { square: 9 }],
    ]);
    const posted = await requester.post({ ...NEED, key: "k4", input: { n: 4 } });
    first.one.child.kill("SIGKILL");
    await first.one.ended;
    const { one } = await up(Number(new URL(first.url).port));
    expect(await requester.result(posted.need)).toMatchObject({ output: { square: 16 } });
    // Asked again under the same keys, they are the same needs.
    expect(await Promise.all([1, 2, 3].map(ask))).toMatchObject(
      before.map(({ need, artifact }) => ({ need, artifact })),
    );
    expect((await ask(5)).output).toEqual({ square: 25 });
    one.child.kill("SIGTERM");
    expect(await one.ended).toMatchObject({ code: 0 });
    const log = readLog(data);
    expect(reckon(log).wrong).toEqual([]);
  },
);

test(
  "a program joins by the command line, a need is posted, waited for and explained",
  { timeout: TIMEOUT_MS },
  async () => {
    writeFileSync(
      join(folder, "double.mjs"),
      `const chunks = []; for await (const chunk of process.stdin) chunks.push(chunk);
       const { input, output } = JSON.parse(Buffer.concat(chunks));
       console.log(JSON.stringify(output === undefined
         ? { output: { twice: input.n * 2 } }
         : { verdict: output.twice === input.n * 2 ? "pass" : "fail" }));`,
    );
    const { url } = await up();
    const to = ["--url", url, "--data", data];
    const program = ["--exec", process.execPath, join(folder, "double.mjs")];
    const agents = [
      ["--name", "doubler", "--price", "0.5"],
      ["--name", "judge", "--role", "verifier"],
    ].map((args) =>
      start(
        "agent",
        ...to,
        "--keys",
        join(folder, "keys"),
        "--capability",
        "double",
        ...args,
        ...program,
      ),
    );
    for (const one of agents)
      await until("it is here", () => one.stderr.includes("is here"), START_MS);
    const ask = ["--capability", "double", "--input", '{"n": 21}', "--bounty", "1"];
    const waited = await start("need", "post", ...to, ...ask, "--wait").ended;
    expect(waited).toMatchObject({ code: 0, stdout: 'finalized {"twice":42}\n' });
    expect(waited.stderr).toMatch(/doubler wins attempt 1 at 0\.5, because judge approved/);
    const [need = ""] = /ba[a-z2-7]+/.exec(waited.stderr) ?? [];
    const why = await start("why", need, ...to).ended;
    expect(why.stdout).toMatch(
      /doubler delivers .*\n.*\n.*judge \(seat 0\) judges the result: pass/,
    );
    expect(why.stdout).toMatch(/ends finalized, because judge said pass/);
    const status = await start("status", ...to).ended;
    expect(status.stdout).toMatch(/doubler +worker +double +here/);
    for (const one of agents) {
      one.child.kill("SIGTERM");
      expect(await one.ended).toMatchObject({ code: 0 });
    }
  },
);

test(
  "an agent of elsewhere that is paused under load is awarded nothing from that revision on",
  { timeout: TIMEOUT_MS },
  async () => {
    const { url, one } = await up();
    await market(url);
    const requester = createRequester({ url, token: tokenIn(data)! });
    const ask = (n: number) => requester.run({ ...NEED, key: `k${n}`, input: { n } });
    const numbers = Array.from({ length: 40 }, (_, n) => n);
    const first = await ask(-1);
    const asked = Promise.all(numbers.map(ask));
    const pause = await start("pause", "wrong", "--data", data, "--json").ended;
    const { revision } = JSON.parse(pause.stdout) as { revision: number };
    const more = await Promise.all(numbers.map((n) => ask(n + numbers.length)));
    expect([first, ...(await asked), ...more].every((end) => end.outcome === "finalized")).toBe(
      true,
    );
    one.child.kill("SIGTERM");
    expect(await one.ended).toMatchObject({ code: 0 });
    const log = readLog(data);
    const [paused] = log.envelopes.filter(({ verb }) => verb === "PAUSE");
    const did = (paused!.body as { who: { agent: string } }).who.agent;
    const decided = log.derived.filter(({ verb }) => verb === "DECIDE");
    expect(decided.some(({ body }) => body["worker"] === did)).toBe(true);
    const after = decided.filter(({ body }) => Number(body["registry"]) >= revision);
    expect(after.length).toBeGreaterThanOrEqual(numbers.length);
    expect(after.filter(({ body }) => body["worker"] === did)).toEqual([]);
    expect(reckon(log).wrong).toEqual([]);
  },
);

test(
  "what cannot be is one sentence with code and remedy, and nothing is made",
  { timeout: TIMEOUT_MS },
  async () => {
    const { url } = await up();
    const port = new URL(url).port;
    const other = join(folder, "other");
    const refused = async (...args: readonly string[]): Promise<string> => {
      const { code, stderr } = await start(...args).ended;
      expect(code).not.toBe(0);
      return stderr;
    };
    const bad = join(folder, "agents.json");
    writeFileSync(bad, "{");
    const told = await Promise.all([
      refused("up", "--data", data, "--port", "0"),
      refused("up", "--data", other, "--port", port),
      refused("up", "--data", join(folder, "x"), "--agents", bad),
      refused("up", "--data", join(folder, "x"), "--port", "many"),
      refused(
        "need",
        "post",
        "--url",
        "http://127.0.0.1:9",
        "--capability",
        "c",
        "--input",
        "1",
        "--bounty",
        "nothing",
      ),
      refused("why", "nonsense", "--url", url),
      refused(
        "agent",
        "--url",
        url,
        "--data",
        join(folder, "nothing"),
        "--keys",
        join(folder, "keys"),
        "--name",
        "a",
        "--capability",
        "c",
        "--price",
        "1",
        "--exec",
        process.execPath,
      ),
      refused(
        "agent",
        "--url",
        url,
        "--name",
        "a",
        "--capability",
        "c",
        "--price",
        "1",
        "--exec",
        "no-such-program",
      ),
    ]);
    expect(told.map((text) => text.split(" ")[0]?.split("\n")[0])).toEqual([
      "DATA_IN_USE",
      "PORT_IN_USE",
      expect.stringContaining("agents.json:1"),
      "USAGE",
      "USAGE",
      "NEED_NOT_FOUND",
      "NOT_WELCOME",
      "USAGE",
    ]);
  },
);
