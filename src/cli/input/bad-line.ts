/** What is wrong with an input file, as values: nothing is created while there is one. */

/** Bad lines that are shown; the total is always told. */
export const BAD_LINES_SHOWN_MAX = 20;

/** Code → what to do about it, where the place that found it knows nothing better. */
export const BAD_LINE_REMEDIES = {
  FILE_UNREADABLE: "check the path and its permissions",
  NOT_JSON: "mend the JSON; every line of a .jsonl file is one whole object",
  NOT_UTF8: "save the file as UTF-8",
  LINE_TOO_LONG: 'put the input into a file and name it: {"file": "path"}',
  FIELD_MISSING: "add the field",
  FIELD_UNKNOWN: "remove the field, or check its spelling",
  FIELD_INVALID: "write a value that the documentation of the field allows",
  AMOUNT_INVALID: 'write credits as a decimal string with at most 6 places, like "2.5"',
  BOUNTY_CAP: "lower the bounty or raise the tier",
  CAPABILITY_UNKNOWN: "check the spelling, or add a worker with this capability",
  DUPLICATE_ID: "give every task its own id",
  DUPLICATE_NAME: "give every agent its own name",
  TASKS_MISSING: "write one task a line, as the documentation of `canswarm run` says",
  FUNDS_SHORT: "lower the amounts, or run the file in parts in several folders",
  PROGRAM_MISSING: "install it, or name it by its path; paths are relative to AGENTS.json",
  SECRET_MISSING: "set the variable in the shell that starts canswarm, or mend the file",
  FILE_MISSING: "paths are relative to the file that names them",
  INPUT_TOO_LARGE: "split the work: an input has at most 8 MiB",
  QUORUM_UNAVAILABLE:
    "add verifiers of other orgs, or lower kPlan, kResult or the tier; nobody judges its own org",
  AGENT_INVALID: "see AGENTS.json in the documentation of `canswarm run`",
  TOO_MANY: "split the file and run it in parts",
} as const satisfies Record<string, string>;

export type BadLineCode = keyof typeof BAD_LINE_REMEDIES;

export interface BadLine {
  /** As the user named it. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly code: BadLineCode;
  readonly sentence: string;
  readonly remedy: string;
}

export type Problem = Omit<BadLine, "file" | "line">;

export const problem = (
  code: BadLineCode,
  sentence: string,
  remedy: string = BAD_LINE_REMEDIES[code],
): Problem => ({ code, sentence, remedy });

/** Collects bad lines of several files, keeps the first few and counts all. */
export class BadLines {
  readonly shown: BadLine[] = [];
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(file: string, line: number, what: Problem): void {
    this.#total += 1;
    if (this.shown.length < BAD_LINES_SHOWN_MAX) this.shown.push({ file, line, ...what });
  }
}

/** `FILE:LINE CODE sentence remedy`, one a line, and how many more there are. */
export const formatBadLines = (bad: {
  readonly shown: readonly BadLine[];
  readonly total: number;
}): string => {
  const rows = bad.shown.map(
    ({ file, line, code, sentence, remedy }) => `${file}:${line} ${code} ${sentence}; ${remedy}`,
  );
  const more = bad.total - bad.shown.length;
  return [...rows, ...(more > 0 ? [`and ${more} more bad line${more === 1 ? "" : "s"}`] : [])].join(
    "\n",
  );
};
