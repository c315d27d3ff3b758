import {
  chmodSync,
  mkdtempSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { compiledFolder } from "#cli/compile-cache.ts";
import { canswarmIn } from "../integration/command.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "canswarm-home-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

it("lies in the user's own cache folder, closed to others", () => {
  const folder = join(home, ".cache", "canswarm", "compiled");
  expect(compiledFolder({ HOME: home })).toBe(folder);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(compiledFolder({ HOME: home })).toBe(folder);
  expect(compiledFolder({ HOME: "/nowhere", XDG_CACHE_HOME: home })).toBe(
    join(home, "canswarm", "compiled"),
  );
  for (const nowhere of ["", ".", "cache"])
    expect(compiledFolder({ HOME: home, XDG_CACHE_HOME: nowhere })).toBe(folder);
});

it.each([
  ["one that others may write to", (ours: string) => (mkdirSync(ours), chmodSync(ours, 0o777))],
  ["a link to somewhere else", (ours: string) => symlinkSync(tmpdir(), ours)],
])("is none where there is %s", (_, plant) => {
  plant(join(home, "canswarm"));
  expect(compiledFolder({ XDG_CACHE_HOME: home })).toBeUndefined();
});

it("is used by a start, and a home that cannot be written to costs the cache alone", async () => {
  const env = { ...process.env };
  delete env["NODE_COMPILE_CACHE"];
  delete env["XDG_CACHE_HOME"];
  const start = (from: string) => canswarmIn({ ...env, HOME: from }, "--version").ended;
  const kept = await start(home);
  expect(readdirSync(join(home, ".cache", "canswarm", "compiled"))).not.toEqual([]);
  expect(await start("/proc/nowhere")).toEqual(kept);
  expect(kept.code).toBe(0);
});
