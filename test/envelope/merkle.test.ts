import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Malformed } from "#envelope/canonical.ts";
import { hex, unhex } from "#envelope/cid.ts";
import {
  consistencyPath,
  inclusionPath,
  leafHash,
  MerkleLog,
  rootFromPath,
  rootOf,
  verifyConsistency,
} from "#envelope/merkle.ts";

/** The leaves and roots that Certificate Transparency implementations test RFC 6962 with. */
const LEAVES = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
].map(unhex);
const ROOTS = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

/** RFC 6962 section 2.1 as it is written, by the largest power of two. */
const twin = (leaves: readonly Uint8Array[]): Buffer => {
  const sha = (...parts: Uint8Array[]) =>
    createHash("sha256").update(Buffer.concat(parts)).digest();
  const [first] = leaves;
  if (first === undefined) return sha();
  if (leaves.length === 1) return sha(Uint8Array.of(0), first);
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return sha(Uint8Array.of(1), twin(leaves.slice(0, split)), twin(leaves.slice(split)));
};

const leavesOf = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, index) => new TextEncoder().encode(`leaf ${index}`));
const size = fc.integer({ min: 1, max: 70 });

describe("a Merkle tree", () => {
  it("has the roots of RFC 6962", () => {
    for (const [count, root] of ROOTS.entries()) {
      expect(hex(rootOf(LEAVES.slice(0, count))), `${count} leaves`).toBe(root);
    }
  });

  it("has the root that the RFC's recursion gives, for every size up to 130", () => {
    const log = new MerkleLog();
    for (let count = 0; count <= 130; count++) {
      const leaves = leavesOf(count);
      const expected = twin(leaves).toString("hex");
      expect(hex(rootOf(leaves))).toBe(expected);
      expect(hex(log.root())).toBe(expected);
      expect(log.size).toBe(count);
      log.append(leafHash(new TextEncoder().encode(`leaf ${count}`)));
    }
  });

  it("hashes leaves around the size of its scratch buffer, whichever came before", () => {
    for (const size of [0, 1, 4_095, 4_096, 4_097, 4_098, 4_096, 33, 4_095]) {
      const leaf = new Uint8Array(size).fill(size % 251);
      const expected = createHash("sha256").update(Uint8Array.of(0)).update(leaf).digest("hex");
      expect(hex(leafHash(leaf)), `${size} bytes`).toBe(expected);
    }
  });

  it("does not confuse leaves larger than its scratch buffer", () => {
    const large = [new Uint8Array(65_536).fill(1), new Uint8Array(100_000).fill(2)];
    expect(hex(rootOf(large))).toBe(twin(large).toString("hex"));
  });

  it("proves each of its leaves by a path of the right length alone", () => {
    for (let count = 1; count <= 40; count++) {
      const leaves = leavesOf(count);
      const root = hex(rootOf(leaves));
      for (const [index, leaf] of leaves.entries()) {
        const path = inclusionPath(leaves, index);
        expect(hex(rootFromPath(leaf, index, count, path) ?? leaf)).toBe(root);
        expect(rootFromPath(leaf, index, count, [...path, leafHash(leaf)])).toBeUndefined();
        if (path.length > 0) {
          expect(rootFromPath(leaf, index, count, path.slice(1))).toBeUndefined();
        }
      }
    }
    expect(() => inclusionPath(leavesOf(3), 3)).toThrow(Malformed);
  });

  it("R2: refuses an index outside of the size and hashes of another length", () => {
    const leaf = new Uint8Array(1);
    for (const [index, count] of [
      [0, 0],
      [1, 1],
      [-1, 1],
      [0.5, 1],
      [0, Number.NaN],
      [0, 2 ** 60],
    ] as const) {
      expect(rootFromPath(leaf, index, count, [])).toBeUndefined();
    }
    expect(rootFromPath(leaf, 0, 2, [new Uint8Array(31)])).toBeUndefined();
  });

  it("does not prove a leaf at another place, or another leaf", () => {
    fc.assert(
      fc.property(size, fc.nat(), fc.nat(), (count, one, other) => {
        const leaves = leavesOf(count);
        const [index, wrong] = [one % count, other % count];
        const path = inclusionPath(leaves, index);
        const leaf = leaves[index] ?? new Uint8Array();
        const root = hex(rootOf(leaves));
        const moved = rootFromPath(leaf, wrong, count, path);
        if (wrong !== index && moved !== undefined) expect(hex(moved)).not.toBe(root);
        const changed = rootFromPath(new Uint8Array([1, 2]), index, count, path);
        expect(hex(changed ?? leaf)).not.toBe(root);
      }),
    );
  });
});

describe("a consistency proof", () => {
  it("shows that every older tree is a prefix of every newer one", () => {
    for (let count = 0; count <= 33; count++) {
      const leaves = leavesOf(count);
      const hashes = leaves.map(leafHash);
      for (let old = 0; old <= count; old++) {
        const path = consistencyPath(hashes, old);
        const [before, after] = [rootOf(leaves.slice(0, old)), rootOf(leaves)];
        expect(verifyConsistency(old, before, count, after, path), `${old} → ${count}`).toBe(true);
      }
    }
    expect(() => consistencyPath([], 1)).toThrow(Malformed);
  });

  it("fails for another history, another size, a missing or changed hash", () => {
    const pairs = fc.tuple(size, fc.nat(), fc.nat(), fc.constantFrom("leaf", "cut", "add", "flip"));
    fc.assert(
      fc.property(pairs, ([count, olds, ats, kind]) => {
        const leaves = leavesOf(count);
        const old = 1 + (olds % count);
        const before = rootOf(leaves.slice(0, old));
        const path = consistencyPath(leaves.map(leafHash), old);
        const rewritten = [...leaves];
        if (kind === "leaf") rewritten[ats % old] = Uint8Array.of(1, 2, 3);
        if (kind === "cut" && path.length > 0) path.splice(ats % path.length, 1);
        else if (kind === "cut" || kind === "add") path.push(before);
        const at = ats % Math.max(1, path.length);
        const hash = path[at];
        if (kind === "flip" && hash === undefined) rewritten.push(Uint8Array.of(9));
        else if (kind === "flip" && hash !== undefined) {
          path[at] = hash.map((byte, index) => (index === 7 ? byte ^ 1 : byte));
        }
        const shown = kind === "leaf" ? consistencyPath(rewritten.map(leafHash), old) : path;
        expect(verifyConsistency(old, before, count, rootOf(rewritten), shown)).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it("takes sizes in order only", () => {
    const root = rootOf([]);
    expect(verifyConsistency(2, root, 1, root, [])).toBe(false);
    expect(verifyConsistency(-1, root, 1, root, [])).toBe(false);
    expect(verifyConsistency(0.5, root, 1, root, [])).toBe(false);
  });
});

describe("a growing log", () => {
  it("goes on from its frontier as if it had never stopped", () => {
    fc.assert(
      fc.property(size, fc.nat({ max: 40 }), (count, more) => {
        const leaves = leavesOf(count + more).map(leafHash);
        const log = new MerkleLog();
        for (const hash of leaves.slice(0, count)) log.append(hash);
        const frontier = structuredClone(log.frontier());
        expect(frontier.roots.length).toBeLessThanOrEqual(Math.ceil(Math.log2(count + 1)));
        const again = new MerkleLog(frontier);
        const clone = log.clone();
        for (const hash of leaves.slice(count)) {
          again.append(hash);
          clone.append(hash);
        }
        expect(hex(again.root())).toBe(hex(rootOf(leavesOf(count + more))));
        expect(hex(clone.root())).toBe(hex(again.root()));
        expect(log.size).toBe(count);
      }),
    );
  });

  it("refuses a frontier that its size does not explain", () => {
    expect(() => new MerkleLog({ size: 3, roots: [new Uint8Array(32)] })).toThrow(Malformed);
    expect(() => new MerkleLog({ size: -1, roots: [] })).toThrow(Malformed);
  });
});
