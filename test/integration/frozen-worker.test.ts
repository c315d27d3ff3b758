/** A worker that stands still past its lease comes too late: what it brings then has no effect (P4, P5). */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { readLog, reckon } from "./books.ts";
import { canswarm, summaryOf, until } from "./command.ts";
import { market, module, task, verifier, worker, type MarketFolder } from "./square-market.ts";

/** Leaves word that it has started and answers once it is told to by a file. */
const PATIENT = `
import { existsSync, renameSync, writeFileSync } from "node:fs";
import readline from "node:readline";
const [name] = process.argv.slice(2);
const say = (answer) => console.log(JSON.stringify(answer));
readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, ping, input } = JSON.parse(line);
  if (ping !== undefined) return say({ pong: ping, id });
  writeFileSync(name + ".part", String(process.pid));
  renameSync(name + ".part", name + ".started");
  const watch = setInterval(() => {
    if (!existsSync(name + ".go")) return;
    clearInterval(watch);
    say({ id, output: { square: input.n ** 2 } });
    writeFileSync(name + ".answered", "");
  }, 20);
});
`;

let folder: MarketFolder | undefined;
afterEach(() => folder?.remove());

test(
  "the late COMMIT of a frozen worker is STALE_FENCE, and another finalizes",
  {
    timeout: 90_000,
  },
  async () => {
    const patient = (name: string) => ({
      exec: [process.execPath, "patient.mjs", name],
      mode: "lines",
    });
    const both = { capabilities: ["square", "hold"] };
    // A second need keeps the run open until the frozen worker has spoken.
    folder = market(
      [task(3), task(4, { capability: "hold" })],
      [
        worker("frozen", "1", patient("frozen")),
        worker("other", "2", module),
        worker("holder", "1", patient("holder"), { capabilities: ["hold"] }),
        ...["v1", "v2", "v3"].map((name) => verifier(name, module, both)),
      ],
    );
    folder.write("patient.mjs", PATIENT);
    const at = (name: string): string => join(folder?.folder ?? "", name);
    const shorter = folder.config("{ heartbeatMs: 1_500, leaseDefaultMs: 10_000 }");
    const running = canswarm("run", ...folder.args, ...shorter, "--json");

    await until("the worker works", () => existsSync(at("frozen.started")));
    const pid = Number(readFileSync(at("frozen.started"), "utf8"));
    process.kill(pid, "SIGSTOP");
    await until(
      "another has finalized its need",
      () => /finalized \S+ +t3 /.test(running.stderr),
      40_000,
    );
    folder.write("frozen.go", "");
    process.kill(pid, "SIGCONT");
    await until("the frozen one has answered", () => existsSync(at("frozen.answered")));
    folder.write("holder.go", "");

    const { code, stdout, stderr } = await running.ended;
    expect(code, stderr).toBe(0);
    const summary = summaryOf(stdout);
    expect(summary.tasks).toMatchObject([
      { id: "t3", outcome: "finalized", worker: "other", attempts: 2, output: { square: 9 } },
      { id: "t4", outcome: "finalized", worker: "holder" },
    ]);
    const frozen = summary.agents.find(({ name }) => name === "frozen");
    expect(frozen?.events["COMMIT STALE_FENCE"]).toBe(1);
    const log = readLog(folder.data);
    const books = reckon(log);
    expect(books.wrong).toEqual([]);
    expect(books.earned.get(frozen?.did ?? "")).toBeUndefined();
    expect(
      log.envelopes.filter(({ verb, from }) => verb === "COMMIT" && from === frozen?.did),
    ).toEqual([]);
  },
);
