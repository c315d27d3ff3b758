import { chmodSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { t2State } from "#agent/sandbox/bubblewrap.ts";
import { CliError } from "#cli/errors.ts";
import { sandboxed } from "#cli/input/sandbox.ts";
import { codes, makeFolder, task, verifier, worker, type Folder } from "./files.ts";

let folder: Folder;
beforeEach(() => {
  folder = makeFolder();
  chmodSync(folder.write("v.sh", ""), 0o700);
  folder.write("agent.ts", "");
});
afterEach(() => folder.remove());

const read = async (more: object) => {
  const inputs = await folder.read([task("t")], {
    agents: [worker("w", more), verifier("v"), verifier("v2")],
  });
  return inputs.kind === "bad" ? codes(inputs) : inputs.agents;
};

describe("an agent's sandbox", () => {
  it.each<[string, object, object]>([
    ["none by itself", { run: { exec: ["./v.sh"] } }, {}],
    ["T2 if it is untrusted", { run: { exec: ["./v.sh"] }, untrusted: true }, { sandbox: "T2" }],
    [
      "T2 if it says so",
      { run: { exec: ["./v.sh"], mode: "lines", sandbox: "T2" } },
      { sandbox: "T2" },
    ],
    ["none if it says so", { run: { exec: ["./v.sh"], sandbox: "none" }, untrusted: true }, {}],
    [
      "with folders to read",
      { run: { exec: ["./v.sh"], sandbox: "T2", reads: ["/opt/x"] } },
      { sandbox: "T2", reads: ["/opt/x"] },
    ],
  ])("is %s", async (_, more, wanted) => {
    const [agent] = (await read(more)) as unknown as { run: object }[];
    const { sandbox, reads } = agent!.run as { sandbox?: string; reads?: string[] };
    expect({ ...(sandbox && { sandbox }), ...(reads && { reads }) }).toEqual(wanted);
  });

  it.each<[string, object]>([
    ["an unknown tier", { run: { exec: ["./v.sh"], sandbox: "T9" } }],
    ["reads that are no list", { run: { exec: ["./v.sh"], reads: "/opt" } }],
    ["untrusted that is no yes or no", { untrusted: "yes" }],
  ])("is refused: %s", async (_, more) => {
    expect(await read(more)).toEqual(["a.json:1 FIELD_INVALID"]);
  });

  it("of a module is an unknown field", async () => {
    expect(await read({ run: { module: "./agent.ts", sandbox: "T2" } })).toEqual([
      "a.json:1 FIELD_UNKNOWN",
    ]);
  });
});

describe("what is not to run without a sandbox", () => {
  const run = { kind: "exec", command: ["true"], mode: "once", plans: false } as const;
  const refusal = (agent: Parameters<typeof sandboxed>[0][number], allowed = false): string => {
    try {
      sandboxed([agent], allowed);
      return "runs";
    } catch (error) {
      return error instanceof CliError ? `${error.code} ${error.message}` : String(error);
    }
  };

  it("is refused with its reason, unless the command line allows it", () => {
    const bare = { name: "w", untrusted: true, run };
    expect(refusal(bare)).toMatch(/^SANDBOX_MISSING the agent w .* "none"$/);
    expect(refusal(bare, true)).toBe("runs");
    const module = { name: "m", untrusted: true, run: { kind: "module", path: "/x" } } as const;
    expect(refusal(module)).toMatch(/a module shares/);
    expect(refusal({ name: "t", run })).toBe("runs");
  });

  it("is left in its sandbox where there is one, whatever the command line allows", () => {
    const guest = { name: "w", untrusted: true, run: { ...run, sandbox: "T2" as const } };
    const isReady = t2State().kind === "ready";
    expect(refusal(guest)).toMatch(isReady ? /^runs$/ : /^SANDBOX_MISSING .*T2 is missing/);
    const [allowed] = sandboxed([guest], true);
    expect("sandbox" in allowed!.run).toBe(isReady);
  });
});
