/**
 * Where execution enters the checkout. A file of src that none of these reaches is dead. Threads need
 * no line here: whoever starts one names it by `import.meta.resolve`, and that counts as reaching it.
 */
export const ROOTS: readonly string[] = [
  "src/cli/main.ts",
  "src/agent/index.ts",
  "supervisor.config.ts",
  // The portable reference that the other suites are compared with.
  "src/envelope/signature/noble.ts",
  // Of a cluster: no command is composed of it yet.
  "src/adapters/nats/bus.ts",
  "src/adapters/nats/stream.ts",
  "src/adapters/sqlite/journal-client.ts",
  "src/adapters/etcd/consensus.ts",
];

/**
 * Folders whose every file is an entry of its own: agents are started by their path, and the simulated
 * world is a product of its own that tests enter.
 */
export const ROOT_FOLDERS: readonly string[] = [
  "bench",
  "scripts",
  "src/cli/demo/agents",
  "src/cli/programs/agents",
  "src/sim/world",
];
