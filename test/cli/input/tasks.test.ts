import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { formatBadLines } from "#cli/input/bad-line.ts";
import { loadInput } from "#cli/input/tasks.ts";
import { codes, makeFolder, rules, task, TEAM, verifier, worker, type Folder } from "./files.ts";
import { readInputs } from "#cli/input/inputs.ts";

let folder: Folder;
beforeEach(() => (folder = makeFolder()));
afterEach(() => folder.remove());

const sound = async (...args: Parameters<Folder["read"]>) => {
  const inputs = await folder.read(...args);
  if (inputs.kind === "bad") throw new Error(formatBadLines(inputs));
  return inputs;
};

describe("a line of TASKS.jsonl", () => {
  test("is read with its defaults, amounts in micro-credits", async () => {
    const { tasks } = await sound([task("t1")]);
    expect(tasks).toEqual([
      {
        id: "t1",
        capability: "echo",
        input: { kind: "value", value: { n: 1 } },
        bounty: 2_500_000n,
        verifyBounty: 500_000n,
        tier: "small",
        kPlan: undefined,
        kResult: undefined,
        deadlineMs: 60_000,
        line: 1,
      },
    ]);
  });

  test("may end in CRLF, follow a byte order mark, have blank lines around it", async () => {
    const lines = ["", JSON.stringify(task("a")), "  \t", JSON.stringify(task("b")), "", ""];
    const { tasks } = await sound(`\ufeff${lines.join("\r\n")}`);
    expect(tasks.map(({ id, line }) => [id, line])).toEqual([
      ["a", 2],
      ["b", 4],
    ]);
  });

  test("needs no newline at the end of the file", async () => {
    expect((await sound(JSON.stringify(task("a")))).tasks.length).toBe(1);
  });

  test.each(["", "\n\n"])("must be there: a file of %j is refused", async (text) => {
    expect(codes(await folder.read(text))).toEqual(["t.jsonl:1 TASKS_MISSING"]);
  });

  const without = (name: string) =>
    JSON.stringify(Object.fromEntries(Object.entries(task("t")).filter(([key]) => key !== name)));
  test.each<[string, string, string]>([
    ["cut off", '{"id": "t', "NOT_JSON"],
    ["an array", "[1]", "NOT_JSON"],
    ["a number", "7", "NOT_JSON"],
    ["no id", without("id"), "FIELD_MISSING"],
    ["no capability", without("capability"), "FIELD_MISSING"],
    ["no input", without("input"), "FIELD_MISSING"],
    ["no bounty", without("bounty"), "FIELD_MISSING"],
    ["no verifyBounty", without("verifyBounty"), "FIELD_MISSING"],
    ["a misspelt field", JSON.stringify(task("t", { bouty: "1" })), "FIELD_UNKNOWN"],
    ["an empty id", JSON.stringify(task(" ")), "FIELD_INVALID"],
    ["an id with a newline", JSON.stringify(task("a\nb")), "FIELD_INVALID"],
    ["an id that is a number", JSON.stringify(task("t", { id: 7 })), "FIELD_INVALID"],
    ["a long id", JSON.stringify(task("x".repeat(129))), "FIELD_INVALID"],
    ["a number as bounty", JSON.stringify(task("t", { bounty: 2.5 })), "AMOUNT_INVALID"],
    ["a negative bounty", JSON.stringify(task("t", { bounty: "-1" })), "AMOUNT_INVALID"],
    ["a bounty of 7 places", JSON.stringify(task("t", { bounty: "1.0000001" })), "AMOUNT_INVALID"],
    ["an exponent", JSON.stringify(task("t", { bounty: "1e1" })), "AMOUNT_INVALID"],
    ["a bounty of nothing", JSON.stringify(task("t", { bounty: "0.0" })), "AMOUNT_INVALID"],
    [
      "a negative verifyBounty",
      JSON.stringify(task("t", { verifyBounty: "-0" })),
      "AMOUNT_INVALID",
    ],
    ["a bounty above small", JSON.stringify(task("t", { bounty: "50.000001" })), "BOUNTY_CAP"],
    ["an unknown tier", JSON.stringify(task("t", { tier: "huge" })), "FIELD_INVALID"],
    ["kResult 0", JSON.stringify(task("t", { kResult: 0 })), "FIELD_INVALID"],
    ["kPlan 1.5", JSON.stringify(task("t", { kPlan: 1.5 })), "FIELD_INVALID"],
    ["kPlan as text", JSON.stringify(task("t", { kPlan: "1" })), "FIELD_INVALID"],
    ["a deadline of nothing", JSON.stringify(task("t", { deadlineMs: 0 })), "FIELD_INVALID"],
    ["a deadline in years", JSON.stringify(task("t", { deadlineMs: 1e11 })), "FIELD_INVALID"],
    ["no such worker", JSON.stringify(task("t", { capability: "fly" })), "CAPABILITY_UNKNOWN"],
    ["too many judges", JSON.stringify(task("t", { kResult: 3 })), "QUORUM_UNAVAILABLE"],
    ["too many plan judges", JSON.stringify(task("t", { kPlan: 3 })), "QUORUM_UNAVAILABLE"],
    [
      "a tier with more judges",
      JSON.stringify(task("t", { tier: "medium" })),
      "QUORUM_UNAVAILABLE",
    ],
    ["kResult beyond the protocol", JSON.stringify(task("t", { kResult: 6 })), "FIELD_INVALID"],
    ["half a character as id", JSON.stringify(task("\ud800")), "FIELD_INVALID"],
    ["half a character", JSON.stringify(task("t", { input: "\udc00" })), "FIELD_INVALID"],
    ["half a key", JSON.stringify(task("t", { input: { "a\ud800": 1 } })), "FIELD_INVALID"],
    ["half a path", JSON.stringify(task("t", { input: { file: "\ud800" } })), "FIELD_INVALID"],
    [
      "a long capability",
      JSON.stringify(task("t", { capability: "x".repeat(65) })),
      "FIELD_INVALID",
    ],
    [
      "votes beyond all money",
      JSON.stringify(task("t", { verifyBounty: "999999999" })),
      "FUNDS_SHORT",
    ],
    ["no such file", JSON.stringify(task("t", { input: { file: "no.js" } })), "FILE_MISSING"],
    ["a folder as file", JSON.stringify(task("t", { input: { file: "." } })), "FILE_MISSING"],
    [
      "an endless number",
      '{"id":"t","capability":"echo","input":1e999,"bounty":"1","verifyBounty":"1"}',
      "FIELD_INVALID",
    ],
  ])("with %s is refused", async (_, line, code) => {
    const inputs = await folder.read(`${JSON.stringify(task("good"))}\n${line}\n`);
    expect(codes(inputs)).toEqual([`t.jsonl:2 ${code}`]);
  });

  test("with a bounty exactly at the cap passes, in the tier that allows it", async () => {
    await sound([task("t", { bounty: "50" })]);
    const judges = ["a", "b", "c"].map((name) => verifier(name, { stake: "1000" }));
    const agents = { agents: [worker("w"), ...judges] };
    await sound([task("t", { bounty: "1000", tier: "medium" })], agents);
    const poor = { agents: [worker("w"), ...["a", "b", "c"].map((name) => verifier(name))] };
    const inputs = await folder.read([task("t", { bounty: "1000", tier: "medium" })], poor);
    expect(codes(inputs)).toEqual(["t.jsonl:1 QUORUM_UNAVAILABLE"]);
  });

  test("says what to write instead of a number", async () => {
    const inputs = await folder.read([task("t", { bounty: 2.5 })]);
    if (inputs.kind === "ok") throw new Error("it was taken");
    const [bad] = inputs.shown;
    expect(bad).toMatchObject({ line: 1, remedy: 'write it as a string: "2.5"' });
    expect(formatBadLines(inputs)).toBe(
      `${join(folder.path, "t.jsonl")}:1 AMOUNT_INVALID "bounty" is 2.5, which is no amount of ` +
        'credits; write it as a string: "2.5"',
    );
  });
});

describe("the treasury", () => {
  test("is taken from by agents first, then by each task; the line that it ends at is named", async () => {
    const agents = { agents: [worker("w", { credits: "999999000" }), verifier("v")] };
    // 900 are left; a task holds its bounty, 3 or 9 votes at most, and the plan votes.
    const inputs = await folder.read(
      Array.from({ length: 40 }, (_, n) => task(`t${n}`, { bounty: "50" })),
      agents,
    );
    const told = codes(inputs);
    expect(told[0]).toMatch(/^t\.jsonl:1\d FUNDS_SHORT$/);
    expect(told.every((code) => code.endsWith("FUNDS_SHORT"))).toBe(true);
  });

  test("two agents that each could be paid, but not both", async () => {
    const rich = ["a", "b"].map((name) => worker(name, { credits: "600000000" }));
    const inputs = await folder.read([task("t")], { agents: [...rich, verifier("v")] });
    expect(codes(inputs)).toEqual(["a.json:1 FUNDS_SHORT"]);
  });
});

describe("many bad lines", () => {
  test("twenty are shown and all are counted, duplicates by their first line", async () => {
    const lines = Array.from({ length: 30 }, () => task("same"));
    const inputs = await folder.read(lines);
    if (inputs.kind === "ok") throw new Error("it was taken");
    expect(inputs.total).toBe(29);
    expect(codes(inputs)).toEqual(
      Array.from({ length: 20 }, (_, n) => `t.jsonl:${n + 2} DUPLICATE_ID`),
    );
    expect(inputs.shown[0]?.sentence).toContain("line 1");
    expect(formatBadLines(inputs)).toContain("and 9 more bad lines");
  });

  test("of both files are told together; without agents no capability is judged", async () => {
    const inputs = await folder.read([task("t", { bounty: "x" }), task("u")], { agents: [{}] });
    expect(codes(inputs).filter((code) => code.startsWith("t.jsonl"))).toEqual([
      "t.jsonl:1 AMOUNT_INVALID",
    ]);
    expect(codes(inputs).some((code) => code.startsWith("a.json"))).toBe(true);
  });

  test("a missing file is one bad line, and nothing is created", async () => {
    const agents = folder.write("a.json", JSON.stringify(TEAM));
    const inputs = await readInputs({ tasks: join(folder.path, "none", "t.jsonl"), agents }, rules);
    expect(codes(inputs)).toEqual(["t.jsonl:1 FILE_UNREADABLE"]);
    expect(existsSync(join(folder.path, "none"))).toBe(false);
  });
});

describe("sizes and bytes", () => {
  test("a line above 9 MiB is refused and the next one is read", async () => {
    const long = JSON.stringify(task("long", { input: "x".repeat(10 * 1024 * 1024) }));
    const inputs = await folder.read(`${long}\n${JSON.stringify(task("b", { bounty: "x" }))}`);
    expect(codes(inputs)).toEqual(["t.jsonl:1 LINE_TOO_LONG", "t.jsonl:2 AMOUNT_INVALID"]);
  });

  test("an inline input above 8 MiB is refused", async () => {
    const inputs = await folder.read([task("t", { input: "x".repeat(8 * 1024 * 1024) })]);
    expect(codes(inputs)).toEqual(["t.jsonl:1 INPUT_TOO_LARGE"]);
  });

  test.each<[string, number, number, boolean]>([
    ["text of 7 MiB", 7, 0x61, true],
    ["bytes of 5 MiB that are no text", 5, 0xff, true],
    ["bytes of 7 MiB that are no text", 7, 0xff, false],
    ["text of 8 MiB and its path", 8, 0x61, false],
  ])("a file with %s", async (_, mebibytes, byte, taken) => {
    folder.write("big", new Uint8Array(mebibytes * 1024 * 1024).fill(byte));
    const inputs = await folder.read([task("t", { input: { file: "big" } })]);
    expect(codes(inputs)).toEqual(taken ? [] : ["t.jsonl:1 INPUT_TOO_LARGE"]);
  });

  test("a line that is not UTF-8 is refused", async () => {
    const bytes = Buffer.concat([Buffer.from('{"id":"'), Buffer.from([0xff]), Buffer.from('"}')]);
    expect(codes(await folder.read(bytes))).toEqual(["t.jsonl:1 NOT_UTF8"]);
  });

  test("a file reaches the worker as text, or as base64 where it is not UTF-8", async () => {
    folder.write("a.js", "\ufefflet ü = 1;\r\n");
    folder.write("b.bin", new Uint8Array([1, 255]));
    const { tasks } = await sound([
      task("a", { input: { file: "a.js" } }),
      task("b", { input: { file: "./b.bin" } }),
      task("c", { input: { file: "a.js", other: 1 } }),
    ]);
    expect(await Promise.all(tasks.map(({ input }) => loadInput(input)))).toEqual([
      { path: "a.js", text: "\ufefflet ü = 1;\r\n" },
      { path: "./b.bin", base64: "Af8=" },
      { file: "a.js", other: 1 },
    ]);
  });
});

describe("the quorum", () => {
  const reading = (agents: readonly object[], more: object = { kResult: 2 }) =>
    folder.read([task("t", more)], { agents });

  test.each<[string, readonly object[], boolean]>([
    ["two verifiers of other orgs", [worker("w"), verifier("a"), verifier("b")], true],
    ["one verifier", [worker("w"), verifier("a")], false],
    [
      "one of them in the worker's org",
      [worker("w", { org: "x" }), verifier("a", { org: "x" }), verifier("b")],
      false,
    ],
    [
      "a verifier whose org is the worker's name",
      [worker("w"), verifier("a", { org: "w" }), verifier("b")],
      false,
    ],
    [
      "a second worker whom all may judge",
      [worker("w", { org: "x" }), worker("u"), verifier("a", { org: "x" }), verifier("b")],
      true,
    ],
    [
      "agents that do both and judge each other",
      [worker("a", { role: "both" }), worker("b", { role: "both" }), worker("c", { role: "both" })],
      true,
    ],
    [
      "a verifier of another capability",
      [worker("w"), verifier("a"), verifier("b", { capabilities: ["other"] })],
      false,
    ],
    [
      "a verifier in the requester's org",
      [worker("w"), verifier("a"), verifier("b", { org: "requester" })],
      false,
    ],
  ])("of two with %s", async (_, agents, filled) => {
    expect(codes(await reading(agents))).toEqual(filled ? [] : ["t.jsonl:1 QUORUM_UNAVAILABLE"]);
  });

  test("counts each org at most by its share where the swarm asks for diversity", async () => {
    const strict = { ...rules, parameters: { ...rules.parameters, diversityOrgPpm: 300_000 } };
    const read = (orgs: readonly string[]) => {
      const judges = orgs.map((org, n) => verifier(`v${n}`, { org }));
      const tasks = folder.write("t.jsonl", JSON.stringify(task("t", { kResult: 2 })));
      const agents = folder.write("a.json", JSON.stringify({ agents: [worker("w"), ...judges] }));
      return readInputs({ tasks, agents }, strict);
    };
    expect(codes(await read(["x", "x", "x"]))).toEqual(["t.jsonl:1 QUORUM_UNAVAILABLE"]);
    expect(codes(await read(["x", "y"]))).toEqual([]);
  });
});
