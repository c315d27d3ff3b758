import { describe, expect, it } from "vitest";
import { takeFewArenas, type Replaceable } from "#cli/up/arenas.ts";

type Call = Parameters<NonNullable<Replaceable["execve"]>>;

const processOf = (more: Partial<Replaceable>, calls: Call[] = []): Replaceable => ({
  env: { HOME: "/home/x" },
  execPath: "/bin/node",
  execArgv: ["--enable-source-maps"],
  argv: ["/bin/node", "/main.ts", "up", "--port", "0"],
  report: { getReport: () => ({ header: { glibcVersionRuntime: "2.36" } }) },
  execve: (...call) => void calls.push(call),
  ...more,
});

const callsOf = (more: Partial<Replaceable>): readonly Call[] => {
  const calls: Call[] = [];
  takeFewArenas(processOf(more, calls));
  return calls;
};

describe("a supervisor process", () => {
  it("begins once more as it was, with two arenas", () => {
    expect(callsOf({})).toEqual([
      [
        "/bin/node",
        ["/bin/node", "--enable-source-maps", "/main.ts", "up", "--port", "0"],
        { HOME: "/home/x", MALLOC_ARENA_MAX: "2" },
      ],
    ]);
  });

  it.each<[string, Partial<Replaceable>]>([
    ["has begun so already, or was told otherwise", { env: { MALLOC_ARENA_MAX: "8" } }],
    ["has another C library", { report: { getReport: () => ({ header: {} }) } }],
  ])("goes on where it %s", (_, more) => {
    expect(callsOf(more)).toEqual([]);
  });

  it("goes on where a process cannot be replaced", () => {
    const { execve: _, ...process } = processOf({});
    expect(() => takeFewArenas(process)).not.toThrow();
  });
});
