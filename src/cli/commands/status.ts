/** `canswarm status DIR`: needs, agents, money and logs of a folder, replayed from its logs. */

import type { Command } from "commander";
import { hex } from "#envelope/cid.ts";
import { balanceOf, stakeOf } from "#domain/ledger/accounts.ts";
import { total } from "#domain/ledger/conservation.ts";
import { reputationPpm } from "#domain/registry/reputation.ts";
import { formatCredits } from "#protocol/amount.ts";
import { count, milliseconds, palette, styleOf, table, clean } from "../display.ts";
import { grouped, labelled, WIDTH_PIPED, type TextStyle } from "../summary-text.ts";
import { readOffline, standingOf, type Offline } from "../swarm/offline.ts";
import { apiOf, connectOptions, type ConnectFlags } from "../up/connect.ts";
import { renderLive, type LiveAgent, type LiveStatus } from "../up/live-status.ts";

export interface Status {
  readonly swarm: string;
  readonly needs: number;
  /** By outcome, and by stage where a need goes on. */
  readonly standing: Readonly<Record<string, number>>;
  readonly agents: readonly {
    readonly name: string;
    readonly did: string;
    readonly roles: readonly string[];
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
    agents: agents.map(({ did, name, roles, capabilities, reputation }) => ({
      name,
      did,
      roles,
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
    { text: agent.roles.join(", ") },
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

interface StatusFlags extends ConnectFlags {
  readonly json: boolean;
}

/** Of a running supervisor, where no folder is named. */
const statusOver = async (flags: StatusFlags): Promise<string> => {
  const api = apiOf(flags);
  const status = await api.get<LiveStatus>("/v1/status");
  const { agents } = await api.get<{ readonly agents: readonly LiveAgent[] }>("/v1/agents");
  return flags.json
    ? `${JSON.stringify({ ...status, agents })}\n`
    : renderLive(status, agents, styleOf(process.stdout));
};

export const addStatus = (program: Command): void => {
  const status = program
    .command("status")
    .summary("show a running supervisor; or needs, agents, money and logs of a folder at rest")
    .argument("[dir]", "a data folder that nobody runs; --data alone says the same")
    .option("--json", "print one JSON object", false)
    .addHelpText(
      "after",
      "\nExample:\n  canswarm status ./market\n  canswarm status --url http://127.0.0.1:7070",
    );
  connectOptions(status).action(async (dir: string | undefined, flags: StatusFlags) => {
    const named = (option: string): boolean => status.getOptionValueSource(option) === "cli";
    const folder = dir ?? (named("data") && !named("url") ? flags.data : undefined);
    if (folder === undefined) {
      process.stdout.write(await statusOver(flags));
      return;
    }
    const told = statusOf(await readOffline(folder));
    process.stdout.write(
      flags.json ? `${JSON.stringify(told)}\n` : renderStatus(told, styleOf(process.stdout)),
    );
  });
};
