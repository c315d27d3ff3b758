/** A program that costs nothing: the bench measures the swarm, not its agents. */

import type { Answers, Call, CallResult, Runner, RunnerStats } from "#agent/runner/runner.ts";

export class InlineRunner implements Runner {
  #calls = 0;

  async start(): Promise<CallResult<{ bid: boolean; plan: boolean }>> {
    return { kind: "ok", value: { bid: false, plan: false } };
  }

  async call<K extends Call["kind"]>(
    call: Extract<Call, { kind: K }>,
  ): Promise<CallResult<Answers[K]>> {
    this.#calls += 1;
    const value = answer(call) as Answers[K];
    return { kind: "ok", value };
  }

  async close(): Promise<void> {}

  stats(): RunnerStats {
    return { calls: this.#calls, ok: this.#calls, failed: {}, running: 0, queued: 0, restarts: 0 };
  }
}

const answer = (call: Call): Answers[Call["kind"]] => {
  switch (call.kind) {
    case "work":
      return { output: { echo: call.input } };
    case "judge":
    case "plan":
      return { verdict: "pass" };
    case "bid":
      return {};
    default:
      return call satisfies never;
  }
};
