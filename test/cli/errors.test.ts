import { describe, expect, it } from "vitest";
import { CliError, ERRORS, TOLD_ELSEWHERE, inputInvalid, printError } from "#cli/errors.ts";
import { Fault } from "#ports/faults.ts";

const told = (error: unknown, options: { json?: boolean; trace?: boolean } = {}) => {
  let text = "";
  const exitCode = printError(error, {
    json: options.json ?? false,
    trace: options.trace ?? false,
    write: (part) => {
      text += part;
    },
  });
  return { text, exitCode };
};

const badLines = {
  total: 3,
  shown: [
    {
      file: "TASKS.jsonl",
      line: 2,
      code: "NOT_JSON",
      sentence: "this is no JSON",
      remedy: "mend it",
    },
  ],
} as const;

describe("an error of the command line", () => {
  it("is one sentence with its code and remedy", () => {
    expect(told(new CliError("DATA_MISSING", { path: "there" }))).toEqual({
      text:
        "DATA_MISSING there holds no swarm. " + "check the path; `canswarm run` creates a folder\n",
      exitCode: 2,
    });
  });

  it("fills the remedy's places too", () => {
    const { text } = told(new CliError("USAGE", { reason: "no such flag", command: "run" }));
    expect(text).toBe("USAGE no such flag. see `canswarm run --help`\n");
  });

  it("is one JSON object where JSON was asked", () => {
    const { text } = told(new CliError("PORT_IN_USE", { port: 80 }), { json: true });
    expect(JSON.parse(text)).toEqual({
      error: {
        code: "PORT_IN_USE",
        message: "port 80 is taken",
        remedy: ERRORS.PORT_IN_USE.remedy,
      },
    });
  });

  it("shows every bad line it holds, then their number", () => {
    const { text, exitCode } = told(inputInvalid(badLines));
    expect(text.split("\n").slice(0, 2)).toEqual([
      "TASKS.jsonl:2 NOT_JSON this is no JSON; mend it",
      "and 2 more bad lines",
    ]);
    expect(text).toContain("INPUT_INVALID 3 bad lines");
    expect(exitCode).toBe(2);
    const json = JSON.parse(told(inputInvalid(badLines), { json: true }).text);
    expect(json.error).toMatchObject({ code: "INPUT_INVALID", lines: badLines.shown, badLines: 3 });
  });

  it("passes on what a port failed at", () => {
    expect(told(new Fault("DATA_IN_USE", "another process holds the folder"))).toEqual({
      text:
        "DATA_IN_USE another process holds the folder. " +
        "stop the process that holds the folder, or name another one with --data\n",
      exitCode: 1,
    });
  });

  it("tells a mistake of ours in one line, with a trace only on demand", () => {
    const error = new TypeError("x is not a function\n    more");
    expect(told(error).text).toMatch(/^UNEXPECTED .*x is not a function\. .*\n$/);
    expect(told(error, { trace: true }).text).toContain("errors.test.ts");
    expect(told("a text").text).toContain("a text");
  });
});

describe("the catalogues", () => {
  it("give each code one meaning", () => {
    const codes = [ERRORS, ...Object.values(TOLD_ELSEWHERE)].flatMap(Object.keys);
    expect(codes.filter((code, at) => codes.indexOf(code) !== at)).toEqual([]);
  });

  it.each(Object.entries(ERRORS))(
    "%s has a sentence without a full stop, and a remedy",
    (_, spec) => {
      expect(spec.text).not.toMatch(/\.$/);
      expect(spec.remedy.length).toBeGreaterThan(10);
    },
  );
});
