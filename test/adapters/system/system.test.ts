import { setTimeout as sleep } from "node:timers/promises";
import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "#adapters/system/clock.ts";
import { openKeys } from "#adapters/system/keys.ts";
import { systemRng } from "#adapters/system/rng.ts";
import { clockContract } from "../../contracts/clock.ts";
import { rngContract } from "../../contracts/rng.ts";
import { newFolder, removeFolder } from "../sqlite/folder.ts";

clockContract("this machine", async () => ({
  clock: systemClock(),
  pass: (ms) => sleep(ms), // a real clock passes only by waiting
  dispose: async () => {},
}));
rngContract("this machine", { make: systemRng, seeded: false });

const folders: string[] = [];
afterEach(() => folders.splice(0).forEach(removeFolder));
const keysFolder = (): string => {
  const dir = newFolder();
  folders.push(dir);
  return join(dir, "keys");
};

describe("keys by name", () => {
  it("are made once and stay, for their owner's eyes only", () => {
    const dir = keysFolder();
    const seed = openKeys(dir, systemRng()).seed("requester");
    expect(seed).toHaveLength(32);
    expect(openKeys(dir, systemRng()).seed("requester")).toEqual(seed);
    expect(openKeys(dir, systemRng()).seed("other")).not.toEqual(seed);
    expect(readdirSync(dir).toSorted()).toEqual(["other", "requester"]);
    expect(statSync(join(dir, "requester")).mode & 0o777).toBe(0o600);
  });

  it("of any two names are two files inside the folder", () => {
    const dir = keysFolder();
    const keys = openKeys(dir, systemRng());
    const odd = fc.constantFrom("..", ".", "a/b", "A", "a", "_61", "ä", "a b", "\0", "CON", "../a");
    const names = fc.oneof(odd, fc.string({ minLength: 1, maxLength: 10 }));
    fc.assert(
      fc.property(fc.uniqueArray(names, { minLength: 2, maxLength: 3 }), (list) => {
        const seeds = list.map((name) => Buffer.from(keys.seed(name)).toString("hex"));
        // A name is its UTF-8 bytes: lone surrogates have none of their own.
        const distinct = new Set(list.map((name) => name.toWellFormed()));
        expect(new Set(seeds).size).toBe(distinct.size);
      }),
      { numRuns: 40 },
    );
    expect(readdirSync(join(dir, ".."))).toEqual(["keys"]);
  });

  it("are not replaced by whoever comes second", () => {
    const dir = keysFolder();
    const first = openKeys(dir, systemRng());
    let seed: Uint8Array | undefined;
    const rng = systemRng();
    // The rival writes the key between this one's look and its own write.
    const racing = {
      ...rng,
      bytes: (count: number) => {
        seed ??= first.seed("same");
        return rng.bytes(count);
      },
    };
    expect(openKeys(dir, racing).seed("same")).toEqual(seed);
    expect(readdirSync(dir)).toEqual(["same"]);
  });

  it("are refused if the file was damaged, and if the name is no name", () => {
    const dir = keysFolder();
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, "broken"), "abc");
    const keys = openKeys(dir, systemRng());
    expect(() => keys.seed("broken")).toThrow("STORE_CORRUPT");
    expect(() => keys.seed("")).toThrow(RangeError);
    expect(() => keys.seed("x".repeat(81))).toThrow(RangeError);
    expect(keys.seed("€".repeat(26))).toHaveLength(32);
  });
});
