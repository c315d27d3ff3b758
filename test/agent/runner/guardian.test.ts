import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FIXTURES } from "./calls.ts";
import { processesWith, until } from "./until.ts";

/** The holder itself, its persistent program, its one-shot program and that one's child. */
const FAMILY = 4;
let tag: string;

beforeEach(() => (tag = `tag-${randomUUID()}`));
afterEach(() => {
  for (const pid of processesWith(tag)) process.kill(pid, "SIGKILL");
});

const hold = async () => {
  const holder = spawn(process.execPath, [join(FIXTURES, "holder.ts"), tag], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const nextGuardian = async (): Promise<number> => {
    const [printed] = (await once(holder.stdout, "data")) as [Buffer];
    return Number(printed.toString());
  };
  const guardian = await nextGuardian();
  await until(() => processesWith(tag).length >= FAMILY, 10_000);
  return { holder, guardian, nextGuardian };
};

test("the programs of a killed supervisor are gone, stubborn ones and their children too", async () => {
  const { holder } = await hold();
  holder.kill("SIGKILL");
  await until(() => processesWith(tag).length === 0, 5_000);
  expect(processesWith(tag)).toEqual([]);
});

test("a stopped program does not outlive its supervisor either", async () => {
  const { holder } = await hold();
  for (const pid of processesWith(tag)) if (pid !== holder.pid) process.kill(pid, "SIGSTOP");
  holder.kill("SIGKILL");
  await until(() => processesWith(tag).length === 0, 5_000);
});

test("a guardian that was killed is replaced and knows the programs", async () => {
  const { holder, guardian, nextGuardian } = await hold();
  const successor = nextGuardian();
  process.kill(guardian, "SIGKILL");
  expect(await successor).not.toBe(guardian);
  holder.kill("SIGKILL");
  await until(() => processesWith(tag).length === 0, 5_000);
});
