/** `canswarm why NEED`: how a need of a running supervisor came to stand where it stands, in sentences. */

import type { Command } from "commander";
import type { NeedEvent } from "#agent/sdk/requester.ts";
import { apiOf, connectOptions, type ConnectFlags } from "../up/connect.ts";
import { Teller } from "../up/told-need.ts";

interface Log {
  readonly need: string;
  readonly bucket: number;
  readonly entries: readonly NeedEvent[];
}

export const addWhy = (program: Command): void => {
  const why = program
    .command("why")
    .summary("tell a need's causes, one sentence an entry, from a running supervisor's log")
    .argument("<need>", "the need's id")
    .option("--json", "print the entries as one JSON object", false)
    .addHelpText(
      "after",
      "\nOf a folder that nobody runs: canswarm replay DIR --need NEED\n" +
        "\nExample:\n  canswarm why bafyrei… --url http://127.0.0.1:7070",
    );
  connectOptions(why).action(async (need: string, flags: ConnectFlags & { json: boolean }) => {
    const api = apiOf(flags);
    const log = await api.get<Log>(`/v1/needs/${encodeURIComponent(need)}/log`);
    if (flags.json) {
      process.stdout.write(`${JSON.stringify(log)}\n`);
      return;
    }
    const teller = await Teller.with(api);
    for (const entry of log.entries) {
      const sentence = teller.tell(entry);
      if (sentence !== undefined) process.stdout.write(`${sentence}\n`);
    }
  });
};
