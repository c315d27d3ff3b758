import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { stopOnSignals } from "#cli/swarm/stop.ts";

const stoppable = (close: () => Promise<void>) => {
  const ends: number[] = [];
  const said: string[] = [];
  const wakes: (() => void)[] = [];
  const process = Object.assign(new EventEmitter(), { exit: (code: number) => ends.push(code) });
  const stopping = stopOnSignals({
    process: process as never,
    say: (signal) => said.push(signal),
    close,
    after: (_delayMs, wake) => wakes.push(wake),
  });
  return { process, ends, said, wakes, stopping };
};
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
])("%s is said once and ends with %i when everything is closed", async (signal, code) => {
  const { process, ends, said, stopping } = stoppable(() => Promise.resolve());
  expect(stopping.isStopping()).toBe(false);
  process.emit(signal, signal);
  expect([ends, said, stopping.isStopping()]).toEqual([[], [signal], true]);
  await settled();
  expect(ends).toEqual([code]);
});

test("what cannot be closed does not keep the process", async () => {
  const { process, ends, wakes } = stoppable(() => new Promise(() => {}));
  process.emit("SIGINT", "SIGINT");
  await settled();
  expect(ends).toEqual([]);
  for (const wake of wakes) wake();
  expect(ends).toEqual([130]);
});

test("a second signal ends it at once, a failed closing too", async () => {
  const hanging = stoppable(() => new Promise(() => {}));
  hanging.process.emit("SIGINT", "SIGINT");
  hanging.process.emit("SIGTERM", "SIGTERM");
  expect([hanging.ends, hanging.said]).toEqual([[143], ["SIGINT"]]);
  const failing = stoppable(() => Promise.reject(new Error("the store is gone")));
  failing.process.emit("SIGINT", "SIGINT");
  await settled();
  expect(failing.ends).toEqual([130]);
});

test("after the run signals are nobody's here", () => {
  const { process, stopping, said } = stoppable(() => Promise.resolve());
  stopping.release();
  process.emit("SIGINT", "SIGINT");
  expect(said).toEqual([]);
});
