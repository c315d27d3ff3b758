import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/bring-tools.ts", "test/support/bring-servers.ts"],
    /** Two cores are the machine this is sized for; more workers only make timings worse. */
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
