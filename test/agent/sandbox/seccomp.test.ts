import { describe, expect, it } from "vitest";
import { encode, filterFor, type Instruction } from "#agent/sandbox/seccomp.ts";
import { AUDIT_ARCH, REFUSED_CALLS, type Machine } from "#agent/sandbox/syscalls.ts";

const ALLOWED = "allowed";

/** What the kernel does with the program for one call. */
const judge = (program: readonly Instruction[], words: ReadonlyMap<number, number>): string => {
  let loaded = 0;
  for (let at = 0; at < program.length; at += 1) {
    const { code, ifSo, ifNot, value } = program[at]!;
    if (code === 0x20) loaded = words.get(value) ?? 0;
    else if (code === 0x54) loaded = (loaded & value) >>> 0;
    else if (code === 0x15) at += loaded === value ? ifSo : ifNot;
    else if (code === 0x35) at += loaded >= value ? ifSo : ifNot;
    else if (value === 0x7fff0000) return ALLOWED;
    else if (value === 0x80000000) return "killed";
    else return value % 0x10000 === 1 ? "EPERM" : "ENOSYS";
  }
  return "fell off the end";
};

const call = (machine: Machine, number: number, args: readonly number[] = [], arch?: number) =>
  judge(
    filterFor(machine),
    new Map([
      [0, number],
      [4, arch ?? AUDIT_ARCH[machine]],
      ...args.map((value, n): [number, number] => [16 + 8 * n, value]),
    ]),
  );

describe("the filter of system calls", () => {
  it.each([
    ["read", "x64", 0, [], ALLOWED],
    ["execve", "arm64", 221, [], ALLOWED],
    ["ptrace", "x64", 101, [], "EPERM"],
    ["ptrace", "arm64", 117, [], "EPERM"],
    ["mount", "x64", 165, [], "EPERM"],
    ["unshare", "arm64", 97, [], "EPERM"],
    ["clone3", "x64", 435, [], "ENOSYS"],
    ["clone of a thread", "x64", 56, [0x3d0f00], ALLOWED],
    ["clone with a user namespace", "x64", 56, [0x10000011], "EPERM"],
    ["clone with a mount namespace", "arm64", 220, [0x20011], "EPERM"],
    ["socket AF_INET", "x64", 41, [2], ALLOWED],
    ["socket AF_INET6", "x64", 41, [10], ALLOWED],
    ["socket AF_UNIX", "x64", 41, [1], "EPERM"],
    ["socket AF_VSOCK", "arm64", 198, [40], "EPERM"],
    ["mmap private", "x64", 9, [0, 0, 0, 0x22], ALLOWED],
    ["mmap of a shared file", "x64", 9, [0, 0, 0, 0x01], ALLOWED],
    ["mmap shared and anonymous", "x64", 9, [0, 0, 0, 0x21], "EPERM"],
    ["ioctl TIOCSTI", "x64", 16, [0, 0x5412], "EPERM"],
    ["ioctl of another kind", "x64", 16, [0, 0x5401], ALLOWED],
    ["an x32 number", "x64", 0x40000000 + 1, [], "killed"],
  ] as const)("%s on %s", (_, machine, number, args, answer) => {
    expect(call(machine, number, args)).toBe(answer);
  });

  it("kills the calls of another machine", () => {
    expect(call("x64", 0, [], 0x40000003)).toBe("killed");
    expect(call("arm64", 0, [], AUDIT_ARCH.x64)).toBe("killed");
  });

  it("names no number twice", () => {
    for (const column of [0, 1] as const) {
      const numbers = Object.values(REFUSED_CALLS)
        .map((pair) => pair[column])
        .filter((number) => number >= 0);
      expect(new Set(numbers).size).toBe(numbers.length);
    }
  });

  it("is written as the kernel reads it, and fits its limit", () => {
    const bytes = encode(filterFor("x64"));
    expect([...bytes.subarray(0, 8)]).toEqual([0x20, 0, 0, 0, 4, 0, 0, 0]);
    expect(bytes.length / 8).toBeLessThan(4_096);
    expect([...bytes.subarray(-8)]).toEqual([0x06, 0, 0, 0, 0, 0, 0xff, 0x7f]);
  });
});
