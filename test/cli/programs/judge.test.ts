import { describe, expect, it } from "vitest";
import { judgeProgram } from "#cli/programs/judge.ts";
import { SAMPLE } from "#cli/programs/sample.ts";
import { programOf } from "#cli/programs/tasks.ts";

const work = {
  tests: "console.assert(twice(1) === 2); console.assert(twice(4) === 8);",
  entryPoint: "twice",
  declaration: "const twice = (n) => {\n",
};
const judge = (code: string, more: Partial<typeof work> = {}, timeMs?: number) =>
  judgeProgram({ ...work, ...more, code }, timeMs);

const WRONG = "const twice = (n) => 2;";

describe("a program", () => {
  it("passes when every test that was run holds", async () => {
    expect(await judge("const twice = (n) => 2 * n;")).toEqual({
      verdict: "pass",
      reason: "2 tests passed in the sandbox (T1)",
    });
  });

  it.each<[string, string, string]>([
    ["is wrong once", WRONG, "1 of 2 tests failed"],
    [
      "throws",
      'const twice = () => { throw new RangeError("no") };',
      "it threw: Error: RangeError: no",
    ],
    ["is no program", "const twice = (", "it threw: Error: SyntaxError"],
    ["lacks the function", "const thrice = (n) => 3 * n;", "it threw: Error: ReferenceError"],
    ["gives a function", "const twice = () => () => 2;", "it threw: Error: TypeError: a function"],
    ["gives a circle", "const twice = () => { const a = []; a.push(a); return a; };", "it threw"],
    ["throws nothing", "const twice = () => { throw undefined };", "it threw: Error: nothing"],
    ["gives a promise", "const twice = async (n) => 2 * n;", "2 of 2 tests failed"],
    ["wants a module", 'const twice = (n) => require("node:fs") && 2 * n;', "it threw"],
  ])("fails when it %s", async (_, code, reason) => {
    const judgement = await judge(code);
    expect(judgement.verdict).toBe("fail");
    expect(judgement.reason).toContain(reason);
  });

  it("fails when nothing is tested", async () => {
    expect(await judge("const twice = 1;", { tests: "twice;" })).toMatchObject({
      verdict: "fail",
      reason: "no test was run",
    });
  });

  it("may use what stands beside it in the declaration, as the tests may", async () => {
    const declaration = "const one = (n) => n;\nconst twice = (n) => {\n";
    const more = { declaration, tests: "console.assert(twice(one(2)) === 4)" };
    expect(await judge(`${declaration}return one(n) + n; }`, more)).toMatchObject({
      verdict: "pass",
    });
    // The tests' own is the requester's, whatever the program calls by that name.
    const own = "const one = () => 0; const twice = () => 0;";
    expect(await judge(own, more)).toMatchObject({ verdict: "fail" });
  });

  it.each<[string, string, string]>([
    ["loops", "const twice = () => { for (;;); };", "TIME"],
    ["loops before it is called", "for (;;); const twice = 1;", "TIME"],
  ])("is stopped when it %s", async (_, code, why) => {
    const judgement = await judge(code, {}, 300);
    expect(judgement.verdict).toBe("fail");
    expect(judgement.reason).toContain(`it was stopped: ${why}`);
  });

  it("fails when it wants all memory or answers without end", async () => {
    const hog = "const twice = () => { const a = []; for (;;) a.push(new ArrayBuffer(1e6)); };";
    expect(await judge(hog)).toMatchObject({ verdict: "fail" });
    expect(await judge('const twice = () => "x".repeat(2e6);')).toMatchObject({
      verdict: "fail",
      reason: "it threw: Error: the answer is too long",
    });
  });
});

describe("a program that cheats its tests", () => {
  it.each<[string, string]>([
    ["closes the function around it", `${WRONG} } return { ran: 1, failed: 0 }; {`],
    ["returns first", `return { ran: 1, failed: 0 };`],
    [
      "silences assertions",
      `console.assert = () => {}; globalThis.console = { assert() {} }; ${WRONG}`,
    ],
    [
      "rewrites JSON",
      `JSON.stringify = () => '{"ran":1,"failed":0}'; JSON.parse = () => 2; ${WRONG}`,
    ],
    [
      "has every object told as a good verdict",
      `Object.prototype.toJSON = () => ({ ran: 1, failed: 0 }); ${WRONG}`,
    ],
    ["numbers that equal all", `${WRONG} const twice2 = 0; Number.prototype.valueOf = () => 8;`],
    [
      "rewrites the function that makes functions",
      `globalThis.Function = () => () => {}; ${WRONG}`,
    ],
    [
      "rewrites what calls it",
      `Array.prototype.map = () => []; Function.prototype.call = () => 2; ${WRONG}`,
    ],
    [
      "looks up its callers",
      "const twice = function () { return arguments.callee.caller.arguments[0]; };",
    ],
    [
      "makes exceptions look well",
      `Error.prototype.toString = () => "ok"; const twice = () => { throw { name: {}, message: 1 } };`,
    ],
    ["asks in turn", 'const twice = (n) => ask("[1]");'],
    ["answers with what is no value", `JSON.stringify = () => '{"t":"verdict"}'; ${WRONG}`],
    ["answers with a text that is no value", `JSON.stringify = () => "2 || true"; ${WRONG}`],
    [
      "poisons prototypes by an answer",
      `JSON.stringify = () => '{"t":"object","v":[["__proto__",{"t":"object","v":[["ran",1]]}]]}'; ${WRONG}`,
    ],
    [
      "counts down the failures later",
      `${WRONG} Promise.resolve().then(() => { failed = 0; ran = 1; });`,
    ],
  ])("gets nothing for it when it %s", async (_, code) => {
    expect((await judge(code)).verdict).toBe("fail");
  });
});

it.each(SAMPLE.map((task) => [task.id, task] as const))(
  "tells right from wrong in %s",
  async (_, task) => {
    const judged = await Promise.all(
      (["right", "buggy"] as const).map((which) =>
        judgeProgram({ ...task, code: programOf(task, which) }),
      ),
    );
    expect(judged.map(({ verdict }) => verdict)).toEqual(["pass", "fail"]);
  },
);
