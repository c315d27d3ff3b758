/**
 * `canswarm challenge` and `canswarm rule`: contest a result, and decide the contest. Both open a folder
 * that no supervisor has. Until committees judge challenges, the operator's ruling is the decision (P3).
 */

import type { Command } from "commander";
import { signerFromSeed } from "#envelope/keys.ts";
import { bucketOf, isCid } from "#envelope/cid.ts";
import type { ChallengeStatus, NeedStatus } from "#actors/queries.ts";
import { parseCredits } from "#protocol/amount.ts";
import type { ProofType, RuleBody } from "#protocol/bodies.ts";
import { CliError } from "../errors.ts";
import { loadSettings } from "../settings.ts";
import { clientFor, demand } from "../swarm/voice.ts";
import { EmbeddedSwarm } from "../swarm/embedded.ts";
import { openFolder, writePid } from "../swarm/folder.ts";

interface Opened {
  readonly data: string;
  readonly config?: string;
}

/** How often the need is looked at, and how long at most, after a word was said. */
const LOOK_MS = 20;
const LOOKS_MAX = 500;

export const withFolder = async <T>(
  { data, config }: Opened,
  use: (swarm: EmbeddedSwarm) => Promise<T>,
): Promise<T> => {
  const folder = openFolder(data, undefined);
  const swarm = await EmbeddedSwarm.open({
    folder,
    settings: await loadSettings(config),
    onNews: () => undefined,
    onHalt: (reason) => {
      throw new Error(reason);
    },
  });
  const removePid = writePid(data);
  try {
    return await use(swarm);
  } finally {
    removePid();
    await swarm.close(true);
  }
};

const statusOf = async (swarm: EmbeddedSwarm, need: string): Promise<NeedStatus> => {
  const status = isCid(need)
    ? await swarm.query<NeedStatus>(bucketOf(need), "need", need)
    : undefined;
  if (status === undefined) throw new CliError("NEED_UNKNOWN", { need });
  return status;
};

const challengesOf = async (
  swarm: EmbeddedSwarm,
  need: string,
): Promise<readonly ChallengeStatus[]> =>
  (await swarm.query<readonly ChallengeStatus[]>(bucketOf(need), "challenges", need)) ?? [];

const until = async <T>(
  swarm: EmbeddedSwarm,
  look: () => Promise<T | undefined>,
): Promise<T | undefined> => {
  for (let i = 0; i < LOOKS_MAX; i += 1) {
    const seen = await look();
    if (seen !== undefined) return seen;
    await new Promise<void>((resolve) => void swarm.clock.after(LOOK_MS, resolve));
  }
  return undefined;
};

export interface ChallengeFlags extends Opened {
  readonly as: string;
  readonly bond: string;
  readonly proof: ProofType;
  readonly evidence: string;
}

/** Answers the challenge's id once its bond is held. */
export const challengeNeed = (need: string, flags: ChallengeFlags): Promise<string> =>
  withFolder(flags, async (swarm) => {
    const status = await statusOf(swarm, need);
    const bond = parseCredits(flags.bond);
    if (bond === undefined)
      throw new CliError("USAGE", { reason: `${flags.bond} is no amount`, command: "challenge" });
    if (status.commit === undefined)
      throw new CliError("REFUSED", { code: "WRONG_STATE", detail: `the need is ${status.stage}` });
    const signer = signerFromSeed(swarm.folder.keys.seed(flags.as));
    const client = clientFor(swarm, swarm.link(), signer, () => undefined);
    client.resume(
      need,
      (await swarm.query<number>(bucketOf(need), "nonce", [signer.did, need])) ?? 0,
    );
    const { commit, attempt } = status.commit;
    const receipt = await client.say("CHALLENGE", need, {
      need,
      attempt,
      target: { commit },
      proof: flags.proof,
      evidence: flags.evidence,
      bond,
    });
    client.close();
    demand(receipt);
    return receipt.envelope;
  });

export interface RuleFlags extends Opened {
  readonly upheld: boolean;
  readonly reason: string;
}

/** Answers the need's state once the bond has been resolved. */
export const ruleChallenge = (
  need: string,
  challenge: string,
  flags: RuleFlags,
): Promise<NeedStatus> =>
  withFolder(flags, async (swarm) => {
    await statusOf(swarm, need);
    const open = await challengesOf(swarm, need);
    if (!open.some((one) => one.challenge === challenge))
      throw new CliError("REFUSED", {
        code: "WRONG_STATE",
        detail: `${challenge} is no open challenge of this need`,
      });
    const body: RuleBody = {
      need,
      attempt: open.find((one) => one.challenge === challenge)?.attempt ?? 1,
      challenge,
      upheld: flags.upheld,
      by: swarm.folder.operator.did,
      reason: flags.reason,
    };
    await swarm.give(bucketOf(need), "RULE", body);
    await until(swarm, async () => {
      const left = await challengesOf(swarm, need);
      return left.some((one) => one.challenge === challenge) ? undefined : true;
    });
    return statusOf(swarm, need);
  });

const PROOFS: readonly ProofType[] = [
  "schema_violation",
  "missing_citation",
  "semantic_contradiction",
  "policy_breach",
  "output_mismatch",
];

export const addContest = (program: Command): void => {
  program
    .command("challenge")
    .summary("contest the result of a need with a bond")
    .argument("<need>", "id of a need inside its challenge window")
    .requiredOption("--data <dir>", "data folder; no supervisor may have it open")
    .requiredOption("--as <name>", "agent of this folder that challenges and pays the bond")
    .requiredOption("--bond <credits>", "at least the tier's share of the bounty")
    .requiredOption("--evidence <cid>", "CID of the evidence")
    .option("--proof <type>", PROOFS.join(", "), "output_mismatch")
    .option("--config <file>", "another supervisor.config.ts")
    .addHelpText(
      "after",
      "\nExample:\n  canswarm challenge NEED --data ./market --as ada --bond 1 --evidence CID",
    )
    .action(async (need: string, flags: ChallengeFlags) => {
      if (!PROOFS.includes(flags.proof))
        throw new CliError("USAGE", {
          reason: `--proof takes ${PROOFS.join(", ")}`,
          command: "challenge",
        });
      const id = await challengeNeed(need, flags);
      process.stdout.write(`${id}\n`);
    });
  program
    .command("rule")
    .summary("decide an open challenge as the operator")
    .argument("<need>", "id of the need")
    .argument("<challenge>", "id that `canswarm challenge` printed")
    .requiredOption("--data <dir>", "data folder; no supervisor may have it open")
    .option("--upheld", "the challenge is right: the attempt is invalidated", false)
    .option("--rejected", "the challenge is wrong: its bond is lost", false)
    .option("--reason <text>", "why, for the log", "ruled by the operator")
    .option("--config <file>", "another supervisor.config.ts")
    .addHelpText("after", "\nExample:\n  canswarm rule NEED CHALLENGE --data ./market --upheld")
    .action(
      async (
        need: string,
        challenge: string,
        flags: RuleFlags & { readonly rejected: boolean },
      ) => {
        if (flags.upheld === flags.rejected)
          throw new CliError("USAGE", {
            reason: "say either --upheld or --rejected",
            command: "rule",
          });
        const { stage } = await ruleChallenge(need, challenge, flags);
        process.stdout.write(`${flags.upheld ? "upheld" : "rejected"}; the need is ${stage}\n`);
      },
    );
};
