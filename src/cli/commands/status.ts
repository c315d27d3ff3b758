/** `canswarm status DIR`: needs, agents, money and logs of a folder, replayed from its logs. */

import type { Command } from "commander";
import { hex } from "#envelope/cid.ts";
import { balanceOf, stakeOf } from "#domain/ledger/accounts.ts";
import { total } from "#domain/ledger/conservation.ts";
import { reputationPpm } from "#domain/registry/reputation.ts";
import { formatCredits } from "#protocol/amount.ts";
import { count, milliseconds, palette, styleOf, table, clean } from "../display.ts";
import { CliError } from "../errors.ts";
import { grouped, labelled, WIDTH_PIPED, type TextStyle } from "../summary-text.ts";
import { readOffline, standingOf, type Offline } from "../swarm/offline.ts";

export interface Status {
  readonly swarm: string;
  readonly needs: number;
  /** By outcome, and by stage where a need goes on. */
  readonly standing: Readonly<Record<string, number>>;
  readonly agents: readonly {
    readonly name: string;
    readonly did: string;
    readonly roles: readonly string[];
    /** By the operator: it takes on nothing new. */
    readonly paused: boolean;
    readonly capabilities: readonly string[];
    readonly balance: string;
    readonly staked: string;
    readonly won: number;
    readonly finalized: number;
    /** For its first capability, 0 to 1. */
    readonly reputation: number;
  }[];
  readonly credits: {
    readonly minted: string;
    readonly burned: string;
    readonly escrows: string;
    readonly bonds: string;
    readonly conserved: boolean;
  };
  readonly entries: number;
  /** T of the last record of any bucket, milliseconds. */
  readonly lastMs: number;
  /** Buckets with a log: its size in entries and the hash of its last record. */
  readonly heads: readonly {
    readonly bucket: number;
    readonly size: number;
    readonly hash: string;
  }[];
  readonly stateHash: string;
}

const MILLION = 1_000_000;

export const statusOf = (offline: Offline): Status => {
  const { folder, report, replayed, books, agents } = offline;
  const standing: Record<string, number> = {};
  for (const need of report.needs.keys()) {
    const where = standingOf(offline, need) ?? "closed";
    standing[where] = (standing[where] ?? 0) + 1;
  }
  const states = [...replayed.buckets.values()].filter((state) => state.size > 0);
  return {
    swarm: folder.swarm,
    needs: report.needs.size,
    standing,
    agents: agents.map(({ did, name, roles, paused = false, capabilities, reputation }) => ({
      name,
      did,
      roles,
      paused,
      capabilities,
      balance: formatCredits(books === undefined ? 0n : balanceOf(books, did)),
      staked: formatCredits(books === undefined ? 0n : stakeOf(books, did)),
      won: report.agents.get(did)?.won ?? 0,
      finalized: report.agents.get(did)?.finalized ?? 0,
      reputation: reputationPpm(reputation[capabilities[0] ?? ""]) / MILLION,
    })),
    credits: {
      minted: formatCredits(books?.minted ?? 0n),
      burned: formatCredits(books?.burned ?? 0n),
      escrows: formatCredits(books?.sums.escrows ?? 0n),
      bonds: formatCredits(books?.sums.bonds ?? 0n),
      conserved: books === undefined || total(books) === books.minted,
    },
    entries: replayed.entries,
    lastMs: Math.max(0, ...states.map((state) => state.atMs)),
    heads: states.map(({ bucket, size, hash }) => ({ bucket, size, hash: hex(hash) })),
    stateHash: replayed.stateHash,
  };
};

export const renderStatus = (status: Status, style: TextStyle): string => {
  const colors = palette(style.color);
  const { credits, standing } = status;
  const rows = status.agents.map((agent) => [
    { text: clean(agent.name) },
    { text: [...agent.roles, ...(agent.paused ? ["paused"] : [])].join(", ") },
    { text: agent.won === 0 ? "" : count(agent.won) },
    { text: agent.won === 0 ? "" : count(agent.finalized) },
    { text: grouped(agent.balance) },
    { text: grouped(agent.staked) },
    { text: agent.reputation.toFixed(2) },
  ]);
  const stages = Object.entries(standing)
    .map(([where, n]) => `${count(n)} ${where}`)
    .join(", ");
  const held = [
    `${grouped(credits.escrows)} in escrow`,
    `${grouped(credits.bonds)} in bonds`,
    `${grouped(credits.burned)} burned`,
  ].join(", ");
  const kept = credits.conserved ? colors.good("conserved") : colors.bad("NOT CONSERVED");
  return [
    ...table(
      [
        { title: "agent", align: "left", elastic: true },
        { title: "roles", align: "left" },
        { title: "won", align: "right" },
        { title: "finalized", align: "right" },
        { title: "balance", align: "right" },
        { title: "staked", align: "right" },
        { title: "reputation", align: "right" },
      ],
      rows,
      { width: style.width ?? WIDTH_PIPED, colors },
    ),
    "",
    labelled("swarm", status.swarm),
    labelled("needs", `${count(status.needs)}${stages === "" ? "" : `: ${stages}`}`),
    labelled("credits", `${kept}: ${grouped(credits.minted)} minted`),
    labelled("", held),
    labelled(
      "logs",
      `${count(status.entries)} entries in ${count(status.heads.length)} buckets, log time ${milliseconds(status.lastMs)}`,
    ),
    labelled("state", status.stateHash),
    "",
  ].join("\n");
};

/** The folder may be named either way. */
export const folderOf = (
  argument: string | undefined,
  flags: { readonly data?: string },
  command: string,
): string => {
  const dir = argument ?? flags.data;
  if (dir !== undefined) return dir;
  throw new CliError("USAGE", { reason: "no data folder is named", command });
};

export const addStatus = (program: Command): void => {
  program
    .command("status")
    .summary("show needs, agents, money and logs of a data folder that nobody runs")
    .argument("[dir]", "the data folder")
    .option("--data <dir>", "the same")
    .option("--json", "print one JSON object", false)
    .addHelpText("after", "\nExample:\n  canswarm status ./market")
    .action(async (dir: string | undefined, flags: { data?: string; json: boolean }) => {
      const status = statusOf(await readOffline(folderOf(dir, flags, "status")));
      process.stdout.write(
        flags.json ? `${JSON.stringify(status)}\n` : renderStatus(status, styleOf(process.stdout)),
      );
    });
};
