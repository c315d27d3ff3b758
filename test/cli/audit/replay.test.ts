import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DrawBody, EndBody } from "#protocol/bodies.ts";
import { SYSTEM_BUCKET } from "#envelope/cid.ts";
import { openSqlite } from "#adapters/sqlite/open.ts";
import { auditLines } from "#cli/audit/write-file.ts";
import { explainCommittees } from "#cli/audit/committee.ts";
import type { Evidence } from "#cli/audit/evidence.ts";
import { tellNeed } from "#cli/audit/need-story.ts";
import { readAuditFile } from "#cli/audit/read-file.ts";
import { replayEvidence } from "#cli/audit/replay.ts";
import type { Entry } from "#runtime/log/record.ts";
import { canswarm } from "../../integration/command.ts";
import { Forgery, NEEDS, runSmallMarket, sourceOf, type Ran } from "./small-market.ts";

let ran: Ran;
let evidence: Evidence;
let path = "";
beforeAll(async () => {
  ran = await runSmallMarket();
  path = ran.folder.write("audit.jsonl", ran.lines.join(""));
  evidence = await readAuditFile(sourceOf(ran.lines.join("")), path);
}, 60_000);
afterAll(() => ran.folder.remove());

const replayJson = async (...args: string[]): Promise<Record<string, unknown>> => {
  const { code, stdout, stderr } = await canswarm("replay", ...args, "--json").ended;
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Record<string, unknown>;
};

describe("a replay", () => {
  it("of the file alone ends in the state of the run", async () => {
    const { result } = await replayEvidence(evidence);
    expect(result).toMatchObject({
      stateHash: ran.summary.stateHash,
      finalizeBytesEqual: true,
      finalized: NEEDS,
      needs: NEEDS,
      draws: { unproven: 0, false: 0 },
    });
    expect(result.messages.asks).toBeGreaterThan(NEEDS * 3);
    expect(result.messages.answers).toBe(result.messages.asks);
  });

  it("stops where it is told", async () => {
    const { result } = await replayEvidence(evidence, { at: 20 });
    expect(result.entries).toBeGreaterThanOrEqual(20);
    expect(result.stateHash).not.toBe(ran.summary.stateHash);
    const whole = await replayEvidence(evidence);
    expect(result.entries).toBeLessThan(whole.result.entries);
  });

  it("tells a need's life with what caused each end", async () => {
    const told = tellNeed("t2");
    const done = await replayEvidence(evidence, { watch: told.watch });
    const { standing, sentences, need } = told.story(done);
    const text = sentences.join("\n");
    expect(standing).toBe("finalized");
    expect(need).toBe(ran.summary.tasks.find(({ id }) => id === "t2")?.need);
    expect(text).toMatch(
      /Attempt 1 of liar ends rejected, because v\d said fail and v\d said fail/,
    );
    expect(text).toMatch(/honest wins attempt 2 at 2, because v\d approved/);
    expect(text).toMatch(/Attempt 2 of honest ends finalized, .*honest gets 2 \(price\)/);
    expect(() => tellNeed("t99").story(done)).toThrow(/NEED_UNKNOWN|no need t99/);
  });
});

describe("logs that their own operator changed and signed again", () => {
  type Change = (entry: Entry) => Entry;
  const forged = async (change: Change): Promise<Error & { code?: string }> => {
    const forgery = new Forgery(ran.lines);
    for (const [bucket, log] of forgery.logs.entries()) {
      if (bucket === SYSTEM_BUCKET) continue;
      for (const [n, record] of log.entries())
        log[n] = { ...record, entries: record.entries.map(change) };
    }
    const lines = forgery.lines(ran.keys);
    const own = await readAuditFile(sourceOf(lines.join("")), "forged.jsonl");
    return replayEvidence(own).then(
      () => new Error("the replay went through"),
      (error: Error) => error,
    );
  };
  let isDone = false;
  const once =
    (holds: (entry: Entry) => boolean, change: Change): Change =>
    (entry) => {
      if (isDone || !holds(entry)) return entry;
      isDone = true;
      return change(entry);
    };
  const isEnd = (entry: Entry): boolean => entry.kind === "derived" && entry.verb === "FINALIZE";
  const body = (entry: Entry): EndBody => (entry as { body: EndBody }).body;

  it("diverge at another payment, naming bucket, position and line", async () => {
    isDone = false;
    const error = await forged(
      once(isEnd, (entry) => ({
        ...(entry as Extract<Entry, { kind: "derived" }>),
        body: {
          ...body(entry),
          paid: (body(entry).paid ?? []).map((one) => ({ ...one, amount: 7n })),
        },
      })),
    );
    expect(error.code).toBe("REPLAY_DIVERGED");
    expect(error.message).toMatch(
      /^replay of bucket \d+ differs at position \d+: line \d+: FINALIZE follows/,
    );
  });

  it("diverge at an answer that the ledger never gave, though all that follows from it fits", async () => {
    let ledger: number | undefined;
    const error = await forged((entry) => {
      if (entry.kind === "message" && entry.role === "answer") {
        const payload = entry.payload as { kind: string; sequence?: number };
        if (payload.kind !== "posted" || ledger !== undefined) return entry;
        ledger = payload.sequence ?? 0;
        return { ...entry, payload: { ...payload, sequence: ledger + 1_000 } };
      }
      if (entry.kind !== "derived" || ledger === undefined) return entry;
      const end = entry.body as EndBody;
      return end.ledger === ledger ? { ...entry, body: { ...end, ledger: ledger + 1_000 } } : entry;
    });
    expect(ledger).toBeTypeOf("number");
    expect(error.code).toBe("REPLAY_DIVERGED");
    expect(error.message).toMatch(/bucket 256 never gave this answer to ask \d+/);
  });
});

describe("a committee's explanation", () => {
  it("agrees with every seat that the log names", async () => {
    const seats = new Map<string, string[]>();
    await replayEvidence(evidence, {
      watch: ({ entries }) => {
        for (const entry of entries) {
          if (entry.kind !== "derived" || entry.verb !== "DRAW") continue;
          const drawn = entry.body as DrawBody;
          if (drawn.phase === "seated")
            seats.set(
              `${drawn.need}/${drawn.attempt}/${drawn.question}/${drawn.round}`,
              drawn.seats.map(({ agent }) => agent),
            );
        }
      },
    });
    expect(seats.size).toBeGreaterThan(NEEDS * 2);
    const explained = new Map<string, string[]>();
    for (const { id } of ran.summary.tasks) {
      const { need, committees } = await explainCommittees(evidence, id);
      for (const { attempt, question, rounds } of committees)
        for (const { round, agrees, draw, candidates } of rounds) {
          expect({ agrees, draw }).toEqual({ agrees: true, draw: "proven" });
          expect(candidates).toHaveLength(3);
          explained.set(
            `${need}/${attempt}/${question}/${round}`,
            candidates.filter(({ seat }) => seat !== undefined).map(({ did }) => did),
          );
        }
    }
    expect(explained).toEqual(seats);
  });

  it("shows votes, payments and the outcome of both attempts", async () => {
    const { committees } = await explainCommittees(evidence, "t2");
    expect(
      committees.map(({ attempt, question, worker, result, outcome }) => [
        attempt,
        question,
        worker,
        result,
        outcome,
      ]),
    ).toEqual([
      [1, "plan", "liar", "pass", "rejected"],
      [1, "result", "liar", "fail", "rejected"],
      [2, "plan", "honest", "pass", "finalized"],
      [2, "result", "honest", "pass", "finalized"],
    ]);
    const judged = committees[1]?.rounds[0]?.candidates ?? [];
    const failed = judged.filter(({ vote }) => vote === "fail");
    expect(failed.length).toBeGreaterThanOrEqual(2);
    expect(new Set(failed.map(({ paid }) => paid))).toEqual(new Set(["0.5"]));
  });

  it("refuses a need that nobody posted", async () => {
    await expect(explainCommittees(evidence, "t99")).rejects.toMatchObject({
      code: "NEED_UNKNOWN",
    });
  });
});

describe("the commands", () => {
  it("write, verify and explain what was run, with the folder gone", async () => {
    const { data } = ran.folder;
    const audit = await canswarm("audit", data).ended;
    expect(audit).toMatchObject({ code: 0, stdout: ran.lines.join("") });
    const inUse = await openSqlite(data);
    const refused = await canswarm("replay", data).ended;
    await inUse.close();
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toMatch(/^DATA_IN_USE /);
    const fromFolder = await replayJson(data);
    const file = ran.folder.write("second.jsonl", audit.stdout);
    rmSync(join(data, "keys"), { recursive: true });
    await expect(auditLines(data).next()).rejects.toMatchObject({ code: "KEY_MISSING" });
    expect(existsSync(join(data, "keys"))).toBe(false);
    rmSync(data, { recursive: true });
    const fromFile = await replayJson(file);
    expect(fromFile).toEqual(fromFolder);
    expect(fromFile["stateHash"]).toBe(ran.summary.stateHash);
    const shown = await canswarm("committee", "t2", "--data", file).ended;
    expect(shown.code).toBe(0);
    expect(shown.stdout).toMatch(/attempt 2, result of honest/);
  }, 60_000);

  it("refuse what is damaged or missing, with a code", async () => {
    writeFileSync(path, ran.lines.slice(0, -1).join(""));
    const damaged = await canswarm("replay", path, "--json").ended;
    expect(damaged.code).toBe(1);
    const { error } = JSON.parse(damaged.stderr) as { error: { code: string; message: string } };
    expect(error.code).toBe("AUDIT_INVALID");
    expect(error.message).toContain(
      `line ${ran.lines.length}, bucket 256: the file ends before the head of bucket 256`,
    );
    const missing = await canswarm("audit", `${path}.none`).ended;
    expect(missing).toMatchObject({ code: 2, stdout: "" });
    expect(missing.stderr).toMatch(/^DATA_MISSING /);
  }, 60_000);
});
