/**
 * `canswarm bench` of two revisions in alternation, so that whatever else the machine does meets both.
 *
 * Usage: node bench/compare.ts REV_A REV_B [--rounds 5] [--seconds 10] [--json]
 *
 * Each revision is checked out in a temporary folder and runs on the packages of this checkout. Fewer than
 * four rounds can tell nothing apart, and say so.
 */

import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { compare, comparisonText } from "./support/comparison.ts";
import { figuresOf, type Figures } from "./support/history.ts";
import { outputOf } from "./support/processes.ts";
import { note, numberText, tell } from "./support/report.ts";
import { COMPARED_MAX } from "./support/statistics.ts";

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "10" },
    json: { type: "boolean", default: false },
  },
});
const [a, b] = positionals;
const rounds = Number(flags.rounds);
const seconds = Number(flags.seconds);
const isWhole = (value: number): boolean => Number.isInteger(value) && value >= 1;
if (
  a === undefined ||
  b === undefined ||
  positionals.length > 2 ||
  !isWhole(rounds) ||
  rounds > COMPARED_MAX ||
  !isWhole(seconds)
) {
  note(
    "usage: node bench/compare.ts REV_A REV_B, --seconds a whole number above 0, " +
      `--rounds one from 1 to ${COMPARED_MAX}`,
  );
  process.exit(2);
}
/** Fewer than so many on each side cannot get below the chance that is asked for. */
const ROUNDS_TELLING = 4;
if (rounds < ROUNDS_TELLING)
  note(`${rounds} rounds can tell nothing apart; ${ROUNDS_TELLING} or more can`);

const root = fileURLToPath(new URL("../", import.meta.url));
const GIT_MS_MAX = 60_000;
/** Beside the lifecycles: start, enrolment, warm-up, floors. */
const BESIDE_MS_MAX = 120_000;
const git = (...args: readonly string[]): Promise<string> =>
  outputOf("git", ["-C", root, ...args], { timeoutMs: GIT_MS_MAX });

const scratch = mkdtempSync(join(tmpdir(), "canswarm-compare-"));
const checkOut = async (name: string, revision: string): Promise<string> => {
  const dir = join(scratch, name);
  await git("worktree", "add", "--detach", dir, revision);
  symlinkSync(join(root, "node_modules"), join(dir, "node_modules"));
  const lock = "package-lock.json";
  if (readFileSync(join(dir, lock), "utf8") !== readFileSync(join(root, lock), "utf8"))
    note(`${revision} has other packages; it runs on those of this checkout`);
  return dir;
};

const benchIn = async (dir: string): Promise<Figures> => {
  const args = ["src/cli/main.ts", "bench", "--json", "--seconds", String(seconds)];
  const timeoutMs = seconds * 1_000 + BESIDE_MS_MAX;
  const output = await outputOf(process.execPath, args, { cwd: dir, timeoutMs });
  return figuresOf(JSON.parse(output.trim().split("\n").at(-1) ?? "") as Record<string, unknown>);
};

const measured = async (): Promise<readonly [readonly Figures[], readonly Figures[]]> => {
  const sides = [
    { name: "A", dir: await checkOut("a", a), runs: [] as Figures[] },
    { name: "B", dir: await checkOut("b", b), runs: [] as Figures[] },
  ] as const;
  for (let round = 0; round < rounds; round += 1) {
    // A B, B A, …: neither always runs on what the other has warmed up.
    for (const { name, dir, runs } of round % 2 === 0 ? sides : sides.toReversed()) {
      const figures = await benchIn(dir);
      runs.push(figures);
      const rate = numberText(figures["tasksPerSecond"] ?? 0);
      note(`round ${round + 1} of ${rounds}, ${name}: ${rate} needs/s`);
    }
  }
  return [sides[0].runs, sides[1].runs];
};

try {
  const [ofA, ofB] = await measured();
  const compared = compare(ofA, ofB);
  tell({
    bench: "comparison",
    isJson: flags.json,
    text: comparisonText(compared, { a, b, rounds }),
    result: { a, b, rounds, seconds, compared },
  });
} finally {
  for (const name of ["a", "b"])
    // One that was never added cannot be removed; whatever is left the next lines take.
    await git("worktree", "remove", "--force", join(scratch, name)).catch(() => undefined);
  rmSync(scratch, { recursive: true, force: true });
  await git("worktree", "prune");
}
