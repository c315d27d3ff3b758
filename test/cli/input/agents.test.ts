import fc from "fast-check";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { formatAmount, parseAmount } from "#cli/input/amount.ts";
import { parseLocated } from "#cli/input/located-json.ts";
import { codes, makeFolder, task, TEAM, verifier, worker, type Folder } from "./files.ts";

let folder: Folder;
beforeEach(() => (folder = makeFolder()));
afterEach(() => folder.remove());

describe("AGENTS.json", () => {
  test("is read with its defaults: a missing org is the agent's name", async () => {
    folder.write("agent.ts", "");
    chmodSync(folder.write("v.sh", ""), 0o700);
    const inputs = await folder.read([task("t")], {
      agents: [
        worker("w", { stake: "20", credits: "5.000001", etaMs: 9, org: "o", region: "eu" }),
        verifier("v", { run: { exec: ["./v.sh"], mode: "lines", plans: true } }),
        { name: "m", role: "both", capabilities: ["a", "a"], run: { module: "./agent.ts" } },
      ],
    });
    if (inputs.kind === "bad") throw new Error(codes(inputs).join());
    expect(inputs.folder).toBe(folder.path);
    expect(inputs.agents).toMatchObject([
      {
        name: "w",
        org: "o",
        region: "eu",
        stake: 20_000_000n,
        credits: 5_000_001n,
        etaMs: 9,
        run: { kind: "exec", command: ["node", "work.mjs"], mode: "once", plans: false },
      },
      { org: "v", stake: undefined, run: { command: ["./v.sh"], mode: "lines", plans: true } },
      {
        price: undefined,
        etaMs: 1_000,
        capabilities: ["a"],
        run: { kind: "module", path: join(folder.path, "agent.ts") },
      },
    ]);
  });

  test.each<[string, object, string]>([
    ["no name", worker("w", { name: undefined }), "FIELD_MISSING"],
    ["a name that is a path", worker("../w"), "FIELD_INVALID"],
    ["the requester's name", worker("requester"), "FIELD_INVALID"],
    ["an unknown role", worker("w", { role: "boss" }), "FIELD_INVALID"],
    ["no capabilities", worker("w", { capabilities: [] }), "FIELD_INVALID"],
    ["a capability that is empty", worker("w", { capabilities: ["echo", ""] }), "FIELD_INVALID"],
    ["a worker without a price", worker("w", { price: undefined }), "FIELD_MISSING"],
    ["a price as number", worker("w", { price: 1 }), "AMOUNT_INVALID"],
    ["a stake as number", worker("w", { stake: 100 }), "AMOUNT_INVALID"],
    ["negative credits", worker("w", { credits: "-5" }), "AMOUNT_INVALID"],
    ["an eta of 0", worker("w", { etaMs: 0 }), "FIELD_INVALID"],
    ["a label that is no text", worker("w", { org: 5 }), "FIELD_INVALID"],
    ["an unknown field", worker("w", { roles: ["worker"] }), "FIELD_UNKNOWN"],
    ["no run", worker("w", { run: undefined }), "FIELD_MISSING"],
    ["an empty run", worker("w", { run: {} }), "AGENT_INVALID"],
    ["two ways to run", worker("w", { run: { exec: ["a"], module: "b" } }), "AGENT_INVALID"],
    ["a shell line", worker("w", { run: { exec: "node solve.mjs" } }), "AGENT_INVALID"],
    ["an empty command", worker("w", { run: { exec: [] } }), "AGENT_INVALID"],
    ["a number in the command", worker("w", { run: { exec: ["a", 1] } }), "AGENT_INVALID"],
    ["a program that is nowhere", worker("w", { run: { exec: ["no-such"] } }), "PROGRAM_MISSING"],
    ["a path to no program", worker("w", { run: { exec: ["./no.sh"] } }), "PROGRAM_MISSING"],
    ["half a character as org", worker("w", { org: "\ud800" }), "FIELD_INVALID"],
    ["half a character as name", worker("\ud800"), "FIELD_INVALID"],
    ["a capability of 65", worker("w", { capabilities: ["x".repeat(65)] }), "FIELD_INVALID"],
    ["a capability of words", worker("w", { capabilities: ["a b"] }), "FIELD_INVALID"],
    [
      "65 capabilities",
      worker("w", { capabilities: Array.from({ length: 65 }, (_, n) => `c${n}`) }),
      "TOO_MANY",
    ],
    ["more credits than there are", worker("w", { credits: "1000000001" }), "FUNDS_SHORT"],
    ["an unknown mode", worker("w", { run: { exec: ["node"], mode: "fast" } }), "FIELD_INVALID"],
    [
      "a mode beside a module",
      worker("w", { run: { module: "./m.ts", mode: "lines" } }),
      "FIELD_UNKNOWN",
    ],
    ["a module that is not there", worker("w", { run: { module: "./no.ts" } }), "FILE_MISSING"],
    ["an address that is none", worker("w", { run: { http: "127.0.0.1" } }), "FIELD_INVALID"],
    ["a stake below the pool", verifier("v", { stake: "99.999999" }), "AGENT_INVALID"],
  ])("with %s is refused at the agent's line", async (_, agent, code) => {
    folder.write("m.ts", "");
    const text = `{"agents": [\n${JSON.stringify(worker("first"))},\n${JSON.stringify(agent)}\n]}`;
    expect(codes(await folder.read([task("t")], text))).toEqual([`a.json:3 ${code}`]);
  });

  test("names every wrong field at its own line", async () => {
    const text = JSON.stringify({ agents: [worker("a", { price: 1, etaMs: -1 })] }, null, 1);
    expect(codes(await folder.read([task("t")], text))).toEqual([
      "a.json:9 AMOUNT_INVALID",
      `a.json:${text.split("\n").findIndex((line) => line.includes("etaMs")) + 1} FIELD_INVALID`,
    ]);
  });

  test("with a name twice is refused", async () => {
    const inputs = await folder.read([task("t")], { agents: [...TEAM.agents, worker("v1")] });
    expect(codes(inputs)).toEqual(["a.json:1 DUPLICATE_NAME"]);
  });

  test.each<[string, string]>([
    ["[]", "a.json:1 FIELD_MISSING"],
    ['{"agents": 5}', "a.json:1 FIELD_MISSING"],
    ['{"agents": [],\n"more": 1}', "a.json:2 FIELD_UNKNOWN"],
    ['{"agents": [\n  {"name": "a",\n   role: 1}\n]}', "a.json:3 NOT_JSON"],
    ['{"agents": [\n', "a.json:1 NOT_JSON"],
    ["", "a.json:1 NOT_JSON"],
    ['{"agents": [\n7]}', "a.json:2 AGENT_INVALID"],
  ])("as %j is refused", async (text, code) => {
    expect(codes(await folder.read([task("t")], text))).toEqual([code]);
  });
});

describe("JSON with lines", () => {
  test("finds each member where it stands, for any value and indentation", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.nat({ max: 3 }), (value, indent) => {
        const text = JSON.stringify({ a: [1, value, { marker: true }] }, null, indent);
        const located = parseLocated(text);
        if (located.kind === "bad") throw new Error(located.sentence);
        expect(located.value).toEqual(JSON.parse(text));
        const lines = text.split("\n");
        expect(lines[located.lineOf("a", 2, "marker") - 1]).toContain("true");
      }),
    );
  });

  test("agrees with JSON.parse about what is JSON", () => {
    const cut = fc.tuple(fc.json(), fc.nat(), fc.constantFrom("", ",", "}", '"', "0", "x", "\n"));
    fc.assert(
      fc.property(cut, ([json, at, insert]) => {
        const place = at % (json.length + 1);
        const text = json.slice(0, place) + insert + json.slice(place);
        let valid = true;
        try {
          JSON.parse(text);
        } catch {
          valid = false;
        }
        const located = parseLocated(text);
        expect(located.kind).toBe(valid ? "ok" : "bad");
        if (located.kind === "bad") expect(located.sentence).toMatch(/^where /);
      }),
    );
  });
});

describe("amounts", () => {
  test("survive being written and read", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 18n }), (amount) => {
        expect(parseAmount(formatAmount(amount))).toBe(amount);
      }),
    );
  });

  test.each(["", "1.", ".5", "01", "+1", "-1", "1e3", "1,5", " 1", "0x1", "1.1234567", "Infinity"])(
    "%j is none",
    (text) => expect(parseAmount(text)).toBeUndefined(),
  );

  test("end at what a genesis can mint", () => {
    expect(parseAmount("1000000000000")).toBe(10n ** 18n);
    expect(parseAmount("1000000000000.000001")).toBeUndefined();
  });
});
