import { describe, expect, it } from "vitest";
import { beThrifty, type Replaceable } from "#cli/up/thrift.ts";

type Call = Parameters<NonNullable<Replaceable["execve"]>>;

const processOf = (more: Partial<Replaceable>, calls: Call[] = []): Replaceable => ({
  env: { LANG: "C" },
  execPath: "/bin/node",
  execArgv: ["--enable-source-maps"],
  argv: ["/bin/node", "/main.ts", "up", "--port", "0"],
  execve: (...call) => void calls.push(call),
  ...more,
});

describe("a supervisor process", () => {
  it("begins once more as it was, with few arenas and a heap that grows slowly", () => {
    const calls: Call[] = [];
    beThrifty(processOf({}, calls));
    const [args, env] = [calls[0]?.[1], calls[0]?.[2]];
    expect(calls).toHaveLength(1);
    expect(args).toEqual([
      "/bin/node",
      "--heap-growing-percent=40",
      "--max-semi-space-size=8",
      "--enable-source-maps",
      "/main.ts",
      "up",
      "--port",
      "0",
    ]);
    expect(env).toEqual({ LANG: "C", MALLOC_ARENA_MAX: "2" });
  });

  it("goes on where it has begun so already, or was told otherwise", () => {
    const calls: Call[] = [];
    beThrifty(processOf({ env: { MALLOC_ARENA_MAX: "8" } }, calls));
    expect(calls).toEqual([]);
  });

  it("goes on where a process cannot be replaced", () => {
    const { execve: _, ...process } = processOf({});
    expect(() => beThrifty(process)).not.toThrow();
  });
});
