import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readAuditFile } from "#cli/audit/read-file.ts";
import {
  fieldsOf,
  Forgery,
  linesOfKind,
  runSmallMarket,
  sourceOf,
  type Ran,
} from "./small-market.ts";

const SCRIPT = fileURLToPath(new URL("../../foreign/verify-audit.mjs", import.meta.url));

let ran: Ran;
beforeAll(async () => {
  ran = await runSmallMarket();
}, 60_000);
afterAll(() => ran.folder.remove());

/** What a process that has nothing of ours says of these lines. */
const foreign = (
  lines: readonly string[],
): Promise<{ readonly code: number; readonly out: string }> =>
  new Promise((resolve) => {
    const path = ran.folder.write("foreign.jsonl", lines.join(""));
    execFile(process.execPath, [SCRIPT, path], (error, out) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, out }),
    );
  });

const changed = (n: number, change: (line: string) => string): string[] =>
  ran.lines.map((line, at) => (at === n ? change(line) : line));

describe("a verifier written from docs/protocol/audit-file.md alone", () => {
  it("accepts a genuine file and counts what we count", async () => {
    const { code, out } = await foreign(ran.lines);
    expect({ code, out: out.slice(0, 1) }).toEqual({ code: 0, out: "{" });
    const { heads, header, signatures, draws } = await readAuditFile(
      sourceOf(ran.lines.join("")),
      "audit.jsonl",
    );
    const { total: _, ...verdicts } = draws;
    expect(JSON.parse(out)).toEqual({
      swarm: header.swarm,
      records: heads.reduce((sum, { records }) => sum + records, 0),
      entries: heads.reduce((sum, { size }) => sum + size, 0),
      signatures,
      draws: verdicts,
      file: fieldsOf(ran.lines.at(-1) ?? "")["file"],
    });
    expect(draws.proven).toBeGreaterThan(8);
  });

  it("refuses a dropped line of every kind", async () => {
    for (const kind of ["header", "record", "head"])
      for (const n of [linesOfKind(ran.lines, kind).at(0), linesOfKind(ran.lines, kind).at(-1)])
        expect(await foreign(ran.lines.toSpliced(n ?? 0, 1))).toMatchObject({ code: 1 });
  });

  it.each<[string, () => string[], string]>([
    [
      "a view that says something else",
      () => {
        const n = ran.lines.findLastIndex((line) => line.includes('"verb":"FINALIZE"'));
        return changed(n, (line) => line.replace(/"amount":"/, '"amount":"9'));
      },
      "the view says something else than the bytes",
    ],
    ["a space", () => changed(3, (line) => line.replace(",", ", ")), "not the one text"],
    [
      "a head that another key signed",
      () => {
        const [a = 0, b = 1] = linesOfKind(ran.lines, "head");
        const { operator } = fieldsOf(ran.lines[b] ?? "");
        return changed(a, (line) =>
          line.replace(/"operator":"[^"]*"/, `"operator":"${String(operator)}"`),
        );
      },
      "the operator did not sign it",
    ],
    [
      "an envelope that its sender did not sign, in a file that the operator signed anew",
      () => {
        const forgery = new Forgery(ran.lines);
        const bucket = forgery.logs.findIndex((log) => log.length > 4);
        const log = forgery.logs[bucket] ?? [];
        const at = log.findIndex(({ entries }) => entries.some(({ kind }) => kind === "envelope"));
        const record = log[at];
        if (record === undefined) throw new Error("no envelope was found");
        const entries = record.entries.map((entry) =>
          entry.kind === "envelope"
            ? { ...entry, signed: { ...entry.signed, signature: new Uint8Array(64).fill(1) } }
            : entry,
        );
        log[at] = { ...record, entries };
        return forgery.lines(ran.keys);
      },
      "an envelope that its sender did not sign",
    ],
  ])("refuses %s", async (_, lines, fault) => {
    const { code, out } = await foreign(lines());
    expect(out).toContain(fault);
    expect(code).toBe(1);
  });
});
