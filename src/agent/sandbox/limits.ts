/** Every limit of a guest in one place. A caller may shrink or widen one without touching the rest. */

const MEBIBYTE = 1024 * 1024;

export interface GuestLimits {
  /** Wall-clock time of the whole guest. */
  readonly timeMs: number;
  /**
   * Memory: resident bytes of all processes (T2), the engine with the script's heap (T1; 16 MiB at
   * least), the linear memory (T0).
   */
  readonly memoryBytes: number;
  /** Bytes of what it prints or returns. */
  readonly outputBytes: number;
  /** T0: instructions it may take; a loop pays for each round. */
  readonly fuel: bigint;
}

export const GUEST_LIMITS: GuestLimits = {
  timeMs: 10_000,
  memoryBytes: 256 * MEBIBYTE,
  outputBytes: MEBIBYTE,
  fuel: 1_000_000_000n,
};

/** T2: processes and threads at a time; Node takes eleven. */
export const PROCESSES_MAX = 64;
/** T2: bytes of one file, those in the private folder for temporary files included. */
export const FILE_BYTES_MAX = 64 * MEBIBYTE;
/** T2: bytes of all temporary files together. */
export const TMP_BYTES_MAX = 64 * MEBIBYTE;
export const OPEN_FILES_MAX = 256;
/**
 * T2: private writable bytes that one process may map beyond its memory limit. Node alone reserves half
 * a gigabyte for code that it never touches; what is really used is watched from outside.
 */
export const RESERVED_BYTES = 1024 * MEBIBYTE;
/** T2: how often the memory of a guest is measured, ms. */
export const MEMORY_EVERY_MS = 50;

/** T1: bytes of the script's stack. */
export const SCRIPT_STACK_BYTES = 256 * 1024;
/** T1 and T0: how long beyond its time a thread may live before it is ended from outside, ms. */
export const THREAD_GRACE_MS = 200;

/** T0: bytes of a module. */
export const MODULE_BYTES_MAX = MEBIBYTE;
/** T0: entries of a table, and functions. */
export const TABLE_ENTRIES_MAX = 10_000;
export const FUNCTIONS_MAX = 10_000;
/** T0: blocks within blocks. */
export const NESTING_MAX = 200;
