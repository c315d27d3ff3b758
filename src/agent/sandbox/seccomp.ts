/**
 * The system-call filter of T2: a classic BPF program as `bwrap --seccomp` reads it, assembled here.
 *
 * B1  Another machine's calls (a 32-bit program, the x32 numbers) end the process: their numbers mean
 *     other things.
 * B2  What is not named in syscalls.ts is allowed; what is refused gets EPERM, so that a program can
 *     go on without it.
 * B3  No new namespace, no socket but IPv4 and IPv6 (which end in the guest's own empty network), no
 *     anonymous shared memory, no typing into somebody's terminal.
 */

import {
  AUDIT_ARCH,
  REFUSED_CALLS,
  UNKNOWN_CALLS,
  WEIGHED_CALLS,
  numberOn,
  type Machine,
} from "./syscalls.ts";

// linux/bpf_common.h and linux/filter.h.
const LOAD = 0x20;
const AND = 0x54;
const JUMP_EQUAL = 0x15;
const JUMP_AT_LEAST = 0x35;
const RETURN = 0x06;

// linux/seccomp.h: what is returned, and where `struct seccomp_data` has what.
const ALLOW = 0x7fff0000;
const KILL = 0x80000000;
const ERRNO = 0x00050000;
const NUMBER_AT = 0;
const MACHINE_AT = 4;
const argumentAt = (index: number): number => 16 + 8 * index; // low half; both machines: little end

const EPERM = 1;
const ENOSYS = 38;
/** x86: numbers from here on are those of the x32 machine. */
const X32_FROM = 0x40000000;
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET of linux/sched.h. */
const CLONE_NAMESPACES = 0x7e020000;
const AF_INET = 2;
const AF_INET6 = 10;
/** MAP_SHARED and MAP_ANONYMOUS of mman.h: memory that no limit of a process counts. */
const MAP_SHARED_ANONYMOUS = 0x21;
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;

export interface Instruction {
  readonly code: number;
  /** How many instructions are left out when the comparison holds, and when it does not. */
  readonly ifSo: number;
  readonly ifNot: number;
  readonly value: number;
}

const load = (at: number): Instruction => ({ code: LOAD, ifSo: 0, ifNot: 0, value: at });
const give = (value: number): Instruction => ({ code: RETURN, ifSo: 0, ifNot: 0, value });
const unlessEqual = (value: number, skip: number): Instruction => ({
  code: JUMP_EQUAL,
  ifSo: 0,
  ifNot: skip,
  value,
});

/** `answer` if the loaded word equals `value`. */
const whenEqual = (value: number, answer: number): Instruction[] => [
  unlessEqual(value, 1),
  give(answer),
];

/** For one call: look at an argument, refuse or allow; ends the program for this call. */
const weigh = (number: number, steps: readonly Instruction[]): Instruction[] => [
  unlessEqual(number, steps.length + 1),
  ...steps,
  give(ALLOW),
];

const and = (value: number): Instruction => ({ code: AND, ifSo: 0, ifNot: 0, value });

const weighed = (machine: Machine): Instruction[] => {
  const numberOf = (call: keyof typeof WEIGHED_CALLS): number =>
    numberOn(machine, WEIGHED_CALLS[call])!;
  const refuse = ERRNO | EPERM;
  return [
    ...weigh(numberOf("clone"), [
      load(argumentAt(0)),
      and(CLONE_NAMESPACES),
      { code: JUMP_EQUAL, ifSo: 1, ifNot: 0, value: 0 },
      give(refuse),
    ]),
    ...weigh(numberOf("socket"), [
      load(argumentAt(0)),
      { code: JUMP_EQUAL, ifSo: 2, ifNot: 0, value: AF_INET },
      { code: JUMP_EQUAL, ifSo: 1, ifNot: 0, value: AF_INET6 },
      give(refuse),
    ]),
    ...weigh(numberOf("mmap"), [
      load(argumentAt(3)),
      and(MAP_SHARED_ANONYMOUS),
      ...whenEqual(MAP_SHARED_ANONYMOUS, refuse),
    ]),
    ...weigh(numberOf("ioctl"), [
      load(argumentAt(1)),
      ...whenEqual(TIOCSTI, refuse),
      ...whenEqual(TIOCLINUX, refuse),
    ]),
  ];
};

/** The filter as instructions; `encode` makes bytes of it. */
export const filterFor = (machine: Machine): Instruction[] => {
  const plain = (calls: typeof REFUSED_CALLS, answer: number): Instruction[] =>
    Object.values(calls).flatMap((numbers) => {
      const number = numberOn(machine, numbers);
      return number === undefined ? [] : whenEqual(number, answer);
    });
  return [
    load(MACHINE_AT),
    { code: JUMP_EQUAL, ifSo: 1, ifNot: 0, value: AUDIT_ARCH[machine] },
    give(KILL), // B1
    load(NUMBER_AT),
    ...(machine === "x64"
      ? [{ code: JUMP_AT_LEAST, ifSo: 0, ifNot: 1, value: X32_FROM }, give(KILL)]
      : []),
    ...plain(REFUSED_CALLS, ERRNO | EPERM),
    ...plain(UNKNOWN_CALLS, ERRNO | ENOSYS),
    ...weighed(machine), // B3
    give(ALLOW), // B2
  ];
};

const INSTRUCTION_BYTES = 8;

/** `struct sock_filter[]`: u16 code, u8 jump if true, u8 jump if false, u32 value. */
export const encode = (program: readonly Instruction[]): Uint8Array => {
  const bytes = Buffer.alloc(program.length * INSTRUCTION_BYTES);
  for (const [index, { code, ifSo, ifNot, value }] of program.entries()) {
    const at = index * INSTRUCTION_BYTES;
    bytes.writeUInt16LE(code, at);
    bytes.writeUInt8(ifSo, at + 2);
    bytes.writeUInt8(ifNot, at + 3);
    bytes.writeUInt32LE(value >>> 0, at + 4);
  }
  return bytes;
};

export const machineOf = (arch: string): Machine | undefined =>
  arch === "x64" || arch === "arm64" ? arch : undefined;
