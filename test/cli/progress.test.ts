import { expect, test } from "vitest";
import { Progress, type ProgressEvent } from "#cli/progress.ts";

const makeScreen = (terminal: boolean, columns = 60) => {
  const written: string[] = [];
  return {
    written,
    screen: {
      write: (text: string) => written.push(text),
      isTTY: terminal,
      columns,
    },
  };
};

const ended = (id: string, outcome = "finalized"): ProgressEvent => ({
  kind: "ended",
  id,
  outcome,
  worker: "esbuild",
  attempts: 1,
  latencyMs: 210,
});

/** What a terminal shows after these writes: only the two movements that Progress uses. */
const shown = (written: readonly string[]): string[] => {
  const lines: string[] = [""];
  let row = 0;
  for (const text of written) {
    const moves = /^\u001b\[(\d+)A\r/.exec(text); // oxlint-disable-line no-control-regex
    if (moves !== null) row -= Number(moves[1]);
    lines.length = row;
    const rest = text.replace(/^(\u001b\[\d+A\r)?\u001b\[0J/, ""); // oxlint-disable-line no-control-regex
    lines.push(...rest.split("\n"));
    row = lines.length - 1;
  }
  return lines.slice(0, -1);
};

test("piped, each need is a line, and what went before it shows", () => {
  const { screen, written } = makeScreen(false);
  const progress = new Progress(screen, { total: 12, nowMs: () => 0, color: true });
  progress.on({ kind: "resumed", count: 9 });
  progress.on({ kind: "posted", id: "a.js" });
  progress.on({ ...ended("a.js"), attempts: 2 } as ProgressEvent);
  progress.on({ kind: "note", text: "thread 1 restarted\u0007" });
  progress.on({
    kind: "ended",
    id: "b.js",
    outcome: "refused FUNDS_INSUFFICIENT",
    attempts: 0,
    latencyMs: 3,
  });
  progress.finish();
  expect(written).toEqual([
    "9 ended in an earlier run\n",
    "[10/12] finalized esbuild  a.js  210 ms  attempt 2\n",
    "thread 1 restarted \n",
    "[11/12] refused FUNDS_INSUFFICIENT  b.js  3 ms\n",
  ]);
});

test("on a terminal a long id gives way at its start, what became of it stays", () => {
  const { screen, written } = makeScreen(true);
  const progress = new Progress(screen, { total: 1, nowMs: () => 0, color: false });
  progress.on({ ...ended(`${"folder/".repeat(20)}name.js`), attempts: 2 } as ProgressEvent);
  const line = shown(written)[2] ?? "";
  expect(line).toMatch(/^finalized esbuild  ….*name\.js  210 ms  attempt 2$/);
  expect(line).toHaveLength(59);
});

test("what ended in an earlier run is no speed of this one", () => {
  const { screen, written } = makeScreen(true);
  let nowMs = 0;
  const progress = new Progress(screen, { total: 101, nowMs: () => nowMs, color: false });
  progress.on({ kind: "resumed", count: 100 });
  nowMs = 1_000;
  progress.on(ended("last.js"));
  progress.finish();
  expect(shown(written)[1]).toBe("100 from before, 1 finalized, 0 open, 1.0 needs/s");
});

test("piped, a large run is a line a second and one at the end", () => {
  const { screen, written } = makeScreen(false);
  let nowMs = 0;
  const progress = new Progress(screen, { total: 10_000, nowMs: () => nowMs, color: false });
  for (let n = 0; n < 10_000; n += 1) {
    nowMs = n / 4; // 2.5 s in all
    progress.on({ kind: "posted", id: String(n) });
    progress.on(ended(String(n), n % 10 === 0 ? "rejected" : "finalized"));
  }
  progress.finish();
  expect(written.length).toBe(4);
  expect(written.at(-1)).toBe("1,000 rejected, 9,000 finalized, 0 open, 4000.4 needs/s\n");
});

test("piped, the end of a large run is told before its logs are read", () => {
  const { screen, written } = makeScreen(false);
  let nowMs = 0;
  const progress = new Progress(screen, { total: 101, nowMs: () => nowMs, color: false });
  for (let n = 0; n < 101; n += 1) progress.on(ended(String(n)));
  nowMs = 1_000;
  progress.on({ kind: "reading" });
  nowMs = 20_000;
  progress.finish();
  expect(written.slice(-1)).toEqual([
    "101 finalized, 0 open, 101.0 needs/s\nall have ended: reading their logs\n",
  ]);
});

test("on a terminal one picture is redrawn in place, not faster than the eye", () => {
  const { screen, written } = makeScreen(true);
  let nowMs = 0;
  const progress = new Progress(screen, { total: 500, nowMs: () => nowMs, color: false });
  for (let n = 0; n < 500; n += 1) {
    nowMs += 2; // 1 s in all
    progress.on(ended(`file-${n}.js`));
  }
  progress.finish();
  expect(written.length).toBeLessThan(15);
  const picture = shown(written);
  expect(picture.length).toBe(6);
  expect(picture[0]).toBe(`${"█".repeat(30)} 500/500`);
  expect(picture[1]).toBe("500 finalized, 0 open, 500.0 needs/s");
  expect(picture[5]).toBe("finalized esbuild  file-499.js  210 ms");
});

test("no line is wider than the terminal, colours not counted", () => {
  const { screen, written } = makeScreen(true, 40);
  const progress = new Progress(screen, { total: 1, nowMs: () => 0, color: true });
  progress.on(ended("a/very/long/path/".repeat(5)));
  const painted = /\u001b\[\d+m/g; // oxlint-disable-line no-control-regex
  const visible = shown(written).map((line) => line.replace(painted, ""));
  for (const line of visible) expect(line.length).toBeLessThan(40);
  expect(written.join("")).toContain("\u001b[32mfinalized\u001b[0m");
});
