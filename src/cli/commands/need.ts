/** `canswarm need`: post one (need-post.ts), or show one's life, entry by entry, from a folder's log. */

import type { Command } from "commander";
import { hex, isCid } from "#envelope/cid.ts";
import { decodeEnvelope, decodeSigned } from "#envelope/envelope.ts";
import { formatCredits } from "#protocol/amount.ts";
import type { EquivocationBody, NeedBody } from "#protocol/bodies.ts";
import type { LogRecord } from "#runtime/log/record.ts";
import { clean, cutEnd, milliseconds, palette, styleOf } from "../display.ts";
import { CliError } from "../errors.ts";
import { labelled, WIDTH_PIPED, type TextStyle } from "../summary-text.ts";
import { readOffline, standingOf } from "../swarm/offline.ts";
import { addPost } from "./need-post.ts";

/** One entry of the log that concerns the need. */
export interface Step {
  /** T, milliseconds. */
  readonly atMs: number;
  readonly verb: string;
  /** Who said it; absent where the leader did. */
  readonly by?: string;
  readonly body: unknown;
}

export interface NeedShown {
  readonly need: string;
  readonly key: string;
  readonly requester: string;
  readonly capability: string;
  readonly bounty: string;
  readonly standing: string;
  readonly steps: readonly Step[];
}

const VERB_COLUMNS = 13;
const TIME_COLUMNS = 9;

/** Gathers one need's entries; the first NEED of this id or key is the one that is meant. */
class Life {
  readonly steps: Step[] = [];
  readonly #asked: string;
  need: string | undefined;

  constructor(asked: string) {
    this.#asked = asked;
  }

  add({ atMs, entries }: LogRecord): void {
    for (const entry of entries) {
      if (entry.kind === "envelope") {
        const { verb, from: by, thread, body } = decodeEnvelope(entry.signed.bytes);
        const isNeed = verb === "NEED";
        const { id } = entry.signed;
        if (isNeed && (id === this.#asked || (body as NeedBody).key === this.#asked))
          this.need ??= id;
        if (this.#isMeant(isNeed ? id : thread)) this.steps.push({ atMs, verb, by, body });
      } else if (entry.kind === "derived" && this.#isMeant(entry.thread))
        this.steps.push({ atMs, verb: entry.verb, body: entry.body });
      else if (entry.kind === "given" && entry.verb === "EQUIVOCATION") {
        const { thread, second, ...pair } = entry.body as EquivocationBody;
        const body = { ...pair, second: decodeSigned(second).id };
        if (this.#isMeant(thread)) this.steps.push({ atMs, verb: entry.verb, body });
      }
    }
  }

  #isMeant(thread: string | undefined): boolean {
    return this.need !== undefined && thread === this.need;
  }
}

/** By id, or by the key that its requester gave it (the task's id). */
export const showNeed = async (dir: string, asked: string): Promise<NeedShown> => {
  const life = new Life(asked);
  const offline = await readOffline(dir, { record: (record) => life.add(record) });
  const { names, report } = offline;
  const { need } = life;
  const story = need === undefined ? undefined : report.needs.get(need);
  if (need === undefined || story === undefined)
    throw new CliError("NEED_UNKNOWN", { need: asked });
  const named = (body: unknown): unknown => withNames(body, names);
  return {
    need,
    key: story.key,
    requester: names.get(story.requester) ?? story.requester,
    capability: story.capability,
    bounty: formatCredits(story.bounty),
    standing: standingOf(offline, need) ?? "closed",
    steps: life.steps.map(({ by, body, ...step }) => ({
      ...step,
      ...(by === undefined ? {} : { by: names.get(by) ?? by }),
      body: named(body),
    })),
  };
};

/** Names for dids, text for bytes and amounts: what JSON can say and people can read. */
const withNames = (value: unknown, names: ReadonlyMap<string, string>): unknown => {
  if (typeof value === "string") return names.get(value) ?? value;
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Uint8Array) return hex(value);
  if (Array.isArray(value)) return value.map((one) => withNames(one, names));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, withNames(one, names)]),
  );
};

/** Said above already, or nothing that a person reads. */
const UNTOLD = new Set(
  (
    "need key capability input output r s policyDigest registry approvals votes patch " +
    "deadlineMs hash salt"
  ).split(" "),
);
const AMOUNTS = new Set(["bounty", "verifyBounty", "price", "amount"]);
const CID_TAIL = 6;

const told = (key: string, value: unknown): string => {
  if (AMOUNTS.has(key)) return formatCredits(BigInt(value as string | number));
  if (typeof value === "string")
    return value.length > CID_TAIL && isCid(value) ? `…${value.slice(-CID_TAIL)}` : value;
  if (Array.isArray(value)) return value.map((one) => told("", one)).join("; ") || "none";
  return typeof value === "object" && value !== null ? summaryOf(value) : String(value);
};

const summaryOf = (body: unknown): string =>
  Object.entries(body as Record<string, unknown>)
    .filter(([key]) => !UNTOLD.has(key))
    .map(([key, value]) => {
      const nested = typeof value === "object" && value !== null;
      return nested ? `${key} (${told(key, value)})` : `${key} ${told(key, value)}`;
    })
    .join(", ");

export const renderNeed = (shown: NeedShown, style: TextStyle): string => {
  const colors = palette(style.color);
  const width = style.width ?? WIDTH_PIPED;
  const { steps } = shown;
  const firstMs = steps[0]?.atMs ?? 0;
  const by = Math.max(0, ...steps.map((step) => (step.by ?? "").length));
  const paint = shown.standing === "finalized" ? colors.good : colors.bold;
  return [
    labelled("need", shown.need),
    labelled("key", clean(shown.key)),
    labelled(
      "asked",
      `${clean(shown.capability)} by ${clean(shown.requester)}, bounty ${shown.bounty}`,
    ),
    labelled("stands", paint(shown.standing)),
    "",
    ...steps.map((step) => {
      const at = `+${milliseconds(step.atMs - firstMs)}`.padStart(TIME_COLUMNS);
      const who = clean(step.by ?? "").padEnd(by);
      const head = `${at}  ${step.verb.padEnd(VERB_COLUMNS)} ${who}  `;
      const told = cutEnd(clean(summaryOf(step.body)), Math.max(0, width - head.length));
      return `${head}${colors.dim(told)}`.trimEnd();
    }),
    "",
  ].join("\n");
};

export const addNeed = (program: Command): void => {
  const need = program.command("need").summary("post a need, look at one");
  addPost(need);
  need
    .command("show")
    .summary("show a need's life, entry by entry, from the log of a folder that nobody runs")
    .argument("<id>", "the need's id, or its key: the id of its task")
    .requiredOption("--data <dir>", "the data folder")
    .option("--json", "print one JSON object", false)
    .addHelpText("after", "\nExample:\n  canswarm need show t1 --data ./market")
    .action(async (id: string, flags: { data: string; json: boolean }) => {
      const shown = await showNeed(flags.data, id);
      process.stdout.write(
        flags.json ? `${JSON.stringify(shown)}\n` : renderNeed(shown, styleOf(process.stdout)),
      );
    });
};
