import { spawn } from "node:child_process";
import { hash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { connect } from "#adapters/sqlite/client.ts";
import { GROUP_CHANGES_MAX, GroupCommit } from "#adapters/sqlite/group-commit.ts";
import { openSqlite } from "#adapters/sqlite/open.ts";
import { blocksOver, openInThread } from "#adapters/sqlite/ports.ts";
import {
  SqliteStoreCore,
  type Change,
  type Changed,
  type StoreOptions,
} from "#adapters/sqlite/store.ts";
import type { BucketWrite, Epoch, GivenPart } from "#ports/store.ts";
import { writeOn } from "../../contracts/store.ts";
import { newFolder, removeFolder } from "./folder.ts";

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
});

const folder = (): string => {
  const dir = newFolder();
  undo.push(() => removeFolder(dir));
  return dir;
};
const opened = (dir: string, options?: StoreOptions): SqliteStoreCore => {
  const core = SqliteStoreCore.open(dir, options);
  undo.push(() => core.close());
  return core;
};
const lead = (core: SqliteStoreCore, ...buckets: number[]): Epoch => {
  const [answer] = core.changeSync([{ kind: "lead", buckets }]);
  if (answer?.kind !== "lead") throw new Error("not led");
  return answer.epoch;
};
const commit = (core: SqliteStoreCore, write: BucketWrite): string =>
  core.commitSync([write])[0]!.kind;
/** Another program that meddles with the file. */
const meddle = (dir: string): DatabaseSync => {
  const database = new DatabaseSync(join(dir, "canswarm.db"));
  undo.push(() => database.isOpen && database.close());
  return database;
};

describe("the data folder", () => {
  it("is refused while another process holds it, and free once that is killed", async () => {
    const dir = folder();
    const script = join(import.meta.dirname, "holder.ts");
    const holder = spawn(process.execPath, [script, dir], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    undo.push(() => holder.kill("SIGKILL"));
    const [said] = await once(holder.stdout!, "data");
    expect(String(said)).toBe("committed\n");
    expect(() => opened(dir)).toThrow(`DATA_IN_USE process ${holder.pid} holds the data folder`);
    holder.kill("SIGKILL");
    await once(holder, "exit");
    const core = opened(dir);
    expect(core.read(1, 0, 9).map(String)).toHaveLength(1);
    expect(core.head(1).records).toBe(1);
  });

  it("names the holder and a remedy through the store's thread too", async () => {
    const dir = folder();
    opened(dir);
    const refused = { code: "DATA_IN_USE", remedy: expect.stringContaining("--data") };
    await expect(openSqlite(dir)).rejects.toMatchObject(refused);
  });

  it("written by a newer program is refused", () => {
    const dir = folder();
    opened(dir).close();
    meddle(dir).exec("PRAGMA user_version = 99");
    expect(() => opened(dir)).toThrow("DATA_TOO_NEW");
  });

  it("with a damaged database is refused, and not held afterwards", () => {
    const dir = folder();
    opened(dir).close();
    writeFileSync(join(dir, "canswarm.db"), "not a database, whatever it was before");
    expect(() => opened(dir)).toThrow("STORE_CORRUPT");
    expect(() => opened(dir)).toThrow("STORE_CORRUPT");
  });

  it("loses the half-written blocks of a crash when it is opened", async () => {
    const dir = folder();
    mkdirSync(join(dir, "blocks"));
    writeFileSync(join(dir, "blocks", "7-0.tmp"), "half");
    const ports = openInThread(dir);
    undo.push(() => ports.close());
    expect(readdirSync(join(dir, "blocks"))).toEqual([]);
    const cid = await blocksOver(ports).put(new Uint8Array(70_000), "raw");
    expect(readdirSync(join(dir, "blocks"), { recursive: true })).toEqual([
      cid.slice(-2),
      join(cid.slice(-2), cid),
    ]);
  });
});

describe("a write that fails", () => {
  it("for want of room is answered unknown, whole, and can be sent again", () => {
    const dir = folder();
    const small = opened(dir, { pagesMax: 25 });
    const epoch = lead(small, 1, 2);
    const large = writeOn(small.head(1), epoch, ["x".repeat(200_000)]);
    const fits = writeOn(small.head(2), epoch, ["y"]);
    expect(small.commitSync([fits, large]).map(({ kind }) => kind)).toEqual(["unknown", "unknown"]);
    expect(small.head(2).records).toBe(0);
    expect(commit(small, fits)).toBe("committed");
    expect(small.head(2).records).toBe(1);
    small.close();
    expect(commit(opened(dir), large)).toBe("committed");
  });

  it("for a lock held by another program is answered unknown and can be sent again", () => {
    const dir = folder();
    const core = opened(dir);
    const write = writeOn(core.head(1), lead(core, 1), ["a"]);
    const other = meddle(dir);
    other.exec("BEGIN IMMEDIATE");
    expect(commit(core, write)).toBe("unknown");
    const led = core.changeSync([{ kind: "lead", buckets: [1] }])[0];
    expect(led).toMatchObject({ kind: "failed", error: { code: "STORE_BUSY" } });
    other.exec("ROLLBACK");
    expect(commit(core, write)).toBe("committed");
  });

  it("for any other reason is answered unknown once, and then the store refuses all work", () => {
    const dir = folder();
    const core = opened(dir);
    const write = writeOn(core.head(1), lead(core, 1), ["a"]);
    meddle(dir).exec("DROP TABLE records");
    expect(commit(core, write)).toBe("unknown");
    expect(() => commit(core, write)).toThrow("STORE_FAILED");
    expect(() => core.head(1)).toThrow("STORE_FAILED");
  });
});

describe("reading", () => {
  const chain = () => {
    const dir = folder();
    const core = opened(dir);
    const write = writeOn(core.head(1), lead(core, 1), ["a", "b", "c"]);
    expect(commit(core, write)).toBe("committed");
    return { core, other: meddle(dir), write };
  };

  it.each([
    ["changed bytes", "UPDATE records SET bytes = x'00' WHERE place = 1"],
    ["a broken link", "UPDATE records SET parent = zeroblob(32) WHERE place = 1"],
    ["a missing record", "DELETE FROM records WHERE place = 1"],
    ["a record that is said to follow itself", "UPDATE records SET before = row WHERE place = 1"],
    ["a record of another bucket", "UPDATE records SET bucket = 2 WHERE place = 1"],
    ["a head that the chain does not end in", "UPDATE heads SET hash = zeroblob(32)"],
  ])("tells of %s instead of giving them out", (_, sql) => {
    const { core, other } = chain();
    expect(core.read(1, 0, 9)).toHaveLength(3);
    other.exec(sql);
    expect(() => core.read(1, 0, 9)).toThrow("STORE_CORRUPT");
  });

  /** Commits of up to three records, of two buckets in turn. */
  const commitsOf = (core: SqliteStoreCore, sizes: readonly number[]): string[][] => {
    const written: string[][] = [[], []];
    const epoch = lead(core, 0, 1);
    for (const [at, size] of sizes.entries()) {
      const bucket = at % 2;
      const texts = Array.from({ length: size }, (_, n) => `${bucket}/${at}/${n}`);
      expect(commit(core, writeOn(core.head(bucket), epoch, texts))).toBe("committed");
      written[bucket]?.push(...texts);
    }
    return written;
  };
  const textsOf = (records: readonly Uint8Array[]): string[] =>
    records.map((bytes) => Buffer.from(bytes).toString("utf8").split(" ")[0] ?? "");

  it("gives any part of a chain, wherever its marks are", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 3 }), {
      minLength: 2,
      maxLength: 250,
      size: "max",
    });
    const parts = fc.array(fc.tuple(fc.nat(260), fc.nat(260)), { minLength: 20, maxLength: 20 });
    fc.assert(
      fc.property(sizes, parts, (commits, asked) => {
        const core = opened(folder());
        const written = commitsOf(core, commits);
        for (const [from, count] of asked)
          for (const bucket of [0, 1])
            expect(textsOf(core.read(bucket, from, count))).toEqual(
              written[bucket]?.slice(from, from + count),
            );
        core.close();
      }),
      { numRuns: 10 },
    );
  });

  it.each([1, 2])("opens a folder of version %i, and goes on with its chains", (version) => {
    const dir = folder();
    const core = opened(dir);
    const written = commitsOf(
      core,
      Array.from({ length: 300 }, () => 1),
    );
    core.close();
    const old = meddle(dir);
    old.exec(`DROP TABLE snapshot_parts; DROP TABLE snapshots;
      CREATE TABLE snapshots (bucket INTEGER PRIMARY KEY, records INTEGER NOT NULL,
        size INTEGER NOT NULL, hash BLOB NOT NULL, bytes BLOB NOT NULL) STRICT;
      INSERT INTO snapshots VALUES (0, 0, 0, zeroblob(32), x'00');
      PRAGMA user_version = ${version}`);
    if (version === 1)
      old.exec(`ALTER TABLE records DROP COLUMN before; ALTER TABLE heads DROP COLUMN row;
        DROP INDEX marks; CREATE UNIQUE INDEX records_by_place ON records (bucket, place)`);
    old.close();
    const again = opened(dir);
    expect(again.loadSnapshot(0)).toBeUndefined();
    const more = commitsOf(again, [1, 2]);
    for (const bucket of [0, 1]) {
      const all = [...(written[bucket] ?? []), ...(more[bucket] ?? [])];
      expect(textsOf(again.read(bucket, 0, 1_000))).toEqual(all);
    }
  });

  it("never returns a record beyond the head", () => {
    const { core, other, write } = chain();
    const { hash } = write.head;
    const sql =
      "INSERT INTO records (bucket, place, hash, parent, bytes, before) VALUES (1, 3, ?, ?, ?, 3)";
    other.prepare(sql).run(new Uint8Array(32), hash, Uint8Array.of(1));
    expect(core.read(1, 0, 9)).toHaveLength(3);
    expect(core.read(1, 3, 9)).toEqual([]);
  });
});

describe("a snapshot", () => {
  const part = (text: string) => {
    const bytes = new TextEncoder().encode(text);
    return { hash: hash("sha256", bytes, "buffer"), bytes };
  };
  const snapshotWith = (parts: readonly GivenPart[]) => ({
    kind: "snapshot" as const,
    snapshot: {
      bucket: 0,
      records: 0,
      size: 0,
      hash: new Uint8Array(32),
      bytes: Uint8Array.of(1),
      parts,
    },
  });

  it("leaves no row of a part that none names any more, and is none where one is missing or damaged", () => {
    const dir = folder();
    const core = opened(dir);
    core.changeSync([snapshotWith([part("one"), part("two")])]);
    core.changeSync([snapshotWith([{ ...part("two"), bytes: undefined }, part("three")])]);
    const other = meddle(dir);
    const rows = other.prepare(
      "SELECT CAST(bytes AS TEXT) AS text FROM snapshot_parts ORDER BY row",
    );
    expect(rows.all().map(({ text }) => text)).toEqual(["two", "three"]);
    expect(core.loadSnapshot(0)?.parts).toHaveLength(2);
    other.exec("UPDATE snapshot_parts SET bytes = x'00' WHERE bytes = CAST('two' AS BLOB)");
    expect(core.loadSnapshot(0)).toBeUndefined();
    core.changeSync([snapshotWith([part("two"), part("three")])]);
    expect(core.loadSnapshot(0)?.parts).toHaveLength(2);
    other.exec("DELETE FROM snapshot_parts WHERE bytes = CAST('two' AS BLOB)");
    expect(core.loadSnapshot(0)).toBeUndefined();
  });
});

describe("group commit", () => {
  it("takes all that waits into one transaction, up to its limit", async () => {
    const core = opened(folder());
    const groups: number[] = [];
    const group = new GroupCommit<Change, Changed>({
      changeSync: (changes) => {
        groups.push(changes.length);
        return core.changeSync(changes);
      },
      close: () => core.close(),
    });
    const change = { kind: "lead", buckets: [1] } as const;
    const count = GROUP_CHANGES_MAX + 5;
    const answers = await Promise.all(Array.from({ length: count }, () => group.submit(change)));
    expect(groups).toEqual([GROUP_CHANGES_MAX, 5]);
    const revisions = answers.map((answer) => (answer.kind === "lead" ? answer.epoch.revision : 0));
    expect(revisions).toEqual(Array.from({ length: count }, (_, at) => at + 1));
  });

  it("answers everything handed over before it closes", async () => {
    const core = opened(folder());
    const group = new GroupCommit(core);
    const answer = group.submit({ kind: "lead", buckets: [1] });
    group.close();
    expect(await answer).toMatchObject({ kind: "lead" });
  });
});

describe("the store's thread", () => {
  it("serves many ports at once and keeps their answers apart", async () => {
    const thread = await openSqlite(folder());
    undo.push(() => thread.close());
    const stores = Array.from({ length: 4 }, () => connect(thread.port()));
    const epoch = await stores[0]!.lead(Array.from({ length: 64 }, (_, bucket) => bucket));
    const committed = await Promise.all(
      stores.flatMap((store, at) =>
        Array.from({ length: 16 }, async (_, n) => {
          const bucket = at * 16 + n;
          const [outcome] = await store.commit([
            writeOn(await store.head(bucket), epoch, [`of ${bucket}`]),
          ]);
          return outcome;
        }),
      ),
    );
    expect(committed).toEqual(
      Array.from({ length: 64 }, (_, bucket) => ({ bucket, kind: "committed" })),
    );
    for (const [at, store] of stores.entries()) {
      const [bytes] = await store.read(63 - at, 0, 1);
      expect(new TextDecoder().decode(bytes)).toMatch(`of ${63 - at} after`);
    }
  });

  it("leaves commits unknown and everything else refused when it is killed", async () => {
    const thread = await openSqlite(folder());
    const store = connect(thread.port());
    const write = writeOn(await store.head(1), await store.lead([1]), ["a"]);
    await thread.kill();
    expect(await store.commit([write])).toEqual([{ bucket: 1, kind: "unknown" }]);
    await expect(store.head(1)).rejects.toMatchObject({ code: "STORE_CLOSED" });
  });
});
