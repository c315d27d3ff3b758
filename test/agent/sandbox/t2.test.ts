import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRunner } from "#agent/runner/create.ts";
import type { Runner } from "#agent/runner/runner.ts";
import { t2State } from "#agent/sandbox/bubblewrap.ts";
import { runUntrusted, type UntrustedRequest } from "#agent/sandbox/run.ts";
import { need } from "../runner/calls.ts";

const state = t2State();
const callOf = (input: number) => ({ kind: "work", need: need(), input }) as const;

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "canswarm-guest-"));
  chmodSync(folder, 0o755); // a guest of root has a user of its own
  mkdirSync(join(folder, "data"));
  writeFileSync(join(folder, "data/key"), "secret");
  writeFileSync(join(folder, "hello.txt"), "hello");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const shell = (code: string, more: object = {}, limits: Parameters<typeof runUntrusted>[1] = {}) =>
  runUntrusted({ tier: "T2", command: ["sh", "-c", code], ...more } as UntrustedRequest, limits);

const whereItIs = (): void => {
  describe("T2, any program", () => {
    it("gives what the program printed from what it was given", async () => {
      expect(await shell("cat; echo end", { stdin: "text " })).toEqual({
        kind: "ok",
        stdout: "text end\n",
      });
    });

    it("has this Node", async () => {
      const outcome = await runUntrusted({
        tier: "T2",
        command: ["node", "-"],
        stdin: "console.log(6 * 7)",
      });
      expect(outcome).toEqual({ kind: "ok", stdout: "42\n" });
    });

    it("tells an exit code with what the program said", async () => {
      const outcome = await shell("echo why >&2; echo out; exit 3");
      expect(outcome).toMatchObject({ kind: "failed", stdout: "out\n" });
      expect(outcome.kind === "failed" ? outcome.detail : "").toMatch(/exit code 3.*why/);
    });

    it("has an empty environment, no open file but three, and the host name of nobody", async () => {
      const outcome = await shell(
        "env | cut -d= -f1 | grep -v SHLVL | sort | tr '\\n' ' '; ls /proc/self/fd; hostname",
      );
      expect(outcome).toMatchObject({ stdout: "HOME LANG PATH PWD 0\n1\n2\n3\nguest\n" });
    });

    it("sees its folder, not what is hidden in it, and can write only temporary files", async () => {
      const seen = await shell("cat hello.txt; ls data; echo x > /tmp/x && cat /tmp/x", {
        cwd: folder,
        hidden: [join(folder, "data")],
      });
      expect(seen).toEqual({ kind: "ok", stdout: "hellox\n" });
      for (const path of ["x", "/x", "/dev/x", "/usr/x", "/proc/x"])
        expect(await shell(`echo x > ${path}`, { cwd: folder }), path).toMatchObject({
          kind: "failed",
        });
    });

    it("is not shown folders in which everything lies, nor a swarm's data", async () => {
      for (const cwd of ["/", "/tmp", join(folder, "data")])
        expect(await shell("true", { cwd, hidden: [join(folder, "data")] })).toMatchObject({
          kind: "failed",
          detail: `${cwd} is no folder that a guest of the sandbox may see`,
        });
    });

    it.each<[string, string, string]>([
      ["time", "sleep 60", "TIME"],
      ["output", "yes", "OUTPUT"],
      ["memory", "node -e 'const a = []; for (;;) a.push(Buffer.alloc(1e7, 1))'", "MEMORY"],
    ])("is stopped by its limit of %s", async (_, code, why) => {
      const limits = { timeMs: why === "TIME" ? 300 : 10_000, memoryBytes: 128 << 20 };
      expect(await shell(code, {}, limits)).toMatchObject({ kind: "stopped", why });
    });
  });

  describe("an agent in the sandbox", () => {
    const using = async <T>(
      code: string,
      mode: "once" | "lines",
      use: (runner: Runner) => Promise<T>,
    ): Promise<T> => {
      writeFileSync(join(folder, "agent.mjs"), code);
      const runner = createRunner(
        {
          kind: "exec",
          command: [process.execPath, "agent.mjs"],
          mode,
          plans: false,
          sandbox: "T2",
        },
        { cwd: folder, hidden: [join(folder, "data")] },
      );
      try {
        return await use(runner);
      } finally {
        await runner.close();
      }
    };
    const LOOK = `
import { readFileSync, readdirSync } from "node:fs";
const look = () => [readFileSync("hello.txt", "utf8"), readdirSync("data").length, process.ppid];`;
    const timeoutMs = 10_000;

    it("answers one call after another as one outside does, and sees no more than it may", async () => {
      const code = `${LOOK}
const { input } = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify({ output: [input, ...look()] }));`;
      await using(code, "once", async (runner) => {
        for (const n of [1, 2]) {
          const result = await runner.call(callOf(n), { timeoutMs });
          expect(result).toMatchObject({
            kind: "ok",
            value: { output: [n, "hello", 0, expect.any(Number)] },
          });
        }
      });
    });

    it("lives on between calls in lines mode, and dies with its runner", async () => {
      const code = `${LOOK}
import { createInterface } from "node:readline";
let calls = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const { id, ping } = JSON.parse(line);
  calls += 1;
  console.log(JSON.stringify(ping === undefined ? { id, output: [calls, ...look()] } : { pong: ping }));
}`;
      const outputs = await using(code, "lines", async (runner) => [
        await runner.call(callOf(1), { timeoutMs }),
        await runner.call(callOf(2), { timeoutMs }),
      ]);
      expect(outputs).toMatchObject([
        { value: { output: [1, "hello", 0, expect.any(Number)] } },
        { value: { output: [2, "hello", 0, expect.any(Number)] } },
      ]);
    });
  });
};

const whereItIsNot = (): void =>
  it("is refused, and says what it lacks", async () => {
    expect(await shell("true")).toMatchObject({
      kind: "absent",
      detail: expect.stringMatching(/./),
    });
  });

// On a fresh machine the setup brings it; on some kernels it cannot be had.
if (state.kind === "ready") whereItIs();
else whereItIsNot();
