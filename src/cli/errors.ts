/**
 * What the command line refuses or fails at: code, sentence, remedy, exit code. Four catalogues
 * beside this one are told through it: what a port fails at (ports/faults.ts), what is wrong with a line
 * of an input file (input/bad-line.ts), what joining fails at (agent/http/api.ts), what the HTTP gateway
 * refuses (gateway/errors.ts). docs/errors.md is generated from all of them.
 *
 * Exit codes: 1 it failed, 2 what was asked cannot be done as it was asked.
 */

import { API_ERRORS, ApiError } from "#agent/http/api.ts";
import { GATEWAY_ERRORS } from "#gateway/errors.ts";
import { FAULTS, Fault } from "#ports/faults.ts";
import { BAD_LINE_REMEDIES, type BadLine, formatBadLines } from "./input/bad-line.ts";

export interface ErrorSpec {
  /** One sentence without its full stop; `{name}` is filled in where it is thrown. */
  readonly text: string;
  readonly remedy: string;
  readonly exitCode: 1 | 2;
}

export const ERRORS = {
  NODE_TOO_OLD: {
    text: "canswarm needs Node 24 or newer and this is {version}",
    remedy: "install Node 24, or run `npm install node@24` beside canswarm",
    exitCode: 1,
  },
  SETUP_FAILED: {
    text: "the packages could not be installed: {reason}",
    remedy: "check that the package registry is reachable, then run `npm ci` yourself",
    exitCode: 1,
  },
  SERVERS_UNAVAILABLE: {
    text: "etcd or nats-server could not be fetched: {reason}",
    remedy: "put the binaries into the folder that `npm run setup:servers` names",
    exitCode: 1,
  },
  BROWSER_UNAVAILABLE: {
    text: "a browser for the test of the page could not be fetched: {reason}",
    remedy: "install the package `chromium` of your distribution",
    exitCode: 1,
  },
  USAGE: {
    text: "{reason}",
    remedy: "see `canswarm {command} --help`",
    exitCode: 2,
  },
  CHECKOUT_NEEDED: {
    text: "canswarm {command} runs in a checkout only: it needs packages that development installs",
    remedy: "clone the repository and run `npm start` in it",
    exitCode: 2,
  },
  INPUT_INVALID: {
    text: "{lines} in the input files; nothing was created",
    remedy: "mend the lines that are named, then run the same command again",
    exitCode: 2,
  },
  SANDBOX_MISSING: {
    text: "the agent {agent} may not run here: {reason}",
    remedy:
      "`canswarm doctor` says how to get the sandbox; --unsandboxed runs it with all your rights",
    exitCode: 2,
  },
  SANDBOX_ESCAPED: {
    text: "{count} of the attempts to leave the sandbox got through or proved nothing",
    remedy: "run nothing untrusted on this machine; the table says which tier let what through",
    exitCode: 1,
  },
  SANDBOX_UNAVAILABLE: {
    text: "bubblewrap could not be brought: {reason}",
    remedy: "install the package `bubblewrap` of your distribution",
    exitCode: 1,
  },
  TASK_CHANGED: {
    text: "task {id} was posted to this folder with another content",
    remedy: "give the changed task a new id, or name a new folder with --data",
    exitCode: 2,
  },
  CLUSTER_UNANSWERED: {
    text: "nobody of the cluster answered for bucket {bucket} within {seconds} s",
    remedy: "`canswarm cluster status` shows who leads it; start a supervisor where nobody does",
    exitCode: 1,
  },
  CLUSTER_VERSION: {
    text: "{member} of this cluster runs {theirs} and this is {ours}: {what}",
    remedy: "run versions beside each other only as the release notes of the newer one say",
    exitCode: 1,
  },
  CLUSTER_FOREIGN: {
    text: "{path} holds another swarm than the cluster {cluster}",
    remedy: "name a new folder with --data, or the cluster's own name in the configuration",
    exitCode: 2,
  },
  CLUSTER_LOST: {
    text: "etcd has nothing of the cluster {cluster}, whose logs are in {where}: its data is not there",
    remedy:
      "check etcd's addresses; if it has lost everything: canswarm cluster restore; a new cluster takes a new name",
    exitCode: 1,
  },
  CLUSTER_NOT_EMPTY: {
    text: "the cluster {cluster} has logs in etcd already; nothing was restored",
    remedy:
      "restore into an etcd that holds nothing of it: with every supervisor stopped, `etcdctl del --prefix /canswarm/{swarm}/`",
    exitCode: 2,
  },
  BACKUP_MISSING: {
    text: "{path} holds no finished backup of the cluster {cluster}",
    remedy: "name a folder that `canswarm cluster backup` has ended well with",
    exitCode: 2,
  },
  BACKUP_INVALID: {
    text: "the backup's file {path} cannot be used: {reason}",
    remedy:
      "restore from another copy of the folder; where the cluster still runs, take it anew with `canswarm cluster backup`",
    exitCode: 2,
  },
  SUPERVISOR_MISSING: {
    text: "no supervisor called {name} is there",
    remedy: "`canswarm cluster status` lists those that are: {names}",
    exitCode: 2,
  },
  CLUSTER_UNMOVED: {
    text: "after {seconds} s {count} of the buckets are not led by {name} yet",
    remedy:
      "`canswarm cluster status --buckets` shows them; they go when {name} can read their logs",
    exitCode: 1,
  },
  CLUSTER_UNFOUNDED: {
    text: "the cluster {cluster} has no genesis yet",
    remedy: "start a supervisor that leads buckets (`hosts` above 0) first: it founds the swarm",
    exitCode: 2,
  },
  DATA_MISSING: {
    text: "{path} holds no swarm",
    remedy: "check the path; `canswarm run` creates a folder",
    exitCode: 2,
  },
  DATA_UNUSABLE: {
    text: "{path} cannot be a data folder: {reason}",
    remedy: "name a new or empty folder, or one that holds a swarm, with --data",
    exitCode: 2,
  },
  CONFIG_INVALID: {
    text: "the configuration {path} is not valid: {reason}",
    remedy: "mend the named field; docs/operating/configuration.md describes each",
    exitCode: 2,
  },
  CONFIG_UNKNOWN_ACTOR: {
    text: "the configuration {path} names the actor {actor}, which does not exist",
    remedy: "use one of the kinds that `canswarm machines` lists",
    exitCode: 2,
  },
  FAULT_REFUSED: {
    text: "a fault may not be caused in {path}: {reason}",
    remedy: "name a new or empty folder with --data; it is marked as made for faults",
    exitCode: 2,
  },
  AUDIT_INVALID: {
    text: "the audit file {path} does not verify: {reason}",
    remedy: "take it again with `canswarm audit`; if it stays, do not trust this copy",
    exitCode: 1,
  },
  REPLAY_DIVERGED: {
    text: "replay of bucket {bucket} differs at position {position}: {reason}",
    remedy: "keep the folder as it is and report it: the same log must give the same bytes",
    exitCode: 1,
  },
  LOG_MISSING: {
    text: "the log of bucket {bucket} is not whole: {reason}",
    remedy: "restore the folder from a copy, or start a supervisor that holds the chain",
    exitCode: 1,
  },
  KEY_MISSING: {
    text: "{path} does not hold the operator's key of its genesis, so its heads cannot be signed",
    remedy: "restore the folder's keys from a copy",
    exitCode: 1,
  },
  NEED_UNKNOWN: {
    text: "no need {need} is known here",
    remedy: "check the id and the folder; `canswarm status` lists the needs",
    exitCode: 2,
  },
  NO_SUPERVISOR: {
    text: "no supervisor runs on {path}, or none that answers",
    remedy: "start one there, or name the folder of the one that runs",
    exitCode: 1,
  },
  AGENT_UNKNOWN: {
    text: "{found} is registered here as {agent}",
    remedy: "name an agent by the name or the did that `canswarm status` lists",
    exitCode: 2,
  },
  REFUSED: {
    text: "the swarm refused: {code} {detail}",
    remedy: "docs/protocol/refusals.md says what to do about {code}",
    exitCode: 1,
  },
  SUPERVISOR_HALTED: {
    text: "the supervisor gave up: {reason}",
    remedy:
      "see the restarts that were told before it; the same command on the same folder goes on",
    exitCode: 1,
  },
  PORT_IN_USE: {
    text: "port {port} is taken",
    remedy: "name another one with --port; 0 takes any that is free",
    exitCode: 1,
  },
  ADDRESS_UNUSABLE: {
    text: "nobody can listen at {address} here ({reason})",
    remedy: "name an address of this machine with --host, and a port from 1024 with --port",
    exitCode: 1,
  },
  OUTPUT_FAILED: {
    text: "what was to be printed could not be written: {reason}",
    remedy: "make room where the output goes; the work itself was done or goes on in its folder",
    exitCode: 1,
  },
  UNEXPECTED: {
    text: "a mistake of canswarm itself: {reason}",
    remedy: "report it with the trace that CANSWARM_TRACE=1 prints",
    exitCode: 1,
  },
} as const satisfies Record<string, ErrorSpec>;

export type ErrorCode = keyof typeof ERRORS;

type Places<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Places<Rest>
  : never;

/** The values that a code's sentence and remedy have places for. */
export type ErrorValues<Code extends ErrorCode> = Readonly<
  Record<Places<(typeof ERRORS)[Code]["text"] | (typeof ERRORS)[Code]["remedy"]>, string | number>
>;

const fill = (text: string, values: Readonly<Record<string, string | number>>): string =>
  text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]));

export interface BadLinesTold {
  readonly shown: readonly BadLine[];
  readonly total: number;
}

/** Thrown by a command that cannot do what it was asked; `printError` tells it. */
export class CliError<Code extends ErrorCode = ErrorCode> extends Error {
  readonly code: Code;
  readonly remedy: string;
  readonly exitCode: 1 | 2;
  /** With INPUT_INVALID: the lines, each with its own code and remedy. */
  readonly lines: BadLinesTold | undefined;

  constructor(
    code: Code,
    values: ErrorValues<Code>,
    options: { readonly cause?: unknown; readonly lines?: BadLinesTold } = {},
  ) {
    const spec: ErrorSpec = ERRORS[code];
    super(fill(spec.text, values), options.cause === undefined ? {} : { cause: options.cause });
    this.name = "CliError";
    this.code = code;
    // A place may stay empty: `canswarm --help` where no command was named.
    this.remedy = fill(spec.remedy, values).replace(/ {2,}/g, " ");
    this.exitCode = spec.exitCode;
    this.lines = options.lines;
  }
}

/** What another process has refused, told again as it told it. */
export class ToldByOther extends Error {
  readonly told: ToldError;

  constructor(told: ToldError) {
    super(told.message);
    this.name = "ToldByOther";
    this.told = told;
  }
}

export const inputInvalid = (lines: BadLinesTold): CliError =>
  new CliError(
    "INPUT_INVALID",
    { lines: lines.total === 1 ? "1 bad line" : `${lines.total} bad lines` },
    { lines },
  );

export interface ToldError {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly exitCode: number;
  readonly lines?: BadLinesTold;
}

/** Anything that was thrown, as something that can be told to a person or a program. */
export const toldError = (error: unknown): ToldError => {
  if (error instanceof CliError) {
    const { code, message, remedy, exitCode, lines } = error;
    return { code, message, remedy, exitCode, ...(lines === undefined ? {} : { lines }) };
  }
  if (error instanceof ApiError) {
    const { code, message, remedy } = error;
    return { code, message, remedy, exitCode: 1 };
  }
  if (error instanceof ToldByOther) return error.told;
  if (error instanceof Fault) {
    return { code: error.code, message: error.sentence, remedy: error.remedy, exitCode: 1 };
  }
  const reason = error instanceof Error ? error.message : String(error);
  return toldError(new CliError("UNEXPECTED", { reason: reason.split("\n")[0] ?? "" }));
};

const remediesOf = (
  catalogue: Readonly<Record<string, { readonly remedy: string }>>,
): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(catalogue).map(([code, { remedy }]) => [code, remedy]));

const asText = ({ code, message, remedy, lines }: ToldError): string =>
  `${lines === undefined ? "" : `${formatBadLines(lines)}\n`}${code} ${message}. ${remedy}\n`;

const asJson = ({ code, message, remedy, lines }: ToldError): string => {
  const told = lines === undefined ? {} : { lines: lines.shown, badLines: lines.total };
  return `${JSON.stringify({ error: { code, message, remedy, ...told } })}\n`;
};

/**
 * Writes one sentence with its code and remedy to standard error (one JSON object with `json`) and
 * returns the exit code. `trace` adds the stack of an UNEXPECTED one.
 */
export const printError = (
  error: unknown,
  options: {
    readonly json: boolean;
    readonly trace?: boolean;
    readonly write?: (text: string) => void;
  },
): number => {
  const told = toldError(error);
  const write = options.write ?? ((text: string) => void process.stderr.write(text));
  write(options.json ? asJson(told) : asText(told));
  if (options.trace === true && told.code === "UNEXPECTED" && error instanceof Error) {
    write(`${error.stack ?? ""}\n`);
  }
  return told.exitCode;
};

/** The other catalogues, by code, for the page and for the check that no code means two things. */
export const TOLD_ELSEWHERE: Readonly<
  Record<"ports" | "lines" | "joining" | "gateway", Readonly<Record<string, string>>>
> = {
  ports: FAULTS,
  lines: BAD_LINE_REMEDIES,
  joining: remediesOf(API_ERRORS),
  gateway: remediesOf(GATEWAY_ERRORS),
};
