/** `canswarm limits`: what may be committed in a running swarm: shows it, or sets it. */

import type { Command } from "commander";
import { clean, palette, styleOf, table } from "../display.ts";
import { CliError } from "../errors.ts";
import { grouped, WIDTH_PIPED, type TextStyle } from "../summary-text.ts";
import { askSupervisor } from "../swarm/control-client.ts";
import type { ControlRequest, LimitTold } from "../swarm/control-requests.ts";

interface Flags {
  readonly data: string;
  readonly json: boolean;
  readonly owner?: string;
  readonly each: boolean;
  readonly need?: string;
  readonly day?: string;
  readonly minute?: string;
  readonly perMinute?: string;
  readonly none: boolean;
}

const usage = (reason: string): CliError => new CliError("USAGE", { reason, command: "limits" });

type Limit = Extract<ControlRequest, { do: "limit" }>;

const ofWhom = (agent: string | undefined, { owner, each }: Flags): Limit["of"] | undefined => {
  const named: Limit["of"][] = [
    ...(agent === undefined ? [] : [{ agent }]),
    ...(owner === undefined ? [] : [{ owner }]),
    ...(each ? [{ each: true } as const] : []),
  ];
  if (named.length > 1) throw usage("name one agent, --owner or --each");
  return named[0];
};

const limitsOf = ({ need, day, minute, perMinute }: Flags): Limit["limits"] => {
  if (perMinute !== undefined && !/^\d{1,7}$/.test(perMinute))
    throw usage(`--per-minute takes a whole number, not ${perMinute}`);
  return {
    ...(need === undefined ? {} : { need }),
    ...(day === undefined ? {} : { day }),
    ...(minute === undefined ? {} : { minute }),
    ...(perMinute === undefined ? {} : { perMinute: Number(perMinute) }),
  };
};

/** To set limits somebody and something is named; to look, neither. */
export const limitRequest = (agent: string | undefined, flags: Flags): ControlRequest => {
  const of = ofWhom(agent, flags);
  const limits = limitsOf(flags);
  const isSome = Object.keys(limits).length > 0;
  if (flags.none && isSome) throw usage("--none stands alone");
  if (!isSome && !flags.none) {
    if (of === undefined) return { do: "limits" };
    throw usage("name a limit: --need, --day, --minute, --per-minute, or --none");
  }
  if (of === undefined) throw usage("name an agent, --owner or --each");
  return { do: "limit", of, limits };
};

const renderLimits = (rows: readonly LimitTold[], style: TextStyle): string => {
  if (rows.length === 0) return "no limits\n";
  const cell = (most: string | undefined, counted: string | undefined): string => {
    const [left, right] = [counted, most].map((one) => (one === undefined ? one : grouped(one)));
    if (right === undefined) return "–";
    return left === undefined ? right : `${left} of ${right}`;
  };
  const columns = ["need", "day", "minute", "times a minute"];
  return `${table(
    [
      { title: "limits of", align: "left", elastic: true },
      ...columns.map((title) => ({ title, align: "right" as const })),
    ],
    rows.map(({ of, limits, counted }) => [
      { text: clean(of) },
      { text: cell(limits.need, undefined) },
      { text: cell(limits.day, counted?.day) },
      { text: cell(limits.minute, counted?.minute) },
      { text: cell(limits.perMinute?.toString(), counted?.perMinute.toString()) },
    ]),
    { width: style.width ?? WIDTH_PIPED, colors: palette(style.color) },
  ).join("\n")}\n`;
};

export const addLimits = (program: Command): void => {
  program
    .command("limits")
    .summary("show or set what may be committed: by need, day, minute")
    .argument("[agent]", "whose limits: its name or did")
    .requiredOption("--data <dir>", "data folder of the running supervisor")
    .option("--owner <org>", "those of all agents of an attested org together")
    .option("--each", "those of every agent without limits of its own", false)
    .option("--need <credits>", "most that one need may hold")
    .option("--day <credits>", "most in any 24 hours, less what came back")
    .option("--minute <credits>", "most in any 60 seconds")
    .option("--per-minute <n>", "how often in any 60 seconds")
    .option("--none", "take the limits away", false)
    .option("--json", "print one JSON object", false)
    .addHelpText(
      "after",
      "\nExample:\n  canswarm limits ada --data ./market --need 2 --day 10\n  canswarm limits --data ./market",
    )
    .action(async (agent: string | undefined, flags: Flags) => {
      const rows = await askSupervisor(flags.data, limitRequest(agent, flags));
      const text = flags.json
        ? `${JSON.stringify({ limits: rows })}\n`
        : renderLimits(rows as readonly LimitTold[], styleOf(process.stdout));
      process.stdout.write(text);
    });
};
