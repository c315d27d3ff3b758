/** Agents of an AGENTS.json on another machine than the supervisor: every way to run one, over HTTP. */

import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createRequester } from "#agent/index.ts";
import { t2State } from "#agent/sandbox/bubblewrap.ts";
import { until } from "./command.ts";
import { Market } from "./market-process.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const TIMEOUT_MS = 90_000;
const START_MS = 60_000;

let market: Market;
beforeEach(() => {
  market = new Market();
});
afterEach(() => market.close());

const agentsFile = (agents: readonly object[]): string => {
  const path = join(market.folder, "agents.json");
  writeFileSync(path, JSON.stringify({ agents }));
  return path;
};

interface Line {
  readonly id: string;
  readonly capability: string;
  readonly input: { readonly file?: string };
  readonly bounty: string;
  readonly verifyBounty: string;
}

/** The tasks of an example, as needs: a file's content stands in its place. */
const needsOf = (file: string) =>
  readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line)
    .map(({ id, input, ...rest }) => {
      const path = input.file;
      if (path === undefined) return { key: id, input, ...rest };
      const text = readFileSync(join(dirname(file), path), "utf8");
      return { key: id, input: { path, text }, ...rest };
    });

const requester = () => createRequester({ url: market.url, token: market.token });

/** Folders of examples, and how many agents each has. */
const EXAMPLES = [
  ["exec", 4],
  ["exec-python", 3],
  ["lines", 4],
  ["module", 3],
  ["http", 3],
  ["llm", 4],
  ["minify", 4],
] as const;

describe("agents of an AGENTS.json", () => {
  // To one supervisor, one after another: what each folder needs has a capability of its own.
  test(
    "those of each folder of examples join a supervisor and finalize what it is asked",
    { timeout: 2 * TIMEOUT_MS },
    async () => {
      await market.up();
      for (const [name, count] of EXAMPLES) {
        const folder = join(ROOT, "examples", name);
        const one = await market.join(name, count, "--from", join(folder, "agents.json"));
        const needs = needsOf(join(folder, "tasks.jsonl"));
        const results = await Promise.all(
          needs.map((need) => requester().run({ ...need, key: `${name} ${need.key}` })),
        );
        expect(results.map(({ outcome }) => [name, outcome])).toEqual(
          results.map(() => [name, "finalized"]),
        );
        one.child.kill("SIGTERM");
        expect(await one.ended).toMatchObject({ code: 0 });
      }
    },
  );

  test(
    "bring their labels, stake and credits, and come back as they are said then",
    { timeout: TIMEOUT_MS },
    async () => {
      await market.up();
      const run = { exec: ["cat"] };
      const worker = { name: "Ada", role: "worker", capabilities: ["a"], price: "1", run };
      const judge = { name: "judge", role: "verifier", capabilities: ["a"], run };
      const first = agentsFile([
        { ...worker, org: "acme", credits: "12.5" },
        { ...judge, org: "other", stake: "250" },
      ]);
      const one = await market.join("keys", 2, "--from", first);
      const [ada = "", did = ""] = one.stderr.match(/did:key:\w+/g) ?? [];
      const told = async (path: string): Promise<object> =>
        (await (await fetch(`${market.url}${path}`)).json()) as object;
      const rows = [ada, did].map((id) => told(`/v1/agents/${id}`));
      const sums = (await Promise.all(rows)).map((row) => row as Record<string, unknown>);
      expect(
        sums.map(({ manifest, staked }) => [(manifest as { org: string }).org, staked]).sort(),
      ).toEqual([
        ["acme", "0"],
        ["other", "250"],
      ]);
      expect(sums.map(({ balance }) => balance).sort()).toEqual(["0", "12.5"]);
      one.child.kill("SIGTERM");
      await one.ended;
      const again = agentsFile([{ ...worker, capabilities: ["a", "b"], org: "acme" }]);
      await market.join("keys", 1, "--from", again);
      const { agents } = (await told("/v1/agents")) as {
        agents: { name: string; capabilities: string[] }[];
      };
      expect(agents.find(({ name }) => name === "Ada")?.capabilities.sort()).toEqual(["a", "b"]);
    },
  );

  test(
    "are chosen by --only; one that nobody welcomed is told with its did, the others are there",
    { timeout: TIMEOUT_MS },
    async () => {
      await market.up();
      const file = join(ROOT, "examples/exec/agents.json");
      const known = await market.join("keys", 1, "--from", file, "--only", "adder");
      expect(known.stderr).toMatch(/^adder is here as worker for sum: did:key:z6Mk\w+\n$/);
      known.child.kill("SIGTERM");
      await known.ended;
      const nowhere = join(market.folder, "nowhere");
      const args = ["--url", market.url, "--data", nowhere, "--keys", join(market.folder, "keys")];
      const both = market.start(
        "agent",
        ...args,
        "--from",
        file,
        "--only",
        "adder",
        "--only",
        "checker-a",
      );
      await until(
        "one is here and the other is not",
        () => ["NOT_WELCOME", "adder is here"].every((text) => both.stderr.includes(text)),
        START_MS,
      );
      expect(both.stderr).toMatch(
        /checker-a: NOT_WELCOME .*did:key:\w+.* --name checker-a --role verifier/,
      );
      const [did = ""] = /did:key:\w+/.exec(both.stderr.split("checker-a: ")[1] ?? "") ?? [];
      both.child.kill("SIGTERM");
      expect(await both.ended).toMatchObject({ code: 0 });
      const given = await market.start(
        "welcome",
        did,
        ...market.to,
        "--name",
        "checker-a",
        "--role",
        "verifier",
      ).ended;
      writeFileSync(join(market.folder, "checker-a.json"), given.stdout);
      const last = market.start(
        "agent",
        ...args,
        "--from",
        file,
        "--only",
        "checker-a",
        "--welcome",
        market.folder,
      );
      await until("it is here", () => last.stderr.includes("is here"), START_MS);
      expect(last.stderr).toMatch(/^checker-a is here as verifier for sum/);
    },
  );

  test(
    "that are not trusted run in the sandbox, with no sight of keys and data, or not at all",
    { timeout: TIMEOUT_MS },
    async () => {
      const guest = {
        name: "guest",
        role: "both",
        capabilities: ["look"],
        price: "1",
        untrusted: true,
        run: { exec: ["sh", "look.sh"] },
      };
      const judge = { name: "judge", role: "verifier", capabilities: ["look"] };
      chmodSync(market.folder, 0o755); // a root's guest is nobody
      writeFileSync(
        join(market.folder, "look.sh"),
        `cat >/dev/null; printf '{"output": "%s"}' "$(ls keys data 2>/dev/null | tr '\\n' ' ')"\n`,
      );
      writeFileSync(join(market.folder, "pass.sh"), `cat >/dev/null; echo '{"verdict": "pass"}'\n`);
      const module = { ...guest, run: { module: "./guest.ts" } };
      writeFileSync(join(market.folder, "guest.ts"), "export const work = () => ({ output: 1 });");
      const bare = agentsFile([module]);
      const refused = await Promise.all([
        market.start("up", "--data", market.data, "--port", "0", "--agents", bare).ended,
        market.start("agent", "--keys", join(market.folder, "keys"), "--from", bare).ended,
      ]);
      for (const { code, stderr } of refused) {
        expect(code).toBe(2);
        expect(stderr).toMatch(/^SANDBOX_MISSING .*guest.*a module shares/);
      }
      await market.up();
      const file = agentsFile([
        { ...guest, role: "worker" },
        { ...judge, run: { exec: ["sh", "pass.sh"] } },
      ]);
      if (t2State().kind === "absent") {
        const { stderr } = await market.start("agent", ...market.to, "--from", file).ended;
        expect(stderr).toMatch(/^SANDBOX_MISSING .*T2/);
        return;
      }
      const agents = await market.join("keys", 2, "--from", file);
      const { outcome, output } = await requester().run({
        key: "look",
        capability: "look",
        input: 1,
        bounty: "1",
        verifyBounty: "0.1",
      });
      expect([outcome, output], agents.stderr).toEqual(["finalized", "data:  keys: "]);
    },
  );
});

describe("one agent of the command line", () => {
  test("may be a service", { timeout: TIMEOUT_MS }, async () => {
    const asked: string[] = [];
    const service = createServer((request, response) => {
      asked.push(String(request.headers.authorization));
      let text = "";
      request.on("data", (part: Buffer) => (text += part.toString()));
      request.on("end", () => {
        const { input, output } = JSON.parse(text || "{}") as { input?: number; output?: number };
        const answer = output === undefined ? { output: (input ?? 0) + 1 } : { verdict: "pass" };
        response.end(JSON.stringify(answer));
      });
    });
    await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", () => resolve()));
    const { port } = service.address() as AddressInfo;
    process.env["REMOTE_TEST_TOKEN"] = "of-the-service";
    try {
      await market.up();
      const url = `http://127.0.0.1:${port}/work`;
      const http = ["--http", url, "--health", "/health", "--token-env", "REMOTE_TEST_TOKEN"];
      const any = ["--capability", "next", ...http];
      await market.join("keys", 1, "--name", "w", "--price", "0.5", ...any);
      await market.join("keys", 1, "--name", "v", "--role", "verifier", ...any);
      const need = { key: "1", capability: "next", input: 41, bounty: "1", verifyBounty: "0.1" };
      expect(await requester().run(need)).toMatchObject({ outcome: "finalized", output: 42 });
      expect(new Set(asked)).toEqual(new Set(["Bearer of-the-service"]));
    } finally {
      delete process.env["REMOTE_TEST_TOKEN"];
      service.closeAllConnections();
      service.close();
    }
  });

  test.each([
    [["--exec", "--http", "http://127.0.0.1:1"], /one of --exec/],
    [["--http", "ftp://127.0.0.1/"], /not an http or https address/],
    [["--http", "http://127.0.0.1:0/"], /port 0/],
    [["--http", "http://127.0.0.1:1", "--token-env", "NO_SUCH_VARIABLE"], /is not there/],
    [["--health", "/x", "--exec", "sh"], /are of --http/],
    [["--from", "examples/exec/agents.json"], /--from takes all/],
    [["--only", "adder", "--exec", "sh"], /--only chooses/],
  ])("cannot be %j: USAGE", { timeout: TIMEOUT_MS }, async (args, reason) => {
    const name = ["--name", "a", "--capability", "c", "--price", "1"];
    const { code, stderr } = await market.start("agent", ...name, ...args).ended;
    expect([code, stderr]).toEqual([2, expect.stringMatching(reason)]);
    expect(stderr).toMatch(/^USAGE /);
  });

  test("a file is refused line by line, as `run` does", { timeout: TIMEOUT_MS }, async () => {
    const file = agentsFile([{ name: "a", role: "cook", capabilities: ["c"], run: {} }]);
    const { code, stderr } = await market.start("agent", "--from", file).ended;
    expect(code).toBe(2);
    expect(stderr).toMatch(new RegExp(`^${resolve(file)}:1 FIELD_INVALID "role" is "cook"`));
    const missing = await market.start(
      "agent",
      "--from",
      join(ROOT, "examples/exec/agents.json"),
      "--only",
      "nobody",
    ).ended;
    expect(missing.stderr).toMatch(/has no agent nobody; it has adder, careless/);
  });
});
