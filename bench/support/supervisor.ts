/** `canswarm up` in a process of its own, its agents square numbers: for benches over HTTP. */

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { request, type Agent } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const module = fileURLToPath(new URL("agent.mjs", import.meta.url));
const PAGE_BYTES = 4_096;

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly ms: number;
}

export interface Asked {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Supervised {
  readonly url: string;
  readonly token: string;
  readonly data: string;
  /** One request over `keep`, with the operator's token. */
  readonly ask: (keep: Agent, asked: Asked) => Promise<Answer>;
  /** Resident bytes of the supervisor and everything below it. */
  readonly residentBytes: () => number;
  readonly stop: () => Promise<void>;
}

const agent = (name: string, role: string): object => ({
  name,
  role,
  capabilities: ["square"],
  ...(role === "worker" ? { price: "1", credits: "10000000" } : { stake: "10000000" }),
  run: { module },
});

/** Two workers and three verifiers, with enough stake and credits for everything that comes. */
export const supervised = async (): Promise<Supervised> => {
  const folder = mkdtempSync(join(tmpdir(), "canswarm-bench-"));
  const agents = [
    ...["w1", "w2"].map((name) => agent(name, "worker")),
    ...["v1", "v2", "v3"].map((name) => agent(name, "verifier")),
  ];
  writeFileSync(join(folder, "agents.json"), JSON.stringify({ agents }));
  const data = join(folder, "data");
  const args = [`${root}src/cli/main.ts`, "up", "--data", data, "--port", "0", "--json"];
  const child = spawn(process.execPath, [...args, "--agents", join(folder, "agents.json")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  const { url } = await new Promise<{ url: string }>((resolve) =>
    child.stdout.once("data", (line: Buffer) => resolve(JSON.parse(line.toString()))),
  );
  const token = readFileSync(join(data, "token"), "utf8").trim();
  const { hostname, port } = new URL(url);
  return {
    url,
    token,
    data,
    ask: (keep, { method, path, body, headers }) =>
      new Promise((resolve, reject) => {
        const startedMs = performance.now();
        const sent = request(
          {
            hostname,
            port,
            method,
            path,
            agent: keep,
            headers: {
              authorization: `Bearer ${token}`,
              ...(body === undefined
                ? {}
                : {
                    "content-type": "application/json",
                    "content-length": Buffer.byteLength(body),
                  }),
              ...headers,
            },
          },
          (answer) => {
            let text = "";
            answer.setEncoding("utf8").on("data", (part: string) => (text += part));
            answer.on("end", () => {
              const ms = performance.now() - startedMs;
              resolve({ status: answer.statusCode ?? 0, body: text, ms });
            });
          },
        );
        sent.on("error", reject);
        sent.end(body);
      }),
    residentBytes: () => residentBytes(child.pid ?? 0),
    stop: async () => {
      child.kill("SIGTERM");
      await new Promise((resolve) => child.once("exit", resolve));
      process.off("exit", kill);
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

const residentBytes = (root: number): number => {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
    } catch {
      // It has ended meanwhile.
    }
  }
  const isBelow = (pid: number): boolean => {
    for (let at: number | undefined = pid; at !== undefined && at > 1; at = parents.get(at))
      if (at === root) return true;
    return false;
  };
  let pages = 0;
  for (const pid of parents.keys()) {
    if (!isBelow(pid)) continue;
    try {
      pages += Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
    } catch {
      // It has ended meanwhile.
    }
  }
  return pages * PAGE_BYTES;
};

/** So many lanes, each taking the next number until there is none. */
export const lanes = (
  count: number,
  total: number,
  run: (n: number) => Promise<void>,
): Promise<unknown> => {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < total) await run(next++);
  };
  return Promise.all(Array.from({ length: count }, lane));
};

export const round = (value: number): number => Math.round(value * 10) / 10;
