import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, it } from "vitest";
import { cidOf, sha256 } from "#envelope/cid.ts";
import { networkParameters } from "#domain/genesis/profiles.ts";
import { finishedIn, removeCopyFile, writeCopyFile } from "#cli/cluster/backup-file.ts";
import { toldError } from "#cli/errors.ts";
import { newGenesis } from "#cli/swarm/folder.ts";

const folder = mkdtempSync(join(tmpdir(), "canswarm-backup-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const NEED = cidOf(Uint8Array.of(1));
const hash = sha256(Uint8Array.of(2));
const head = { bucket: 3, epoch: { generation: 1, revision: 9 }, records: 4, size: 12, hash };
const copy = { generation: 1, heads: [head], decides: [[3, `${NEED}/1`]] as const };
const backup = { cluster: "market", copy, blocks: [NEED] };

let made = 0;
let dir = "";
let genesis = new Uint8Array();
let path = "";
beforeEach(() => {
  dir = join(folder, String((made += 1)));
  mkdirSync(dir);
  genesis = new Uint8Array(newGenesis(dir, { name: "s", parameters: networkParameters, nowMs: 1 }));
  writeFileSync(join(dir, "genesis.cbor"), genesis);
  writeCopyFile(dir, backup);
  path = join(dir, "backup.json");
});

const told = () => {
  try {
    finishedIn(dir, "market");
  } catch (error) {
    return toldError(error);
  }
  return undefined;
};

it("what is written is read again, with the genesis beside it", () => {
  expect(finishedIn(dir, "market")).toEqual({ ...backup, genesis });
});

it("a folder is no backup while its file is away, nor one of another cluster", () => {
  expect(() => finishedIn(dir, "other")).toThrow("no finished backup of the cluster other");
  removeCopyFile(dir);
  expect(told()).toMatchObject({ code: "BACKUP_MISSING", exitCode: 2 });
});

type Changed = (file: Record<string, unknown>) => unknown;
const row = { ...head, hash: "00".repeat(32) };

it.each<[string, string, Changed]>([
  ["no object", "expected object", () => null],
  ["another version", "version", (file) => ({ ...file, version: 2 })],
  ["no heads", "heads", ({ heads: _, ...file }) => file],
  [
    "a head of no bucket",
    "heads.0.bucket",
    (file) => ({ ...file, heads: [{ ...row, bucket: 257 }] }),
  ],
  [
    "a head without an epoch",
    "heads.0.epoch",
    (file) => ({ ...file, heads: [{ ...row, epoch: 1 }] }),
  ],
  ["a head of no hash", "heads.0.hash", (file) => ({ ...file, heads: [{ ...row, hash: "zz" }] })],
  ["two heads of a bucket", "a bucket has two heads", (file) => ({ ...file, heads: [row, row] })],
  ["no decide", "decides.0", (file) => ({ ...file, decides: [3] })],
  ["a generation of text", "generation", (file) => ({ ...file, generation: "1" })],
  ["a block of nobody", "blocks.0: it names no block", (file) => ({ ...file, blocks: ["../x"] })],
])("one with %s is refused in one sentence that says where", (_, reason, changed) => {
  const file = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  writeFileSync(path, JSON.stringify(changed(file)));
  expect(told()).toMatchObject({
    code: "BACKUP_INVALID",
    exitCode: 2,
    message: expect.stringContaining(reason) as string,
  });
});

it("one that was cut off is refused, and so is its genesis", () => {
  const text = readFileSync(path, "utf8");
  writeFileSync(path, text.slice(0, text.length / 2));
  expect(told()?.message).toMatch(
    /^the backup's file .*backup\.json cannot be used: it is cut off/,
  );
  writeFileSync(path, text);
  writeFileSync(join(dir, "genesis.cbor"), genesis.slice(0, 40));
  expect(told()).toMatchObject({ code: "BACKUP_INVALID" });
});
