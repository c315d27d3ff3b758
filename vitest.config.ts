import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that start processes and servers take the longest: begun first, none is left alone at the end. */
const LONG =
  /\/test\/(integration|chaos|foreign)\/|\/test\/(cli\/readme|cli\/joining|sim\/canaries)\./;

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification): boolean => LONG.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

/** Folders whose tests keep nothing outside of themselves: they share what a worker has loaded. */
const SHARED = [
  "actors",
  "domain",
  "envelope",
  "machines",
  "ports",
  "protocol",
  "runtime",
  "scenarios",
  "sim",
  "tidy",
].map((folder) => `test/${folder}/**/*.test.ts`);

export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { name: "shared", include: SHARED, isolate: false } },
      { extends: true, test: { name: "alone", include: ["test/**/*.test.ts"], exclude: SHARED } },
    ],
    globalSetup: ["test/support/bring-tools.ts", "test/support/bring-servers.ts"],
    /** One more than the cores this is sized for: while a file waits for processes, others go on. */
    maxWorkers: 3,
    sequence: { sequencer: LongFirst },
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
