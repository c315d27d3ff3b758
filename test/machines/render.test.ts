import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createMachine } from "xstate";
import { MACHINES } from "#machines/catalogue.ts";
import { machineJson, machineMermaid } from "#machines/render.ts";
import { machinesPage } from "../../scripts/machine-pages.ts";
import { edgesOf, nodesOf } from "./walk.ts";

/** What a Mermaid state diagram says; throws on a line that is none. */
const read = (text: string) => {
  const states = new Map<string, string>();
  const edges: { from: string; to: string; label: string }[] = [];
  const open: string[] = [];
  const [head, ...lines] = text.trimEnd().split("\n");
  expect(head).toBe("stateDiagram-v2");
  for (const line of lines.map((one) => one.trim())) {
    const state = /^state "([\w-]+)" as (\w+)$/.exec(line);
    const composite = /^state (\w+) \{$/.exec(line);
    const edge = /^(\w+|\[\*\]) --> (\w+|\[\*\])(?: : ([\w ]+(?: \[\w+\])?))?$/.exec(line);
    if (state !== null) states.set(state[2]!, state[1]!);
    else if (composite !== null) open.push(composite[1]!);
    else if (edge !== null) edges.push({ from: edge[1]!, to: edge[2]!, label: edge[3] ?? "" });
    else if (line === "}") expect(open.pop()).toBeDefined();
    else throw new Error(`not Mermaid: ${line}`);
  }
  expect(open).toEqual([]);
  return { states, edges };
};

describe.each(Object.entries(MACHINES))("%s", (name, machine) => {
  it("as Mermaid has each state once and each transition", () => {
    const { states, edges } = read(machineMermaid(machine));
    expect([...states.values()].toSorted()).toEqual(
      nodesOf(machine)
        .map(({ key }) => key)
        .toSorted(),
    );
    const ends = edges.flatMap(({ from, to }) => [from, to]).filter((id) => id !== "[*]");
    for (const id of ends) expect(states.has(id), id).toBe(true);
    expect(edges.filter(({ label }) => label !== "")).toHaveLength(edgesOf(machine).length);
  });

  it("as JSON is the literal: the same machine can be made from it", () => {
    const json = machineJson(machine) as Parameters<typeof createMachine>[0];
    expect(json).toMatchObject({ id: name, version: machine.version });
    const again = createMachine(json);
    expect(edgesOf(again)).toEqual(edgesOf(machine));
    expect(JSON.stringify(machineJson(again))).toBe(JSON.stringify(json));
  });
});

describe("a picture", () => {
  it("shows delays, guards and eventless edges by name", () => {
    const { edges } = read(machineMermaid(MACHINES["auction"]!));
    expect(edges).toContainEqual({
      from: "auction_open",
      to: "auction_backoff",
      label: "after windowTime [mayReopen]",
    });
    expect(edges).toContainEqual({
      from: "auction_open",
      to: "auction_ranking",
      label: "always [haveAllBid]",
    });
    expect(edges).toContainEqual({ from: "auction_ranked", to: "[*]", label: "" });
    expect(edges[0]).toEqual({ from: "[*]", to: "auction_open", label: "" });
  });

  it("of the page is that of the code: run `npm run docs`", async () => {
    const page = new URL("../../docs/internals/machines.md", import.meta.url);
    expect(readFileSync(page, "utf8")).toBe(await machinesPage());
  });
});
