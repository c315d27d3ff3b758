import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { toldError } from "#cli/errors.ts";
import { limitRequest } from "#cli/commands/limits.ts";
import { askSupervisor } from "#cli/swarm/control-client.ts";
import {
  CONTROL_REQUEST_MAX,
  SOCKET_PATH_BYTES_MAX,
  socketOf,
} from "#cli/swarm/control-requests.ts";
import { openControl, type Control } from "#cli/swarm/control-server.ts";
import { GENESIS_FILE } from "#cli/swarm/folder.ts";
import type { Operator } from "#cli/swarm/operator.ts";
import type { RunningSwarm } from "#cli/swarm/running-swarm.ts";

let dir = "";
let control: Control | undefined;
const said: unknown[] = [];

const rows = [
  { did: "did:key:zA", name: "ada" },
  { did: "did:key:zB", name: "twin" },
  { did: "did:key:zC", name: "twin" },
];
const limits = [
  {
    scope: "agent did:key:zA",
    limits: { day: 5_000_000n },
    day: 1_500_000n,
    minute: 0n,
    perMinute: 0,
  },
];

/** A swarm that knows three agents and writes down what its operator says. */
const open = async (): Promise<Control> => {
  const swarm = {
    folder: { dir },
    clock: { monotonicMs: () => 7 },
    system: (name: string) => Promise.resolve(name === "agents" ? rows : limits),
  } as unknown as RunningSwarm;
  const note =
    (what: string) =>
    (...more: unknown[]): Promise<number> => {
      said.push([what, ...more]);
      return Promise.resolve(3);
    };
  const operator = {
    pause: note("pause"),
    resumeWork: note("resume"),
    limit: note("limit"),
  } as unknown as Operator;
  control = await openControl({ swarm, operator });
  return control;
};

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "canswarm-control-"));
  writeFileSync(join(dir, GENESIS_FILE), "");
  said.length = 0;
});
afterEach(async () => {
  await control?.close();
  control = undefined;
  rmSync(dir, { recursive: true, force: true });
});

/** What the supervisor answers to a line as it is. */
const raw = async (line: string): Promise<string> => {
  const socket = createConnection(socketOf(dir) ?? "");
  socket.setEncoding("utf8");
  socket.end(line);
  let text = "";
  for await (const part of socket) {
    text += String(part);
    if (text.includes("\n")) break;
  }
  socket.destroy();
  return text;
};

const codeOf = async (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    () => "",
    (error: unknown) => toldError(error).code,
  );

describe("the control socket", () => {
  it("is the owner's alone, and goes with the supervisor", async () => {
    const { path, close } = await open();
    expect(statSync(path ?? "").mode & 0o777).toBe(0o600);
    await close();
    expect(existsSync(join(dir, "control.sock"))).toBe(false);
  });

  it("pauses by name, by did, and all; shows and sets limits", async () => {
    await open();
    const paused = await askSupervisor(dir, { do: "pause", who: "ada", paused: true });
    expect(paused).toEqual({ who: "ada", paused: true, revision: 3, afterMs: 0 });
    await askSupervisor(dir, { do: "pause", who: "did:key:zB", paused: false });
    await askSupervisor(dir, { do: "pause", who: "all", paused: true });
    const of = { agent: "ada" };
    const shown = await askSupervisor(dir, { do: "limit", of, limits: { day: "5", perMinute: 2 } });
    expect(said).toEqual([
      ["pause", "did:key:zA"],
      ["resume", "did:key:zB"],
      ["pause", "all"],
      ["limit", { agent: "did:key:zA" }, { day: 5_000_000n, perMinute: 2 }],
    ]);
    const counted = { day: "1.5", minute: "0", perMinute: 0 };
    expect(shown).toEqual([{ of: "ada", limits: { day: "5" }, counted }]);
  });

  it("refuses names that nobody has, or two", async () => {
    await open();
    for (const who of ["bob", "twin"])
      expect(await codeOf(askSupervisor(dir, { do: "pause", who, paused: true }))).toBe(
        "AGENT_UNKNOWN",
      );
    expect(said).toEqual([]);
  });

  it.each([
    ["no JSON", "{"],
    ["no request", '{"do":"stop"}'],
    ["a field too many", '{"do":"limits","more":1}'],
    ["a negative number", '{"do":"limit","of":{"each":true},"limits":{"perMinute":-1}}'],
    ["no amount", '{"do":"limit","of":{"each":true},"limits":{"day":"-1"}}'],
  ])("answers %s with USAGE and goes on", async (_what, line) => {
    await open();
    expect(JSON.parse(await raw(`${line}\n`))).toMatchObject({ error: { code: "USAGE" } });
    expect(await askSupervisor(dir, { do: "limits" })).toHaveLength(1);
  });

  it("hangs up on a line without end", async () => {
    await open();
    expect(await raw("x".repeat(CONTROL_REQUEST_MAX + 1))).toBe("");
    expect(await askSupervisor(dir, { do: "limits" })).toHaveLength(1);
  });

  it("takes the place of what a killed process left", async () => {
    writeFileSync(join(dir, "control.sock"), "");
    await open();
    expect(await askSupervisor(dir, { do: "limits" })).toHaveLength(1);
  });

  it("says NO_SUPERVISOR where nobody listens, DATA_MISSING where no swarm is", async () => {
    expect(await codeOf(askSupervisor(dir, { do: "limits" }))).toBe("NO_SUPERVISOR");
    writeFileSync(join(dir, "control.sock"), "");
    expect(await codeOf(askSupervisor(dir, { do: "limits" }))).toBe("NO_SUPERVISOR");
    expect(await codeOf(askSupervisor(join(dir, "x"), { do: "limits" }))).toBe("DATA_MISSING");
  });

  it("has no place where every way to it is too long", () => {
    expect(socketOf(`/${"d".repeat(SOCKET_PATH_BYTES_MAX)}`)).toBeUndefined();
    expect(socketOf(join(process.cwd(), "d".repeat(40)))).toBe(
      join("d".repeat(40), "control.sock"),
    );
  });
});

const flags = { data: "d", json: false, each: false, none: false };

describe("canswarm limits", () => {
  it.each([
    ["nothing", undefined, flags, { do: "limits" }],
    [
      "an agent",
      "ada",
      { ...flags, day: "5" },
      { do: "limit", of: { agent: "ada" }, limits: { day: "5" } },
    ],
    [
      "an owner",
      undefined,
      { ...flags, owner: "acme", perMinute: "3" },
      { do: "limit", of: { owner: "acme" }, limits: { perMinute: 3 } },
    ],
    [
      "none any more",
      undefined,
      { ...flags, each: true, none: true },
      { do: "limit", of: { each: true }, limits: {} },
    ],
  ] as const)("asks for %s", (_what, agent, given, request) => {
    expect(limitRequest(agent, given)).toEqual(request);
  });

  it.each([
    ["an agent without a limit", "ada", flags],
    ["a limit of nobody", undefined, { ...flags, need: "1" }],
    ["two at once", "ada", { ...flags, each: true, need: "1" }],
    ["none and some", "ada", { ...flags, none: true, need: "1" }],
    ["half a time", "ada", { ...flags, perMinute: "1.5" }],
  ] as const)("refuses %s", (_what, agent, given) => {
    expect(() => limitRequest(agent, given)).toThrow(expect.objectContaining({ code: "USAGE" }));
  });
});
