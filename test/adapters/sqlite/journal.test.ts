import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, describe, expect, it } from "vitest";
import { connectJournal, openJournal } from "#adapters/sqlite/journal-client.ts";
import { openJournalInThread, SqliteJournalCore } from "#adapters/sqlite/journal.ts";
import type { SqliteThread } from "#adapters/sqlite/open.ts";
import type { Journal } from "#ports/journal.ts";
import { journalContract } from "../../contracts/journal.ts";
import { chainOf, journalRecord, plainRecord, ZERO } from "../../contracts/records.ts";
import { newFolder, powerCut, removeFolder } from "./folder.ts";

/** In this thread. A crash is a copy of the files under the open journal. */
journalContract("SQLite in the thread itself", async () => {
  let dir = newFolder();
  const folders = [dir];
  const opened: Journal[] = [];
  return {
    open: async () => {
      const journal = openJournalInThread(dir);
      opened.push(journal);
      return journal;
    },
    crash: async () => {
      const image = powerCut(dir);
      await opened.at(-1)!.close();
      folders.push((dir = image));
    },
    dispose: async () => {
      for (const journal of opened) await journal.close();
      folders.forEach(removeFolder);
    },
  };
});

/** Through the journal's thread. A crash ends that thread in the middle of whatever it does. */
journalContract("SQLite through its thread", async () => {
  const dir = newFolder();
  const threads: SqliteThread[] = [];
  return {
    open: async () => {
      const thread = await openJournal(dir);
      threads.push(thread);
      return { ...connectJournal(thread.port()), close: () => thread.close() };
    },
    crash: () => threads.at(-1)!.kill(),
    dispose: async () => {
      for (const thread of threads) await thread.kill();
      removeFolder(dir);
    },
  };
});

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
});

const folder = (): string => {
  const dir = newFolder();
  undo.push(() => removeFolder(dir));
  return dir;
};
const opened = (dir: string, pagesMax?: number): Journal => {
  const journal = openJournalInThread(dir, pagesMax === undefined ? {} : { pagesMax });
  undo.push(() => journal.close());
  return journal;
};
/** Another program that meddles with the file. */
const meddle = (dir: string): DatabaseSync => {
  const database = new DatabaseSync(join(dir, "journal.db"));
  undo.push(() => database.isOpen && database.close());
  return database;
};

describe("the journal's folder", () => {
  it("keeps what was acknowledged when its process is killed, and is free then", async () => {
    const dir = folder();
    const script = join(import.meta.dirname, "journal-holder.ts");
    const holder = spawn(process.execPath, [script, dir], { stdio: ["ignore", "pipe", "inherit"] });
    undo.push(() => holder.kill("SIGKILL"));
    const [said] = await once(holder.stdout!, "data");
    expect(String(said)).toBe("acknowledged\n");
    expect(() => opened(dir)).toThrow(`DATA_IN_USE process ${holder.pid} holds the data folder`);
    holder.kill("SIGKILL");
    await once(holder, "exit");
    const [record] = chainOf(1, "kept");
    expect(plainRecord(await opened(dir).get(1, record!.hash))).toEqual(plainRecord(record));
  });

  it("of the version before is opened with its records, and without its snapshots", async () => {
    const dir = folder();
    const [record] = chainOf(1, "kept");
    const journal = opened(dir);
    await journal.append([record!]);
    await journal.close();
    const old = meddle(dir);
    old.exec(`DROP TABLE snapshot_parts; DROP TABLE snapshots;
      CREATE TABLE snapshots (bucket INTEGER PRIMARY KEY, records INTEGER NOT NULL,
        size INTEGER NOT NULL, hash BLOB NOT NULL, bytes BLOB NOT NULL) STRICT;
      INSERT INTO snapshots VALUES (1, 0, 0, zeroblob(32), x'00');
      PRAGMA user_version = 1`);
    old.close();
    const again = opened(dir);
    expect(await again.loadSnapshot(1)).toBeUndefined();
    expect(plainRecord(await again.get(1, record!.hash))).toEqual(plainRecord(record));
  });

  it("written by a newer program, or not a database, is refused and not held afterwards", async () => {
    const dir = folder();
    await opened(dir).close();
    const other = meddle(dir);
    other.exec("PRAGMA user_version = 99");
    other.close();
    expect(() => opened(dir)).toThrow("DATA_TOO_NEW");
    writeFileSync(join(dir, "journal.db"), "not a database, whatever it was before");
    await expect(openJournal(dir)).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    expect(() => opened(dir)).toThrow("STORE_CORRUPT");
  });
});

describe("a record that is damaged", () => {
  it("is refused, and is whole again when it is appended again", async () => {
    const dir = folder();
    const journal = opened(dir);
    const [one, two] = chainOf(1, "one", "two");
    await journal.append([one!, two!]);
    const other = meddle(dir);
    other.prepare("UPDATE journal SET bytes = ? WHERE hash = ?").run(two!.bytes, one!.hash);
    other.close();
    await expect(journal.get(1, one!.hash)).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    await journal.append([one!]);
    expect(plainRecord(await journal.get(1, one!.hash))).toEqual(plainRecord(one));
    expect(plainRecord(await journal.get(1, two!.hash))).toEqual(plainRecord(two));
  });
});

describe("a write that fails", () => {
  it("for want of room keeps none of its records, and can be sent again", async () => {
    const dir = folder();
    const small = opened(dir, 12);
    const [one] = chainOf(1, "fits");
    const large = journalRecord(1, 1, one!.hash, "x".repeat(200_000));
    await expect(small.append([one!, large])).rejects.toMatchObject({ code: "STORE_FULL" });
    expect(await small.get(1, one!.hash)).toBeUndefined();
    await small.append([one!]);
    await small.close();
    const roomy = opened(dir);
    await roomy.append([one!, large]);
    expect(plainRecord(await roomy.get(1, large.hash))).toEqual(plainRecord(large));
  });

  it("for a lock held by another program can be sent again", async () => {
    const dir = folder();
    const journal = opened(dir);
    const records = chainOf(1, "a");
    const other = meddle(dir);
    other.exec("BEGIN IMMEDIATE");
    await expect(journal.append(records)).rejects.toMatchObject({ code: "STORE_BUSY" });
    other.exec("ROLLBACK");
    await expect(journal.append(records)).resolves.toBeUndefined();
  });

  it("for any other reason is the last one", async () => {
    const dir = folder();
    const journal = opened(dir);
    meddle(dir).exec("DROP TABLE journal");
    const failed = { code: "STORE_FAILED" };
    await expect(journal.append(chainOf(1, "a"))).rejects.toMatchObject(failed);
    await expect(journal.get(1, ZERO)).rejects.toMatchObject(failed);
  });
});

it("never gives out bytes that are not the hash's", async () => {
  const dir = folder();
  const journal = opened(dir);
  const [one, two] = chainOf(1, "a", "b");
  await journal.append([one!, two!]);
  meddle(dir).exec("UPDATE journal SET bytes = x'00' WHERE place = 1");
  await expect(journal.get(1, two!.hash)).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  expect(plainRecord(await journal.get(1, one!.hash))).toEqual(plainRecord(one));
  const many = await journal.getMany(1, [one!.hash, two!.hash]);
  expect(many.map(plainRecord)).toEqual([plainRecord(one)]);
  expect(await journal.links(1, two!.hash, 2)).toEqual([]);
  expect(await journal.links(1, one!.hash, 2)).toHaveLength(1);
});

it("takes all appends that wait into one transaction: all of them or none", async () => {
  const dir = folder();
  const core = SqliteJournalCore.open(dir);
  undo.push(() => core.close());
  const changes = chainOf(1, "a", "b").map((one) => ({ kind: "append" as const, records: [one] }));
  expect(core.changeSync(changes)).toEqual([undefined, undefined]);
  const unbound = { bucket: 1, index: 1, hash: ZERO, parent: ZERO };
  const torn = { kind: "append" as const, records: [{ ...unbound, bytes: undefined as never }] };
  const [next] = chainOf(2, "c");
  const faults = core.changeSync([{ kind: "append", records: [next!] }, torn]);
  expect(faults).toMatchObject([{ code: "STORE_FAILED" }, { code: "STORE_FAILED" }]);
  core.close();
  expect(await opened(dir).get(2, next!.hash)).toBeUndefined();
});

it("is asked by many threads at once and keeps their answers apart", async () => {
  const thread = await openJournal(folder());
  undo.push(() => thread.close());
  const journals = Array.from({ length: 4 }, () => connectJournal(thread.port()));
  const chains = journals.map((_, bucket) => chainOf(bucket, ..."abcdefgh"));
  await Promise.all(
    chains.flatMap((chain, at) => chain.map((record) => journals[at]!.append([record]))),
  );
  for (const [at, chain] of chains.entries()) {
    const asked = chain.map(({ bucket, hash }) => journals[3 - at]!.get(bucket, hash));
    expect((await Promise.all(asked)).map(plainRecord)).toEqual(chain.map(plainRecord));
  }
});

it("answers what its thread owed when that was killed: closed", async () => {
  const thread = await openJournal(folder());
  const journal = connectJournal(thread.port());
  const closed = { code: "STORE_CLOSED" };
  const kill = thread.kill();
  await expect(journal.append(chainOf(9, "unanswered"))).rejects.toMatchObject(closed);
  await kill;
  await expect(journal.get(1, ZERO)).rejects.toMatchObject(closed);
});
