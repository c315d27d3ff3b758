/**
 * System calls that no guest of T2 needs, with their numbers on the two machines that are known
 * (Linux: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h).
 */

/** The machines a filter can be made for, by Node's name. */
export type Machine = "x64" | "arm64";

/** [x64, arm64]; -1 where a machine has no such call. */
type Numbers = readonly [x64: number, arm64: number];

/** Refused with EPERM. */
export const REFUSED_CALLS: Readonly<Record<string, Numbers>> = {
  // Looking into other processes, or reaching through them.
  ptrace: [101, 117],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  process_madvise: [440, 440],
  pidfd_getfd: [438, 438],
  kcmp: [312, 272],
  // Mounts, roots and namespaces: the walls themselves.
  mount: [165, 40],
  umount2: [166, 39],
  pivot_root: [155, 41],
  chroot: [161, 51],
  open_tree: [428, 428],
  move_mount: [429, 429],
  fsopen: [430, 430],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fspick: [433, 433],
  mount_setattr: [442, 442],
  unshare: [272, 97],
  setns: [308, 268],
  open_by_handle_at: [304, 265],
  name_to_handle_at: [303, 264],
  // Large parts of the kernel with a history of holes.
  bpf: [321, 280],
  perf_event_open: [298, 241],
  userfaultfd: [323, 282],
  io_uring_setup: [425, 425],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  keyctl: [250, 219],
  add_key: [248, 217],
  request_key: [249, 218],
  fanotify_init: [300, 262],
  lookup_dcookie: [212, 18],
  personality: [135, 92],
  // The machine as a whole.
  kexec_load: [246, 104],
  kexec_file_load: [320, 294],
  init_module: [175, 105],
  finit_module: [313, 273],
  delete_module: [176, 106],
  reboot: [169, 142],
  swapon: [167, 224],
  swapoff: [168, 225],
  acct: [163, 89],
  syslog: [103, 116],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  settimeofday: [164, 170],
  clock_settime: [227, 112],
  clock_adjtime: [305, 266],
  adjtimex: [159, 171],
  iopl: [172, -1],
  ioperm: [173, -1],
  vhangup: [153, 58],
  move_pages: [279, 239],
  migrate_pages: [256, 238],
  // Memory that belongs to no process, so that nobody's resident set shows it.
  memfd_secret: [447, 447],
  shmget: [29, 194],
  shmat: [30, 196],
  msgget: [68, 186],
  semget: [64, 190],
  mq_open: [240, 180],
};

/** Answered as a kernel that does not have them: programs then take the older way, which is filtered. */
export const UNKNOWN_CALLS: Readonly<Record<string, Numbers>> = {
  // Its flags lie in memory, where a filter cannot look.
  clone3: [435, 435],
  memfd_create: [319, 279],
};

/** Allowed by their arguments only. */
export const WEIGHED_CALLS = {
  clone: [56, 220],
  socket: [41, 198],
  mmap: [9, 222],
  ioctl: [16, 29],
} as const satisfies Readonly<Record<string, Numbers>>;

/** AUDIT_ARCH_* of linux/audit.h. */
export const AUDIT_ARCH: Readonly<Record<Machine, number>> = {
  x64: 0xc000003e,
  arm64: 0xc00000b7,
};

export const numberOn = (machine: Machine, numbers: Numbers): number | undefined => {
  const number = numbers[machine === "x64" ? 0 : 1];
  return number < 0 ? undefined : number;
};
