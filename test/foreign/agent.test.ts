/** An agent in Python that knows the documentation alone: its bytes, and a need that it lives through. */

import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ended } from "../cli/command-line.ts";
import { until as within } from "../integration/command.ts";
import { Market } from "../integration/market-process.ts";

const AGENT = fileURLToPath(new URL("agent.py", import.meta.url));
const VECTORS = fileURLToPath(new URL("../vectors/envelopes.json", import.meta.url));

let market: Market;
const children: ChildProcess[] = [];
beforeEach(() => {
  market = new Market();
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  market.close();
});

interface Foreign {
  readonly child: ChildProcess;
  text: string;
}

const start = (role: string, name: string): Foreign => {
  const files = [join(market.data, "token"), join(market.folder, `${name}.key`)];
  const child = spawn("python3", ["-B", AGENT, role, market.url, ...files, "double"]);
  children.push(child);
  const one: Foreign = { child, text: "" };
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (one.text += text));
  return one;
};

test("its bytes, ids and signatures are the frozen ones", { timeout: 60_000 }, async () => {
  const { code, out, err } = await ended("python3", ["-B", AGENT, "vectors", VECTORS]);
  expect([code, err]).toEqual([0, ""]);
  expect(out).toMatch(/^\d\d envelopes are the same\n$/);
});

test(
  "it posts a need that it signs itself, does it, judges it, and is paid",
  { timeout: 90_000 },
  async () => {
    await market.up();
    const agents = [start("worker", "ada"), start("verifier", "bob")];
    const says = (): string => agents.map(({ text }) => text).join("\n");
    const until = async (holds: () => boolean): Promise<void> =>
      within("it says so", holds, 30_000).catch(() => {
        throw new Error(says());
      });
    await until(() => agents.every(({ text }) => text.includes("here did:key")));
    const poster = start("post", "eve");
    agents.push(poster);
    await until(() => /^need .*\n/m.test(poster.text));
    const [, told = "{}"] = /^need (.*)$/m.exec(poster.text) ?? [];
    expect(JSON.parse(told)).toMatchObject({ outcome: "finalized", output: { twice: 42 } });
    await until(() => agents[0]?.text.includes("ended") === true);
    expect(agents[0]?.text).toContain("ended finalized earned 1000000\n");
    const [bob = ""] = /did:key:\w+/.exec(agents[1]?.text ?? "") ?? [];
    const answer = await fetch(`${market.url}/v1/agents/${bob}`);
    expect(await answer.json()).toMatchObject({ balance: "0.12", staked: "100" });
    expect(says()).not.toMatch(/refused|rejected|cut|Traceback/);
  },
);
