/** `canswarm need post`: a need for a running supervisor; with --wait also how it goes and ends. */

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { createRequester, type NeedRequest, type NeedResult } from "#agent/sdk/requester.ts";
import { tokenIn } from "#gateway/tokens.ts";
import { palette, styleOf } from "../display.ts";
import { CliError } from "../errors.ts";
import { parseAmount } from "../input/amount.ts";
import { apiOf, connectOptions, type ConnectFlags } from "../up/connect.ts";
import { Teller } from "../up/told-need.ts";

interface PostFlags extends ConnectFlags {
  readonly capability: string;
  readonly input: string;
  readonly bounty: string;
  readonly verifyBounty: string;
  readonly key?: string;
  readonly tier?: "small" | "medium" | "high";
  readonly kPlan?: string;
  readonly kResult?: string;
  readonly deadline?: string;
  readonly wait: boolean;
  readonly json: boolean;
}

const usage = (reason: string): CliError => new CliError("USAGE", { reason, command: "need post" });

/** JSON, or `@FILE` that holds it. */
const inputOf = (text: string): unknown => {
  try {
    return JSON.parse(text.startsWith("@") ? readFileSync(text.slice(1), "utf8") : text) as unknown;
  } catch (error) {
    throw usage(`--input takes JSON, or @FILE that holds it: ${(error as Error).message}`);
  }
};

const numberOf = (name: string, text: string): number => {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw usage(`--${name} takes a whole number from 1, not ${text}`);
};

const amountOf = (name: string, text: string): string => {
  if (parseAmount(text) !== undefined) return text;
  throw usage(`--${name} takes credits such as 2.5, not ${text}`);
};

const requestOf = (flags: PostFlags): NeedRequest => ({
  key: flags.key ?? randomUUID(),
  capability: flags.capability,
  input: inputOf(flags.input),
  bounty: amountOf("bounty", flags.bounty),
  verifyBounty: amountOf("verify-bounty", flags.verifyBounty),
  ...(flags.tier === undefined ? {} : { tier: flags.tier }),
  ...(flags.kPlan === undefined ? {} : { kPlan: numberOf("k-plan", flags.kPlan) }),
  ...(flags.kResult === undefined ? {} : { kResult: numberOf("k-result", flags.kResult) }),
  ...(flags.deadline === undefined ? {} : { deadlineMs: numberOf("deadline", flags.deadline) }),
});

const renderResult = ({ outcome, output }: NeedResult): string => {
  const colors = palette(styleOf(process.stdout).color);
  const paint = outcome === "finalized" ? colors.good : colors.bad;
  return `${paint(outcome)}${output === undefined ? "" : ` ${JSON.stringify(output)}`}\n`;
};

export const postNeed = async (flags: PostFlags): Promise<void> => {
  const request = requestOf(flags);
  const { url, token, data } = flags;
  const requester = createRequester({ url, token: token ?? tokenIn(data) ?? "" });
  const posted = await requester.post(request);
  const { need } = posted;
  if (!flags.wait) {
    process.stdout.write(
      flags.json ? `${JSON.stringify({ ...posted, key: request.key })}\n` : `${need}\n`,
    );
    return;
  }
  process.stderr.write(`${need}\n`);
  const teller = await Teller.with(apiOf(flags));
  const result = await requester.result(need, (event) => {
    const sentence = teller.tell(event);
    if (sentence !== undefined) process.stderr.write(`${sentence}\n`);
  });
  process.stdout.write(flags.json ? `${JSON.stringify(result)}\n` : renderResult(result));
  process.exitCode = result.outcome === "finalized" ? 0 : 1;
};

export const addPost = (need: Command): void => {
  const post = need
    .command("post")
    .summary("post a need to a running supervisor")
    .requiredOption("--capability <name>", "what is asked for")
    .requiredOption("--input <json>", "JSON, or @FILE that holds it")
    .requiredOption("--bounty <credits>", "price ceiling of the work")
    .option("--verify-bounty <credits>", "paid for each vote", "0.1")
    .option("--key <key>", "your name for it: again under the same key it is the same need")
    .option("--tier <tier>", "small, medium or high")
    .option("--k-plan <n>", "equal verdicts that decide a plan")
    .option("--k-result <n>", "equal verdicts that decide the result")
    .option("--deadline <ms>", "by when it must have ended")
    .option(
      "--wait",
      "tell how it goes, print the output at the end; exit code 0 if finalized",
      false,
    )
    .option("--json", "print one JSON object", false)
    .addHelpText(
      "after",
      "\nExample:\n  canswarm need post --capability double --input '{\"n\": 21}' --bounty 1 --wait",
    );
  connectOptions(post).action(postNeed);
};
